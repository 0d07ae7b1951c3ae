"""Sentences made from estimates by rules: controlled words, every claim with its number, never a cause.

A sentence is empty where the cohort has nothing to say on its subject and another sentence already says so; otherwise
a number that cannot be given is named with the reason.
"""

from __future__ import annotations

import pandas as pd

from naturalistic.report.released import JACOBSON_TRUAX, Released, has_interval, is_ok
from naturalistic.report.thresholds import Thresholds, thresholds
from naturalistic.report.wording import (
    NEARLY_ALL,
    absence_label,
    brief_interval,
    capital,
    count,
    interval,
    level_of,
    number,
    reason,
    value,
    with_interval,
)
from naturalistic.vocabulary import DROPOUT_DEFINITIONS

BY_THERAPIST = "jackknife_by_therapist"
JUDGED = {"unplanned_ending": "those whose therapy has ended in a recorded way"}
JUDGED_OTHERWISE = "those whose ending can be judged"


def people(released: Released, population: str, **key: str) -> pd.Series | None:
    """The row that counts the people of a population."""
    return released.one("participant_flow", term="people", population=population, **key)


def share_of_started(released: Released, population: str) -> pd.Series | None:
    """The row with a population as a share of everyone who started."""
    return released.one("participant_flow", term="share_of_started", population=population)


def about(released: Released, row: pd.Series | None) -> str:
    """A count as it stands in a sentence: `about 545` where counts are rounded."""
    if not is_ok(row):
        return count(row)
    rounded = int(released.record["disclosure"]["rounding_base"]) > 1
    return f"about {count(row)}" if rounded else count(row)


def who_started(released: Released) -> str:
    """How many people were referred and started."""
    started, referred = people(released, "started"), people(released, "referred")
    if not is_ok(started):
        if reason(started) == "withheld":
            return "How many people started therapy is withheld: the number is small."
        return "These data do not say how many people started therapy."
    if float(started["estimate"]) == 0:  # type: ignore[index]  # a row that is_ok
        return "Nobody in these data started therapy."
    text = f"{about(released, started).capitalize()} people started therapy"
    if is_ok(referred):
        text += f", of {about(released, referred)} referred"
    return text + "."


def share_with_both_forms(released: Released) -> str:
    """For what share of everyone who started change can be measured."""
    row, share = people(released, "paired"), share_of_started(released, "paired")
    name = released.measure_name()
    if not is_ok(share) and reason(share) != NEARLY_ALL:
        return f"How many of them have a first and a last {name} form: {reason(share) or 'none'}."
    return (
        f"{capital(value(share))} of them ({about(released, row)} people) have a first and a last {name} form. "
        "Only for these people can change be measured."
    )


def mean_change(released: Released) -> str:
    """Mean change of those with both forms, in the direction of the scale."""
    row = primary_change(released, "mean_change")
    if row is None or not is_ok(row):
        return f"Mean change on {released.measure_name()}: {reason(row)}."
    return capital(moved(released, row, "people with both forms")) + _first_and_last(released)


def moved(released: Released, row: pd.Series, who: str) -> str:
    """How far `who` moved on the primary scale: better, worse, or not shown which way."""
    name = released.measure_name()
    limits = "no interval can be given"
    if has_interval(row):
        limits = f"{level_of(row)}% interval for the improvement {interval(row)}"
    if not has_interval(row) or row["conf_low"] <= 0 <= row["conf_high"]:
        return (
            f"after therapy, {who} scored about the same on {name} as before: the mean change was "
            f"{value(row)} points, improvement counted as positive ({limits}). The data do not show which way the "
            "average moved."
        )
    better = row["estimate"] > 0
    way = "lower" if better == released.lower_is_better else "higher"
    verdict = "an improvement" if better else "a worsening"
    return (
        f"after therapy, {who} scored on average {number(abs(row['estimate']))} points {way} on {name} than before, "
        f"{verdict} ({limits})."
    )


def _first_and_last(released: Released) -> str:
    first, last = (primary_change(released, "mean", term) for term in ("first", "last"))
    if not (is_ok(first) and is_ok(last)):
        return ""
    return f" The mean was {value(first)} before and {value(last)} after."


def size_of_change(released: Released) -> str:
    """What the mean change amounts to, against reliable change and the cut-off."""
    if not is_ok(primary_change(released, "mean_change")):
        return ""
    parts = [against_reliable_change(released), against_cut_off(released)]
    standardised = primary_change(released, "standardised_mean_change")
    if is_ok(standardised):
        parts.append(
            "In standard deviations of the scores before therapy the improvement is "
            f"{with_interval(standardised)}."
        )
    return " ".join(part for part in parts if part)


def against_reliable_change(released: Released) -> str:
    """The mean improvement against what counts as reliable for one person; empty for a worsening."""
    row, limits = primary_change(released, "mean_change"), thresholds(released)
    if row is None or limits.reliable is None or not has_interval(row) or row["conf_high"] <= 0:
        return ""
    return (
        f"What counts as reliable for one person is a change of {limits.reliable_words}: more than the form's own "
        f"imprecision is likely to produce. The mean improvement is {_against(row, limits.reliable)} that."
    )


def _against(row: pd.Series, size: float) -> str:
    if row["conf_low"] > size:
        return "larger than"
    return "smaller than" if row["conf_high"] < size else "about as large as"


def against_cut_off(released: Released) -> str:
    """On which side of the cut-off the means lie; empty where there is none, or several."""
    limits = thresholds(released)
    first, last = (primary_change(released, "mean", term) for term in ("first", "last"))
    if not (is_ok(first) and is_ok(last)) or len(limits.cut_offs) != 1:
        return ""
    assert first is not None and last is not None
    sides = [_clinical(released, float(row["estimate"]), limits) for row in (first, last)]
    words = {
        (True, True): "stayed on the clinical side of the cut-off",
        (True, False): "moved from the clinical side of the cut-off to the other",
        (False, False): "was never on the clinical side of the cut-off",
        (False, True): "moved to the clinical side of the cut-off",
    }
    return f"The mean {words[sides[0], sides[1]]} ({limits.cut_off_text})."


def _clinical(released: Released, score: float, limits: Thresholds) -> bool:
    cut_off = limits.cut_offs[0]
    return score >= cut_off if released.lower_is_better else score <= cut_off


def reliable_rates(released: Released) -> str:
    """Reliably improved and deteriorated, of those with both forms and of everyone who started."""
    rates = {
        (term, population): released.one(
            "clinical_change",
            term=term,
            population=population,
            **JACOBSON_TRUAX,
            **released.measure,
        )
        for term in ("reliable_improvement", "reliable_deterioration")
        for population in ("paired", "started")
    }
    better, worse = (rates[f"reliable_{w}", "paired"] for w in ("improvement", "deterioration"))
    if not is_ok(better) and not is_ok(worse):
        why = reason(better)
        return f"How many people improved or deteriorated reliably: {why}."
    parts = {
        f"{_of(better)} improved reliably": better,
        f"{_of(worse)} deteriorated reliably": worse,
    }
    text = f"Of those with both forms, {' and '.join(words for words, row in parts.items() if told(row))}."
    for row, words in ((better, "improved"), (worse, "deteriorated")):
        if not told(row):
            text += f" How many {words} reliably: {reason(row)}."
    all_better, all_worse = (
        rates[f"reliable_{w}", "started"] for w in ("improvement", "deterioration")
    )
    if is_ok(all_better):
        beside = f" and {_of(all_worse)} to have deteriorated" if told(all_worse) else ""
        text += (
            f" Of everyone who started, {_of(all_better)} are known to have improved reliably{beside}; people without a "
            "last form count among everyone, never among the improved."
        )
    return text


def told(row: pd.Series | None) -> bool:
    """Whether a share can stand in a sentence: a number, or nearly all."""
    return is_ok(row) or reason(row) == NEARLY_ALL


def _of(row: pd.Series | None) -> str:
    return brief_interval(row) if is_ok(row) else reason(row)


def dropout_rate(released: Released) -> pd.Series | None:
    """Share that dropped out under the primary definition, of those whom that definition can judge."""
    definition = released.primary["dropout_definition"]
    return released.one("dropout", estimand="proportion", term="dropout", definition=definition)


def absence_rate(released: Released) -> pd.Series | None:
    """Share of sessions missed under the primary definition."""
    definition = released.primary["absence_definition"]
    return released.one("attendance", term="absence", definition=definition)


def judged(released: Released) -> str:
    """Of whom the primary share of dropping out is a share."""
    return JUDGED.get(released.primary["dropout_definition"], JUDGED_OTHERWISE)


def sessions_counted(released: Released) -> str:
    """Of which sessions the primary share of missed ones is a share."""
    return absence_label(released.primary["absence_definition"]).rsplit(", of ", 1)[1]


def dropped_out(released: Released) -> str:
    """Share that dropped out under the primary definition."""
    definition = released.primary["dropout_definition"]
    row = dropout_rate(released)
    words = DROPOUT_DEFINITIONS[definition].label
    if not is_ok(row):
        return f"How many people dropped out ({words}): {reason(row)}."
    return f"Of {judged(released)}, {with_interval(row)} dropped out ({words})."


def missed_sessions(released: Released) -> str:
    """Absence under the primary definition."""
    definition = released.primary["absence_definition"]
    row = absence_rate(released)
    if not is_ok(row):
        return f"How many sessions were missed: {reason(row)}."
    missed = absence_label(definition).rsplit(", of ", 1)[0]
    return (
        f"Of {sessions_counted(released)}, {value(row)} were missed "
        f"({level_of(row)}% interval {interval(row)}; {missed})."  # type: ignore[arg-type]
    )


def primary_change(
    released: Released, estimand: str, term: str = "", population: str = "paired"
) -> pd.Series | None:
    """A number of the change on the primary scale, with the interval that allows for therapists where there is one."""
    key = {"estimand": estimand, "term": term, "population": population, **released.measure}
    by_therapist = released.one("outcome_change", specification=BY_THERAPIST, **key)
    if has_interval(by_therapist):
        return by_therapist
    return released.one("outcome_change", **key)


def people_of_share(released: Released, share: pd.Series, people: pd.Series) -> str:
    """How many people an expected share of them stands for; no number where small numbers are withheld."""
    expected = float(share["estimate"]) * float(people["estimate"])
    threshold = int(released.record["disclosure"]["threshold"])
    if expected < threshold + 0.5:
        return f"{threshold} people or fewer"
    return f"about {number(expected, 0)} people"
