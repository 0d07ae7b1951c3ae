"""Each person placed where current guidelines put their recorded problem, its severity and the therapy delivered."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.reference.concordance import ADULT, concordance, severity_rule

KEYS = ["problem", "therapy_model", "format", "severity_class", "adult"]
FloatArray = npt.NDArray[np.float64]


def placed(frame: pd.DataFrame, outcomes: pd.DataFrame) -> pd.DataFrame:
    """The frame with `severity_class` and `concordance`; each combination is looked up once.

    Parameters
    ----------
    frame : DataFrame
        An `episode_frame` with the person's age.
    outcomes : DataFrame
        First scores of every instrument: severity is told by the guideline's own measure alone.

    Returns
    -------
    DataFrame
        `severity_class` is empty where severity is not classifiable; `concordance` is a word of
        `reference.concordance.CONCORDANCE`, with ``_on_condition`` where a condition is attached.
    """
    # ASSUME A64 who has no recorded age is an adult
    adult = ~(frame["age"].astype("Float64") < ADULT).fillna(False).to_numpy(dtype=bool)
    found = frame.assign(severity_class=_severity(frame, outcomes), adult=adult)
    cells = found[KEYS].astype("object")
    codes, unique = pd.factorize(pd.MultiIndex.from_frame(cells.where(cells.notna(), "")))
    answers = np.array([_look_up(*key) for key in unique], dtype=object)
    return found.assign(concordance=answers[codes] if len(codes) else answers)


def _severity(frame: pd.DataFrame, outcomes: pd.DataFrame) -> npt.NDArray[np.object_]:
    graded = np.full(len(frame), "", dtype=object)
    problem = frame["problem"].astype("object")
    for word in problem.dropna().unique():
        rule = severity_rule(str(word))
        if rule is None:
            continue
        here = (problem == word).to_numpy()
        score = _first_scores(outcomes, frame.loc[here, "referral_id"], rule.instrument, rule.scale)
        words = np.where(score >= rule.threshold, rule.at_or_above, rule.below)
        graded[here] = np.where(np.isfinite(score), words, "")
    return graded


def _first_scores(
    outcomes: pd.DataFrame, referrals: pd.Series, instrument: str, scale: str
) -> FloatArray:
    chosen = outcomes[(outcomes["instrument"] == instrument) & (outcomes["scale"] == scale)]
    first = chosen.set_index("referral_id")["first_score"].astype("float64")
    return np.asarray(first.reindex(referrals.to_numpy()), dtype=np.float64)


def _look_up(problem: str, therapy: str, format: str, severity: str, adult: bool) -> str:
    found = concordance(
        problem or None,
        therapy or None,
        severity=severity,
        format=format,
        age=None if adult else ADULT - 1,
    )
    return found.concordance + ("_on_condition" if found.conditional else "")
