"""The cohort beside published figures, where both mean the same; otherwise why they are not set side by side."""

from __future__ import annotations

import math
from typing import Any

from scipy.special import ndtri

from naturalistic.analyses.change.national_rules import national_outcome
from naturalistic.analyses.change.people import Mask, Started, by_therapist, started_on
from naturalistic.analyses.interface import AnalysisInput, AnalysisResult, EstimateRows
from naturalistic.analyses.populations import in_population
from naturalistic.reference.benchmark_models import Benchmark
from naturalistic.reference.loader import load_benchmarks, load_national
from naturalistic.stats.rates import rate, wilson_interval
from naturalistic.stats.result import Estimate
from naturalistic.stats.talking_therapies import TalkingTherapiesCounts

NAME = "benchmarks"
SIDE_BY_SIDE = "minus_published"
# the published population and ours that means the same
SAME_PEOPLE = {
    "completers": "planned_ending",
    "planned_ending": "planned_ending",
    "paired": "paired",
    "mixed": "paired",
}
# published shares with a counterpart here: population, and how the share is formed
ENDINGS = {
    "connell_declared": "declared_unplanned",
    "saxon_2017_overall": "declared_unplanned",
    "connell_estimated": "estimated_unplanned",
}
RECOVERED = {"stiles_2015_recovered": "planned_ending"}
NATIONAL = {
    "improvement": "reliable_improvement",
    "deterioration": "reliable_deterioration",
    "no_reliable_change": "no_reliable_change",
    "recovery": "recovery",
    "reliable_recovery": "reliable_recovery",
}


def analyse(data: AnalysisInput) -> AnalysisResult:
    """Differences from published figures.

    Estimands
    ---------
    standardised_change_difference, proportion_difference (`specification` "minus_published")
        This cohort minus the published figure, `term` its key. Drawn only where quantity, definition and people are the
        same; every other published figure is a row that says why not. The note holds the published figure, its
        prediction interval and whether this cohort lies inside, and its warnings.
    """
    primary = data.settings.primary
    rows = EstimateRows(
        data.cohort,
        NAME,
        instrument=primary.instrument,
        scale=primary.scale,
        specification=SIDE_BY_SIDE,
    )
    people = started_on(data)
    for found in load_benchmarks().values():
        if found.topic in ("change", "clinical_significance", "dropout"):
            _one(rows, data, people, found)
    _national(rows, data)
    return AnalysisResult(rows.frame())


def _one(rows: EstimateRows, data: AnalysisInput, people: Started, found: Benchmark) -> None:
    key: dict[str, Any] = {"term": found.key, "contrast": "this cohort minus published"}
    if found.quantity == "standardised_mean_change":
        estimand = "standardised_change_difference"
        population, why_not = _population_of(data, found)
        ours = None
        if not why_not:
            member = people.paired & in_population(people.frame, population)
            ours = by_therapist(people, member, "pre_sd", data.settings.conf_level)
            key = {**key, "population": population, **people.counts(member)}
    else:
        estimand = "proportion_difference"
        ours, population, why_not, counts = _share(data, people, found)
        key = {**key, "population": population, **counts}
    if ours is not None and ours.status != "ok":
        why_not = ours.note
    if ours is None or why_not:
        note = f"{_published(found)}; not set side by side: {why_not}"
        rows.add(estimand, status="not_measured", **{**key, "note": note})
        return
    note = f"{_published(found)}; {_where(ours.estimate, found)}".rstrip("; ")
    rows.add(estimand, _difference(ours, found, data.settings.conf_level), note=note, **key)


def _population_of(data: AnalysisInput, found: Benchmark) -> tuple[str, str]:
    """Our population that means the same, and why none does."""
    if found.definition != "pre_sd":
        return "", f"how it was standardised is not the same ({found.definition.replace('_', ' ')})"
    if found.instrument is None and "pooled" not in found.measure:
        return "", f"another measure ({found.measure})"
    if found.instrument is not None and found.instrument != data.settings.primary.instrument:
        return "", f"another measure ({found.measure})"
    if found.design != "naturalistic":
        return "", "an arm of a trial, not a routine service"
    if found.population not in SAME_PEOPLE:
        return "", f"it counts other people ({found.population.replace('_', ' ')})"
    return SAME_PEOPLE[found.population], ""


def _share(
    data: AnalysisInput, people: Started, found: Benchmark
) -> tuple[Estimate | None, str, str, dict[str, Any]]:
    if found.quantity != "proportion":
        return None, "", f"another kind of number ({found.quantity.replace('_', ' ')})", {}
    level = data.settings.conf_level
    if found.key in ENDINGS:
        ending = people.frame["ending"].astype("object")
        hit = (ending == "unplanned_ending").to_numpy(dtype=bool)
        among = (ending != "open").to_numpy(dtype=bool)
        unknown = (ending == "unknown_ending").to_numpy(dtype=bool)
        if not (among & ~unknown).any():
            return None, "started", "the extract does not say how therapy ended", {}
        if ENDINGS[found.key] == "declared_unplanned":
            among &= ~unknown
        else:
            hit = hit | unknown
        return _of(hit, among, "started", level)
    if found.key in RECOVERED:
        if data.settings.primary.instrument != found.instrument:
            return None, "", f"another measure ({found.measure})", {}
        population = RECOVERED[found.key]
        among = people.paired & in_population(people.frame, population)
        among &= in_population(people.frame, "case_at_start")
        hit = (people.frame["change_category"] == "recovered").fillna(False).to_numpy(dtype=bool)
        return _of(hit, among, population, level)
    return (
        None,
        "",
        f"its definition has no counterpart here ({found.denominator or found.measure})",
        {},
    )


def _of(
    hit: Mask, among: Mask, population: str, level: float
) -> tuple[Estimate | None, str, str, dict[str, Any]]:
    top, bottom = int((hit & among).sum()), int(among.sum())
    counts: dict[str, Any] = {"n_patients": bottom, "n_events": top}
    if not bottom:
        return None, population, "nobody here is in its denominator", counts
    return rate(top, bottom, conf_level=level), population, "", counts


def _published(found: Benchmark) -> str:
    value = "a range" if found.value is None else f"{found.value:g}"
    limits = "" if found.low is None else f" ({found.low:g} to {found.high:g})"
    parts = [f"{found.label}: {value}{limits}", f"measure: {found.measure}"]
    if found.population == "mixed":
        parts.append("study-defined people")
    if found.warning:
        parts.append(found.warning.rstrip("."))
    return "; ".join(parts)


def _where(ours: float, found: Benchmark) -> str:
    """Whether this cohort lies inside the prediction interval, which says where single services lie."""
    if found.prediction_low is None or found.prediction_high is None:
        return f"no prediction interval is published; heterogeneity: {found.heterogeneity or 'not stated'}"
    inside = found.prediction_low <= ours <= found.prediction_high
    return (
        f"prediction interval {found.prediction_low:g} to {found.prediction_high:g}: this cohort lies "
        f"{'inside' if inside else 'outside'}"
    )


def _difference(ours: Estimate, found: Benchmark, level: float) -> Estimate:
    """Limits of a difference from the limits of both (Newcombe 1998, method 10, MOVER)."""
    theirs = found.value or 0.0
    z = float(ndtri(0.5 + level / 2))
    if found.low is not None and found.high is not None:
        stretch = z / float(ndtri(0.5 + found.conf_level / 2))
        low, high = (
            theirs - stretch * (theirs - found.low),
            theirs + stretch * (found.high - theirs),
        )
    elif found.quantity == "proportion" and found.n is not None:
        limits = wilson_interval(round(theirs * found.n), found.n, conf_level=level)
        low, high = float(limits[0]), float(limits[1])
    else:
        low = high = theirs
    value = ours.estimate - theirs
    down = math.hypot(ours.estimate - ours.conf_low, high - theirs)
    up = math.hypot(ours.conf_high - ours.estimate, theirs - low)
    known = "" if high > low else "; the published figure counts as known"
    method = f"difference, limits from both intervals{known}"
    return Estimate(value, (up + down) / (2 * z), value - down, value + up, level, method=method)


def _national(rows: EstimateRows, data: AnalysisInput) -> None:
    """Rates of England's latest year, by the same rules."""
    national = load_national()
    latest = max(national.years, key=lambda year: year.year)
    found = national_outcome(data)
    key: dict[str, Any] = {
        "contrast": f"this cohort minus England {latest.year}",
        "definition": "talking_therapies",
    }
    for published, term in NATIONAL.items():
        share = latest.published_percent[published] / 100
        note = f"England {latest.year}: {100 * share:.1f} % of finished courses"
        if "recovery" in published:
            note += " that were not below caseness at the start"
        if isinstance(found, str):
            rows.add(
                "proportion_difference",
                term=term,
                status="not_measured",
                note=f"{note}; not set side by side: {found}",
                **key,
            )
            continue
        top, bottom = TalkingTherapiesCounts.of(found.outcome, found.finished).fractions()[term]
        ours = rate(top, bottom, conf_level=data.settings.conf_level)
        if ours.status != "ok":
            rows.add("proportion_difference", ours, term=term, **key)
            continue
        counts: dict[str, Any] = {"n_patients": bottom, "n_events": top}
        value = _minus_census(ours, share)
        rows.add("proportion_difference", value, term=term, note=note, **counts, **key)


def _minus_census(ours: Estimate, share: float) -> Estimate:
    """Our rate less that of everybody in England, which has no error."""
    return Estimate(
        estimate=ours.estimate - share,
        std_error=ours.std_error,
        conf_low=ours.conf_low - share,
        conf_high=ours.conf_high - share,
        conf_level=ours.conf_level,
        method="difference from a census: its rate counts as known; Wilson limits of ours",
    )
