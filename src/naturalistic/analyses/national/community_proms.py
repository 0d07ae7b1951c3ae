"""Pairs of outcome forms as the national community measure counts them, and pairs it does not count."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.analyses.access.referrals import is_word
from naturalistic.analyses.interface import EstimateRows
from naturalistic.analyses.national.adults import ENOUGH, Mask, add_share, record_end
from naturalistic.reference.loader import load_national_metrics
from naturalistic.reference.models import Instrument

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
GROUP = "community_proms"
OPEN_DAYS = 180
CLOSED_TERMS = ("closed_with_baseline", "closed_paired", "open_with_baseline", "open_paired")
PAIR_TERMS = ("pairs_improved", "pairs_unchanged", "pairs_deteriorated")
REQOL = "reqol_10"


def add_community_proms(
    rows: EstimateRows,
    frame: pd.DataFrame,
    scores: pd.DataFrame,
    instruments: Mapping[str, Instrument],
    level: float,
) -> None:
    """First forms and pairs among closed and long-open referrals of adults, and what the pairs show.

    Parameters
    ----------
    frame : DataFrame
        `national_frame`.
    """
    contacts = frame["contacts"].to_numpy(dtype=np.float64)
    if not np.isfinite(contacts).any():
        note = "the extract does not hold how many contacts took place"
        for term in (*CLOSED_TERMS, *PAIR_TERMS, "pairs_recovered", "pairs_not_counted"):
            rows.add("proportion", term=term, status="not_measured", note=note)
        return
    enough = frame["adult"].to_numpy(dtype=bool) & (contacts >= ENOUGH)
    is_open = is_word(frame, "ending", "open")
    long = ((record_end(frame) - frame["received_date"]).dt.days >= OPEN_DAYS).to_numpy(dtype=bool)
    closed, still_open = enough & ~is_open, enough & is_open & long
    pairs = pairs_of(scores)
    tools = load_national_metrics()[GROUP].tools
    counted = pairs[pairs["instrument"].isin(tools)]
    paired = _has(frame, counted[counted["last"].notna()])
    _other_pairs(rows, frame, pairs[~pairs["instrument"].isin(tools)], paired, closed, level)
    if not len(counted):
        note = "the extract holds no dated score on DIALOG, ReQoL-10 or Goal Based Outcomes"
        for term in (*CLOSED_TERMS, *PAIR_TERMS, "pairs_recovered"):
            rows.add("proportion", term=term, status="not_measured", note=note)
        return
    first = _has(frame, counted)
    for name, among in {"closed": closed, "open": still_open}.items():
        add_share(rows, frame, f"{name}_with_baseline", first, among, level)
        add_share(rows, frame, f"{name}_paired", paired, among, level)
    inside = counted[counted["referral_id"].isin(frame.loc[closed | still_open, "referral_id"])]
    _changes(rows, frame, inside[inside["last"].notna()], instruments, level)


def pairs_of(scores: pd.DataFrame) -> pd.DataFrame:
    """First valid score of each referral and scale, and the latest valid one of a later day.

    Returns
    -------
    DataFrame
        ``referral_id``, ``instrument``, ``scale``, ``first`` and ``last`` (missing without a later form).
    """
    valid = (scores["score"].notna() & scores["date"].notna()).to_numpy(dtype=bool)
    kept = scores if valid.all() else scores[valid]
    tool, tools = pd.factorize(kept["instrument"], sort=True)
    scale, scales = pd.factorize(kept["scale"], sort=True)
    referral, referrals = pd.factorize(kept["referral_id"].to_numpy(dtype=np.int64), sort=True)
    kinds = max(len(tools) * len(scales), 1)
    group = referral * kinds + tool * max(len(scales), 1) + scale
    day = kept["date"].to_numpy(dtype="datetime64[D]").astype(np.int64)
    form_id = kept["form_id"].to_numpy(dtype=np.int64)
    score = kept["score"].to_numpy(dtype=np.float64)
    first, first_day = _of_the_end(group, day, form_id, score, len(referrals) * kinds, latest=False)
    last, last_day = _of_the_end(group, day, form_id, score, len(referrals) * kinds, latest=True)
    held = np.flatnonzero(np.isfinite(first))
    kind = held % kinds
    pairs = pd.DataFrame({"referral_id": referrals[held // kinds], "first": first[held]})
    pairs["last"] = np.where(last_day[held] > first_day[held], last[held], np.nan)
    pairs["instrument"] = np.asarray(tools, dtype=object)[kind // max(len(scales), 1)]
    pairs["scale"] = np.asarray(scales, dtype=object)[kind % max(len(scales), 1)]
    return pairs


def _of_the_end(
    group: IntArray, day: IntArray, form: IntArray, score: FloatArray, n: int, *, latest: bool
) -> tuple[FloatArray, IntArray]:
    """Score and day of the earliest or latest form of each of n groups, by day and then by form; nothing is sorted."""
    sign = -1 if latest else 1
    furthest = np.iinfo(np.int64).max
    best_day, best_form = np.full(n, furthest), np.full(n, furthest)
    np.minimum.at(best_day, group, sign * day)
    on_day = np.flatnonzero(sign * day == best_day[group])
    np.minimum.at(best_form, group[on_day], sign * form[on_day])
    chosen = on_day[sign * form[on_day] == best_form[group[on_day]]]
    found = np.full(n, np.nan)
    found[group[chosen]] = score[chosen]
    return found, sign * best_day


def _has(frame: pd.DataFrame, pairs: pd.DataFrame) -> Mask:
    return frame["referral_id"].isin(pairs["referral_id"]).to_numpy(dtype=bool)


def _other_pairs(
    rows: EstimateRows,
    frame: pd.DataFrame,
    other: pd.DataFrame,
    paired: Mask,
    closed: Mask,
    level: float,
) -> None:
    term = "pairs_not_counted"
    if not len(other):
        note = "the extract holds no dated score on another questionnaire"
        rows.add("proportion", term=term, status="not_measured", note=note)
        return
    hit = _has(frame, other[other["last"].notna()]) & ~paired
    add_share(rows, frame, term, hit, closed, level)


def _changes(
    rows: EstimateRows,
    frame: pd.DataFrame,
    pairs: pd.DataFrame,
    instruments: Mapping[str, Instrument],
    level: float,
) -> None:
    """Reliable change of every pair by its tool; several goals of one person are several pairs."""
    owner = pd.Series(frame["patient_id"].to_numpy(), index=frame["referral_id"].to_numpy())
    pairs = pairs.assign(patient_id=pairs["referral_id"].map(owner)).reset_index(drop=True)
    gain, amount = _gain_and_amount(pairs, instruments)
    judged = np.isfinite(amount)
    if not judged.any():
        note = "no pair on a tool whose reliable change can be judged from the scale score"
        for term in (*PAIR_TERMS, "pairs_recovered"):
            rows.add("proportion", term=term, status="not_measured", note=note)
        return
    better, worse = judged & (gain >= amount), judged & (gain <= -amount)
    for term, hit in zip(PAIR_TERMS, (better, ~better & ~worse, worse), strict=True):
        add_share(rows, pairs, term, hit, judged, level)
    cut = instruments[REQOL].scale(instruments[REQOL].primary_scale).cut_off(kind="general_range")
    below = (pairs["instrument"] == REQOL).to_numpy() & judged
    if cut is None or not below.any():
        note = "no pair on ReQoL-10"
        rows.add("proportion", term="pairs_recovered", status="not_measured", note=note)
        return
    below &= pairs["first"].to_numpy() < cut.value
    recovered = better & (pairs["last"].to_numpy() >= cut.value)
    add_share(rows, pairs, "pairs_recovered", recovered, below, level)


def _gain_and_amount(
    pairs: pd.DataFrame, instruments: Mapping[str, Instrument]
) -> tuple[np.ndarray, np.ndarray]:
    """Change in the better direction, and the amount that is reliable; NaN where it is judged item by item."""
    gain = (pairs["last"] - pairs["first"]).to_numpy(dtype=np.float64)
    amount = np.full(len(pairs), np.nan)
    forms = pairs[["instrument", "scale"]].drop_duplicates()
    for key, scale in forms.itertuples(index=False):
        places = ((pairs["instrument"] == key) & (pairs["scale"] == scale)).to_numpy(dtype=bool)
        facts = instruments[key]
        if facts.better_is == "lower":
            gain[places] *= -1.0
        rules = [
            rule
            for rule in facts.scale(scale).reliable_change
            if rule.preferred and rule.applies_to != "each_item"
        ]
        if rules:
            amount[places] = rules[0].value
    return gain, amount
