"""Methods in words a researcher can cite, the settings of the run, and how far the reference facts are checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from naturalistic.reference.published_models import PublishedStudy
from naturalistic.report.blocks import Block, Heading, Section, Table, Text
from naturalistic.report.released import Released
from naturalistic.report.sections.methods_sources import cited
from naturalistic.report.sections.methods_words import paragraphs
from naturalistic.report.wording import capital, long_date, plain
from naturalistic.vocabulary import ESTIMANDS

STATUS = {
    "verified": "read at the source",
    "secondary": "second-hand",
    "unverified": "not verified",
}


def methods(released: Released, _: PublishedStudy | None) -> Section:
    """Definitions, estimators, settings, reference facts, software."""
    text = tuple(paragraphs(released))
    blocks: tuple[Block, ...] = (
        Text(text),
        *_plan(released),
        Heading("Sources of the methods"),
        Text(cited(text), "list"),
        Heading("Settings and facts used"),
        _settings(released),
        _facts(released),
        *_estimators(released),
    )
    finding = "Design: observational, before and after, one group, routine records."
    return Section("methods", "Methods", (finding,), blocks)


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
        prose=True,
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
