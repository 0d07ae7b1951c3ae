// Opens each page offline in headless Chromium; prints what axe-core finds, the width the page needs at 320 px, where
// the Tab key stops, what is left on paper, errors of the page and every request that leaves it.
// usage: node browser_check.js CHROMIUM PAGE...   (playwright-core and axe-core on NODE_PATH)
const fs = require('fs');
const { chromium } = require('playwright-core');

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
// what the cards that rows become on a narrow screen could break
const NARROW = ['aria-required-children', 'aria-required-parent', 'aria-allowed-role', 'scrollable-region-focusable', 'target-size'];
const STOPS = 12; // of the Tab key, from the top of the page
const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const visible = selector => [...document.querySelectorAll(selector)].filter(e => e.getClientRects().length > 0).length;

async function keyboard(page) {
  const stops = [];
  for (let i = 0; i < STOPS; i += 1) {
    await page.keyboard.press('Tab');
    const stop = await page.evaluate(() => {
      const e = document.activeElement;
      if (!e || e === document.body) return null;
      const style = getComputedStyle(e);
      return {
        name: (e.getAttribute('aria-label') || e.textContent || '').trim().slice(0, 60),
        outlined: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0,
      };
    });
    if (stop === null) break;
    stops.push(stop);
  }
  return stops;
}

async function check(context, path) {
  const page = await context.newPage();
  const requests = [];
  const errors = [];
  page.on('request', r => { if (!/^(file|data|blob):/.test(r.url())) requests.push(r.url()); });
  page.on('pageerror', e => errors.push(String(e)));
  await page.goto('file://' + path);
  const stops = await keyboard(page);
  const banners = await page.evaluate(visible, '.banner');
  await page.emulateMedia({ media: 'print' });
  const print = { banners: await page.evaluate(visible, '.banner'), contents: await page.evaluate(visible, '.contents') };
  await page.emulateMedia({ media: 'screen' });
  // what is folded away is read too
  await page.evaluate(() => document.querySelectorAll('details').forEach(d => { d.open = true; }));
  await page.evaluate(axe);
  const found = await page.evaluate(rules => axe.run(document, { runOnly: rules }), RULES);
  const violations = found.violations.map(v => ({ id: v.id, help: v.help, where: v.nodes.map(n => n.html.slice(0, 160)) }));
  await page.setViewportSize({ width: 320, height: 900 });
  const narrow = await page.evaluate(() => {
    const root = document.documentElement;
    const sideways = [...document.querySelectorAll('table.stacks')].filter(t => t.parentElement.scrollWidth > t.parentElement.clientWidth);
    const cells = [...document.querySelectorAll('table.stacks tbody td')];
    return {
      visible: root.clientWidth,
      needed: root.scrollWidth,
      sideways: sideways.map(t => t.caption.textContent),
      stacked: cells.filter(c => getComputedStyle(c).display === 'block').length,
      cells: cells.filter(c => c.textContent).length,
    };
  });
  const again = await page.evaluate(rules => axe.run(document, { runOnly: rules }), NARROW);
  narrow.violations = again.violations.map(v => ({ id: v.id, help: v.help, where: v.nodes.map(n => n.html.slice(0, 160)) }));
  await page.close();
  return { violations, passes: found.passes.length, narrow, stops, banners, print, requests, errors };
}

(async () => {
  const [executablePath, ...pages] = process.argv.slice(2);
  const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'];
  const browser = await chromium.launch({ executablePath, headless: true, args });
  const context = await browser.newContext({ offline: true, viewport: { width: 1280, height: 900 } });
  const results = [];
  for (const path of pages) results.push(await check(context, path));
  await browser.close();
  console.log(JSON.stringify(results));
})();
