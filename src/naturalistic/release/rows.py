"""The rows of a cohort as they are seen: counts rounded, numbers at a precision that fits them, what is withheld empty."""

from __future__ import annotations

import numpy as np
import pandas as pd

from naturalistic.release.numbers import rates_again, rounded_numbers
from naturalistic.release.primary import NUMBERS, RULES
from naturalistic.release.profiles import Profile
from naturalistic.release.row_keys import text
from naturalistic.release.secondary import Withheld
from naturalistic.release.suppression.shown import BoolArray, FloatArray, is_small, rounded
from naturalistic.release.words import clean_note
from naturalistic.tables.estimates import COUNT_COLUMNS, KEY_COLUMNS

SIDE_COUNTS = ("n_therapists", "n_missing")  # left empty when small; the row itself may stand
LOG_COLUMNS = (*KEY_COLUMNS, "rule", "reason")
COARSE_COLUMNS = (*KEY_COLUMNS, "column", "rounded_to")
# outsiders are not told which figures are small and which stand beside a small one
TOLD = "rests on {threshold} or fewer people, or would give back a figure that does"
TOLD_RULE = "small_or_linked"
OPENLY = ("no_count", "few_for_a_model", "one_person_dominates")


def released_rows(
    frame: pd.DataFrame, withheld: Withheld, profile: Profile
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows as they are seen, and the counts among them that are rounded more coarsely (with the row number).

    Parameters
    ----------
    frame : DataFrame
        Rows at full precision.
    withheld : Withheld
        What is withheld, and how coarsely counts are rounded.
    profile : Profile
        Rules.
    """
    released, gone = frame.copy(), withheld.rule != ""
    people = _people(released)
    coarse = []
    for column in COUNT_COLUMNS:
        values, step = _rounded_column(released, column, withheld, profile)
        released[column] = pd.array(
            [None if np.isnan(v) else int(v) for v in values], dtype="Int32"
        )
        coarse.append(_coarser(released, column, np.where(gone, 1, step), profile))
    shown = _people(released)
    counted, step = _rounded_column(released, "estimate", withheld, profile)
    coarse.append(_coarser(released, "estimate", np.where(gone, 1, step), profile))
    released = rates_again(rounded_numbers(released, people, shown, profile))
    is_count = withheld.counts.of["estimate"] >= 0
    released["estimate"] = np.where(is_count, counted, released["estimate"].astype("float64"))
    released.loc[gone, [*NUMBERS, *COUNT_COLUMNS]] = np.nan
    released.loc[gone, "status"] = "withheld"
    released["note"] = [clean_note(n, profile) for n in text(released, "note")]
    released.loc[gone, "note"] = [_openly(r, profile)[1] for r in withheld.rule[gone]]
    return released, pd.concat(coarse, ignore_index=True)


def _people(frame: pd.DataFrame) -> FloatArray:
    """Number of people each row rests on."""
    values = frame["n_patients"].fillna(frame["denominator"]).astype("float64")
    return np.asarray(values, dtype=np.float64)


def _rounded_column(
    frame: pd.DataFrame, column: str, withheld: Withheld, profile: Profile
) -> tuple[FloatArray, FloatArray]:
    """A column of counts as it is shown, and to how many times the base each is rounded."""
    values = np.array(frame[column].astype("float64"), dtype=np.float64)
    numbers = withheld.counts.of.get(column, np.full(len(frame), -1))
    known = numbers >= 0
    # -1, no count, reads the last place
    step = np.append(withheld.choice.step, 1)[numbers]
    if column in SIDE_COUNTS:
        hidden = known & np.append(withheld.choice.hidden, False)[numbers]
        values[is_small(values, profile) | hidden] = np.nan
    if column == "estimate":
        return np.where(known, rounded(values, step, profile), values), step
    return rounded(values, step, profile), step


def _coarser(frame: pd.DataFrame, column: str, step: FloatArray, profile: Profile) -> pd.DataFrame:
    seen: BoolArray = (step > 1) & frame[column].notna().to_numpy()
    table = frame.loc[seen, list(KEY_COLUMNS)].reset_index(drop=True)
    return table.assign(
        column=column,
        rounded_to=step[seen] * profile.rounding_base,
        row=np.flatnonzero(seen),
    )


def _openly(rule: str, profile: Profile) -> tuple[str, str]:
    if rule in OPENLY:
        return rule, RULES[rule].format(**profile.model_dump())
    return TOLD_RULE, TOLD.format(**profile.model_dump())


def withheld_log(
    frame: pd.DataFrame, rule: np.ndarray, profile: Profile, *, openly: bool
) -> pd.DataFrame:
    """Every withheld row with its rule and the reason; `openly`, only what outsiders may be told."""
    withheld = rule != ""
    named = [
        _openly(r, profile) if openly else (r, RULES[r].format(**profile.model_dump()))
        for r in rule[withheld]
    ]
    return frame.loc[withheld, list(KEY_COLUMNS)].assign(
        rule=[name for name, _ in named], reason=[reason for _, reason in named]
    )
