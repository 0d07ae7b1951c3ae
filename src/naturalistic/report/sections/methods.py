"""Methods in words a researcher can cite, the settings of the run, and how far the reference facts are checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from naturalistic.reference.published_models import PublishedStudy
from naturalistic.report.blocks import Block, Heading, Section, Table, Text
from naturalistic.report.released import Released
from naturalistic.report.thresholds import thresholds
from naturalistic.report.wording import absence_label, capital, long_date, plain, population_label
from naturalistic.vocabulary import CLOCKS, DROPOUT_DEFINITIONS, ESTIMANDS

STATUS = {
    "verified": "read at the source",
    "secondary": "second-hand",
    "unverified": "not verified",
}
SOURCES = (
    "Aalen OO, Johansen S (1978). An empirical transition matrix for non-homogeneous Markov chains based on censored "
    "observations. Scandinavian Journal of Statistics 5: 141-150.",
    "Austin PC (2009). Balance diagnostics for comparing the distribution of baseline covariates. Statistics in "
    "Medicine 28: 3083-3107.",
    "Bonett DG (2008). Confidence intervals for standardized linear contrasts of means. Psychological Methods 13: "
    "99-109.",
    "Cox DR (1972). Regression models and life-tables. Journal of the Royal Statistical Society B 34: 187-220.",
    "Jacobson NS, Truax P (1991). Clinical significance: a statistical approach to defining meaningful change in "
    "psychotherapy research. Journal of Consulting and Clinical Psychology 59: 12-19.",
    "Wilson EB (1927). Probable inference, the law of succession, and statistical inference. Journal of the American "
    "Statistical Association 22: 209-212.",
    "Yang D, Dalton JE (2012). A unified approach to measuring the effect size between two groups. SAS Global Forum, "
    "paper 335.",
)


def methods(released: Released, _: PublishedStudy | None) -> Section:
    """Definitions, estimators, settings, reference facts, software."""
    blocks: tuple[Block, ...] = (
        Text(tuple(_paragraphs(released))),
        *_plan(released),
        Heading("Sources of the methods"),
        Text(SOURCES, "list"),
        Heading("Settings and facts used"),
        _settings(released),
        _facts(released),
        *_estimators(released),
    )
    finding = "Design: observational, before and after, one group, routine records."
    return Section("methods", "Methods", (finding,), blocks)


def _paragraphs(released: Released) -> Iterator[str]:
    settings, primary = released.settings, released.primary
    first, last = settings["form_windows"]["first_days"]
    which = {
        "first": "the first referral of each person",
        "last": "the last referral of each person",
        "all": "every referral",
    }[settings["episodes"]]
    end = {
        "end_form": "the form completed at the end of therapy",
        "last_available": "the last usable form of the course of therapy",
    }[settings["form_windows"]["last"]]
    limits = thresholds(released)
    yield (
        f"People and forms. A course of therapy is a referral with at least one attended treatment session; {which} "
        f"counts. The first form is one completed between {-first} days before and {last} days after the first treatment "
        f"session, or marked as completed before therapy; the last form is {end}. Everyone who started is the "
        "denominator unless another is named."
    )
    yield (
        f"Change. Primary measure: {released.measure_name()}; primary figure: "
        f"{ESTIMANDS[primary['estimand']].label.lower()}; primary population: "
        f"{population_label(primary['population'], lower_is_better=released.lower_is_better).lower()}. Mean change has a "
        "paired t interval. The standardised mean change divides it by the standard deviation of the first scores, with "
        "Hedges' correction and an interval that allows the two standard deviations to differ (Bonett 2008); d_z "
        "divides it by the standard deviation of the changes, with a noncentral t interval. Reliable and clinically "
        f"significant change follows Jacobson and Truax (1991): reliable change: {limits.reliable_words}; "
        f"{limits.cut_off_words}. Shares have Wilson intervals (Wilson 1927)."
    )
    yield (
        "Comparisons of groups. Standardised differences of means, and over all levels of a characteristic together "
        "(Yang and Dalton 2012); below 0.1 groups are usually called balanced (Austin 2009)."
    )
    yield (
        "Models of the score. A linear mixed model of the score on time (first or last form), the characteristics and "
        "their interaction with time, for everyone who started and has a form, by restricted maximum likelihood, with "
        "effects of patients, residual variances of their own for the first and the last form, and effects of "
        "therapists where they are recorded. Levels with fewer than ten people share one coefficient, missing levels "
        "have their own, and missing numbers take the mean."
    )
    yield (
        "Attendance. Absence is the share of sessions, a ratio of totals with people as the sampled units; primary "
        f"definition: {absence_label(primary['absence_definition'])}. Odds ratios come from a binomial mixed model of "
        "sessions missed out of sessions offered with effects of therapists."
    )
    yield (
        "Dropout. Primary definition: "
        f"{DROPOUT_DEFINITIONS[primary['dropout_definition']].label}. Cumulative incidence of dropping out, of a planned "
        "ending and of other endings as competing events (Aalen and Johansen 1978), on the clock of "
        f"{CLOCKS[primary['clock']].label}, where an ending counts at the last attended session plus one, and in weeks. "
        "Hazard ratios are cause-specific (Cox 1972, Efron's method for ties), with errors that allow for clustering by "
        "therapist where they are recorded."
    )
    yield (
        f"Disclosure control. {released.record['disclosure']['label']}. Means, standard deviations, errors and limits "
        "are rounded so that they do not give back an exact number of people. This report is drawn from released tables "
        "only."
    )
    software = released.record["software"]
    yield (
        f"Software. {software['name']} {software['version']}; its estimators are tested against R. Cohort "
        f"{released.record['cohort']}, settings digest {released.record['settings_digest'][:12]}, seed "
        f"{settings['seed']}."
    )


def _plan(released: Released) -> Iterator[Block]:
    """When the analysis plan was frozen, its amendments, and every departure from it."""
    plan = released.record.get("analysis_plan") or {}
    yield Heading("Analysis plan")
    frozen = plan.get("frozen")
    if not frozen:
        yield Text(("No analysis plan was frozen before outcomes were read.",), "note")
        return
    text = (
        f"The settings of the primary analysis were frozen on {long_date(frozen['date'])}, before outcomes were read "
        f"(digest {frozen['digest'][:12]})."
    )
    amended = [f"Amended on {long_date(a['date'])}: {a['reason']}." for a in plan["amendments"]]
    departs = plan["deviations"]
    as_planned = () if departs else ("Nothing departs from the plan.",)
    yield Text((text, *amended, *as_planned))
    if departs:
        yield Table(
            "What departs from the plan",
            ("Setting", "Planned", "Used"),
            [(each["setting"], each["planned"], each["used"]) for each in departs],
            prose=True,
        )


def _settings(released: Released) -> Table:
    rows = [(name, value) for name, value in _flat(released.settings)]
    return Table(
        "Settings of this run",
        ("Setting", "Value"),
        rows,
        folded=True,
        note="As in config/config.yaml and the cohort's mapping.",
    )


def _flat(settings: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        elif isinstance(value, list | tuple):
            yield f"{before}{name}", ", ".join(str(each) for each in value)
        else:
            yield f"{before}{name}", str(value)


def _facts(released: Released) -> Table:
    """Preferred facts of the primary scale with source and status."""
    scale = released.scale
    rows = []
    for cut in scale.cut_offs:
        if cut.preferred:
            whom = "" if cut.sex == "any" else f", {cut.sex}"
            rows.append((f"Cut-off ({cut.kind}{whom})", plain(cut.value), cut))
    rows += [
        (f"Reliable change ({c.rule})", plain(c.value), c)
        for c in scale.reliable_change
        if c.preferred
    ]
    rows += [
        (f"Reliability ({r.kind.replace('_', ' ')})", plain(r.value), r)
        for r in scale.reliabilities
        if r.preferred and r.value is not None
    ]
    rows += [
        (
            f"Norm, {n.population} population",
            f"mean {plain(n.mean)}" + (f", SD {plain(n.sd)}" if n.sd else ""),
            n,
        )
        for n in scale.norms
        if n.preferred
    ]
    cells = [(what, value, STATUS[f.status], f.source) for what, value, f in rows]
    return Table(
        f"Published facts on {released.measure_name()} held here",
        ("Fact", "Value", "Checked", "Source"),
        cells or [("None is known for this scale", "–", "–", "–")],
        folded=True,
        note="What is not verified was taken from memory or second-hand and should be checked before it is relied on.",
        prose=True,
    )


def _estimators(released: Released) -> list[Table]:
    """Estimators as the analyses named them, so that each figure can be traced."""
    rows: list[tuple[str, ...]] = []
    for analysis, frame in released.estimates.items():
        shown = frame[(frame["status"] == "ok") & (frame["method"].astype(str) != "")]
        pairs = shown[["estimand", "method"]].astype(str).drop_duplicates()
        rows += [
            (capital(analysis.replace("_", " ")), ESTIMANDS[estimand].label, method)
            for estimand, method in pairs.itertuples(index=False, name=None)
        ]
    if not rows:
        return []
    return [
        Table(
            "Estimator behind each kind of figure",
            ("Part of the report", "Figure", "Estimator"),
            rows,
            folded=True,
            prose=True,
        )
    ]
