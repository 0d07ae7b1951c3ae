"""Makes derbyshire.md and its figures from the synthetic cohort of the same name; no number in them is typed by hand.

    python docs/examples/make_derbyshire.py

Runs the stages that the page needs (synthetic extract, ingest, episodes, outcomes, two analyses, disclosure control) in a
folder of its own and words the page from what was released, with the sentences, tables and figures of the report.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from naturalistic import files
from naturalistic.cli import stages
from naturalistic.cli.plan import Plan
from naturalistic.cohort.synthetic import PRESETS, Simulation, simulate
from naturalistic.cohort.synthetic.census import people_in_therapy_and_waiting
from naturalistic.reference.loader import load_sources
from naturalistic.release.evidence import run_record
from naturalistic.report.blocks import Block, Figure, Table, Text
from naturalistic.report.released import Released, is_ok
from naturalistic.report.sections.access import access
from naturalistic.report.sections.closing import closing
from naturalistic.report.wording import brief_interval, number, percent

HERE = Path(__file__).resolve().parent
COHORT = "synthetic_derbyshire"
ANALYSES = ("decommissioning", "access_and_waits")
DAYS_A_MONTH = 365.25 / 12
WAYS = {
    "planned_ending": "ended as planned",
    "unplanned_ending": "dropped out",
    "other_ending": "ended otherwise",
    "cut_short": "still in therapy",
}
PRESET = PRESETS["derbyshire"]


@dataclass(frozen=True)
class Made:
    """What the page is worded from: the released figures, and the cohort they were made from."""

    released: Released
    simulation: Simulation


def make() -> Made:
    """Run the stages in a folder of their own."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        shutil.copytree(HERE.parents[1] / "config", "config")
        stage = stages.Stage(Plan(Path("config/config.yaml")), COHORT)
        steps = ("synthesise", "ingest", "score", "episodes", "outcomes")
        for step in steps:
            getattr(stages, step)(stage)
        for name in ANALYSES:
            stages.analyse(stage, name)
        stages.disclose(stage, ANALYSES)
        record = run_record(
            cohort=COHORT,
            title=stage.mapping.title,
            service=stage.mapping.service,
            contact=stage.mapping.contact,
            synthetic=True,
            published=None,
            profile=stage.plan.profile(COHORT),
            settings=stage.settings.model_dump(mode="json"),
            provenance=files.read_json(stage.paths.provenance),
        )
        paths = stage.paths
        released = Released(
            {n: files.read_released_estimates(paths.released_estimates(n)) for n in ANALYSES},
            {n: files.read_plain_csv(paths.disclosure_log(n)) for n in ANALYSES},
            record,
            stage.instruments(),
        )
        how = stage.mapping.synthetic
        assert how is not None
        return Made(released, simulate(PRESET, how.seed))


def page(made: Made) -> tuple[str, dict[str, str]]:
    """The page, and its figures by file name."""
    section, waits = closing(made.released, None), access(made.released, None)
    if section is None or waits is None:
        raise ValueError("the analyses of the page gave nothing")
    waiting = waits.blocks[0]
    first_table = next(i for i, block in enumerate(section.blocks) if isinstance(block, Table))
    drawn = [b for b in (*section.blocks, waiting) if isinstance(b, Figure)]
    parts = [
        _head(),
        "## What is put in",
        *_inputs(made),
        "## The page",
        "What stands below is worded by the rules of the report from the released figures; counts are rounded by disclosure "
        "control, as they would be for real people.",
        "### How many people, and what would become of their therapy",
        *_list(section.findings),
        *(text for block in section.blocks[:first_table] for text in _block(block)),
        "### Who waits, and how long",
        *_list([text for text in waits.findings if "wait" in text or "126 days (" in text]),
        *_block(waiting),
        "### Where they would go, and what it would take",
        *(text for block in section.blocks[first_table:] for text in _block(block)),
        "## What became of them",
        *_afterwards(made),
        _foot(),
    ]
    return "\n\n".join(parts) + "\n", {f"derbyshire_{b.name}.svg": b.svg for b in drawn}


def _head() -> str:
    return (
        "# A worked example: notice to close a psychotherapy service\n\n"
        "> **SYNTHETIC.** Nobody on this page exists. The service is drawn from a model (`../synthetic.md`) and has the "
        "size that the Derbyshire consultation of 2018 states; these are not its patients, and nothing here says what would "
        "have happened to them.\n\n"
        "In 2018 a consultation proposed to stop commissioning a psychotherapy service. It gave the number of people in "
        "therapy and their average length of therapy, and expected the vast majority to finish within the time planned. It "
        "did not give that share by month and with its interval, for how many a closing date would come before the end of "
        "their therapy, who waits, or how many would still be referred. This page shows what such figures look like for "
        "a service of that size.\n\n"
        "*Made by `python docs/examples/make_derbyshire.py`. The whole report of the same cohort: "
        "`python3 go.py run synthetic_derbyshire`.*"
    )


def _inputs(made: Made) -> Iterator[str]:
    """What the consultation states beside what the synthetic service has."""
    courses, cut = made.simulation.courses, made.simulation.data_cut
    here, waiting = people_in_therapy_and_waiting(courses, made.simulation.contacts, cut)
    formats, months = courses["format"][here], _months_of_ended(made.simulation)
    rows = [
        ("People on the books", "136", here.sum() + waiting.sum()),
        ("In active treatment", "120", here.sum()),
        ("of these individually", "83", (formats == "individual").sum()),
        ("of these in groups", "37", (formats == "group").sum()),
        ("Average length of therapy", "15 months", f"{number(months.mean(), 1)} months"),
        ("Therapies of more than a year", "over half", percent((months > 12).mean())),
    ]
    yield from _table(
        ("", "Stated in 2018 (input)", "In the synthetic service"),
        [(name, stated, str(here)) for name, stated, here in rows],
    )
    yield (
        f"Source of the inputs: {load_sources()['derbyshire_2018']}. The first four are met exactly on the day of notice, "
        f"{PRESET.pathway.data_cut:%-d %B %Y}; the last two are of courses begun at least four years before it. "
        "That the 16 others on the books wait for a first session is our reading (assumption A51). Everything else is "
        "invented: problems, questionnaires, waits, attendance, the ways of ending and the years before."
    )


def _months_of_ended(made: Simulation) -> pd.Series:
    """Months from the first session to the closing of the courses that began early enough to have ended."""
    seen = made.contacts["seen"] & (made.contacts["contact_type"] == "treatment")
    start = made.contacts[seen].groupby("course")["day"].min()
    early = start[start < made.data_cut - 4 * 365]
    return (made.courses.loc[early.index, "closed"] - early) / DAYS_A_MONTH


def _afterwards(made: Made) -> Iterator[str]:
    """The forecast beside what the same synthetic courses did, had the service gone on for them."""
    yield (
        "A real forecast is checked by waiting. These courses were drawn to their end, so it can be seen at once: the "
        "forecast with its band, and after it the share of the 120 that the model came to, with no notice in it. "
        "Over many such cohorts: `../../benchmarks/run_off_calibration.md`."
    )
    courses, cut = made.simulation.courses, made.simulation.data_cut
    here, _ = people_in_therapy_and_waiting(courses, made.simulation.contacts, cut)
    closed, cause = courses.loc[here, "closed"], courses.loc[here, "cause"]
    way = cause.where(cause.isin(["planned_ending", "unplanned_ending"]), "other_ending")
    rows = made.released.rows("decommissioning", estimand="expected_share", term="cut_short")
    lines = []
    for months in sorted(float(time) for time in rows["time"]):
        gone = closed <= cut + months * DAYS_A_MONTH
        cells = []
        for term in WAYS:
            row = made.released.one(
                "decommissioning", estimand="expected_share", term=term, time=months
            )
            happened = ~gone if term == "cut_short" else gone & (way == term)
            told = brief_interval(row) if is_ok(row) else "withheld"
            cells.append(f"{told}; {percent(happened.mean())}")
        lines.append((number(months, 0), *cells))
    header = ("Months", *(f"{words}: forecast; then" for words in WAYS.values()))
    yield from _table(header, lines)


def _foot() -> str:
    return (
        "## What this page cannot say\n\n"
        "- What a notice to close itself changes. The forecast supposes that therapies go on as before.\n"
        "- Whether therapy helps more than another, or more than none: there is no group to compare with.\n"
        "- What a place elsewhere would be: whether there is one, how long its wait is, whether the person would take it.\n"
        "- What it costs: no unit cost is stated, and none is shipped.\n"
        "- Anything about the people of the real service."
    )


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Text):
        yield from (
            _list(block.paragraphs)
            if block.kind == "list"
            else [f"*{p}*" if block.kind == "note" else p for p in block.paragraphs]
        )
    elif isinstance(block, Table):
        yield f"**{block.caption}**"
        yield from _table(block.header, block.rows)
        if block.note:
            yield block.note
    elif isinstance(block, Figure):
        yield f"![{block.alternative}](derbyshire_{block.name}.svg)"
        yield f"*SYNTHETIC. {block.caption}*"
        yield from _block(block.data)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [header, ["---"] * len(header), *rows]
    return ["\n".join("| " + " | ".join(each) + " |" for each in lines)]


def _list(texts: Sequence[str]) -> list[str]:
    return ["\n".join(f"- {text}" for text in texts)]


def main() -> None:
    """Write the page and its figures beside this file."""
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    text, figures = page(make())
    (HERE / "derbyshire.md").write_text(text, encoding="utf-8")
    for name, drawing in figures.items():
        (HERE / name).write_text(drawing, encoding="utf-8")
    print("Wrote derbyshire.md, " + ", ".join(figures))


if __name__ == "__main__":
    main()
