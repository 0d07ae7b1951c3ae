"""Two witnesses: what therapists rated before and after, and whether the questionnaire saw the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import f as f_distribution

from naturalistic.analyses.change.people import FloatArray, Mask, Started, started_on
from naturalistic.analyses.interface import AnalysisInput, AnalysisResult, EstimateRows
from naturalistic.stats.effect_size import raw_mean_change, standardised_mean_change
from naturalistic.stats.ordinal_agreement import bowker, mcnemar, stuart_maxwell, transition_table
from naturalistic.stats.paired_tests import probability_of_improvement, wilcoxon_signed_rank
from naturalistic.stats.result import Estimate

NAME = "therapist_ratings"
LEVELS = ("absent", "minimal", "mild", "moderate", "severe")
FEWEST = 5
PRESENT = 2  # mild or worse
STARTED: dict[str, Any] = {"population": "started"}


def analyse(data: AnalysisInput) -> AnalysisResult:
    """Ratings by problem and by kind of risk before and after, of those rated at both times.

    Estimands
    ---------
    count (transition)
        People by rating before and after.
    chi_square
        Stuart and Maxwell (same distribution before and after) and Bowker (symmetry), `term` names the test.
    mean_change, standardised_mean_change, rank_biserial, probability_of_improvement
        Of the ordered ratings, improvement positive: which problems moved most, and which least.
    proportion_difference (present_change)
        Change in the share with the problem at least mild, or any risk.
    intraclass_correlation, limit_of_agreement, count (agreement)
        Mean problem severity against the primary questionnaire, both in SDs: consistency of single measurements
        (pingouin's ICC(C,1)), and Bland and Altman's limits of their difference in change.
    """
    rows = EstimateRows(data.cohort, NAME)
    people = started_on(data)
    ratings = data.tables["ratings"]
    wide = _before_and_after(ratings, people)
    if wide.empty:
        note = "the extract holds no therapist rating at both times"
        rows.add("mean_change", term="problem", status="not_measured", note=note, **STARTED)
        return AnalysisResult(rows.frame())
    for (kind, subject), group in wide.groupby(["kind", "subject"], sort=True):
        _subject(rows, data, group, str(kind), str(subject))
    _agreement(rows, data, people, wide)
    return AnalysisResult(rows.frame())


def _before_and_after(ratings: pd.DataFrame, people: Started) -> pd.DataFrame:
    """One row a person and subject rated at both times."""
    chosen = ratings[ratings["referral_id"].isin(people.frame["referral_id"])]
    if chosen.empty:
        return pd.DataFrame()
    plain = chosen.assign(
        kind=chosen["kind"].astype(str),
        subject=chosen["subject"].astype(str),
        occasion=chosen["occasion"].astype(str),
    )
    wide = plain.pivot_table(
        index=["kind", "subject", "referral_id"],
        columns="occasion",
        values="value",
        aggfunc="first",
    )
    if not {"pre", "end"} <= set(wide.columns):
        return pd.DataFrame()
    wide = wide.dropna(subset=["pre", "end"]).reset_index()
    # in the order of people, which does not depend on identities
    place = pd.Series(np.arange(people.n), index=people.frame["referral_id"])
    return wide.iloc[np.argsort(place[wide["referral_id"]].to_numpy(), kind="stable")]


def _subject(
    rows: EstimateRows, data: AnalysisInput, group: pd.DataFrame, kind: str, subject: str
) -> None:
    before, after = (group[c].to_numpy(dtype=np.int64) for c in ("pre", "end"))
    level = data.settings.conf_level
    # a problem nobody had before and after says nothing about change
    key: dict[str, Any] = {
        "dimensions": {kind: subject},
        "n_patients": len(group),
        **STARTED,
    }
    table = transition_table(before, after, len(LEVELS))
    for i, j in np.argwhere(table > 0):
        levels = {kind: subject, "before": LEVELS[i], "after": LEVELS[j]}
        n = int(table[i, j])
        rows.add("count", n, term="transition", dimensions=levels, n_patients=n, **STARTED)
    for name, value in (("stuart_maxwell", stuart_maxwell(table)), ("bowker", bowker(table))):
        rows.add("chi_square", value, term=name, **key)
    pre, post = before.astype(float), after.astype(float)
    for term, scores in (("before", pre), ("after", post)):
        rows.add("mean", float(scores.mean()), term=term, **key)
    same: dict[str, Any] = {"better_is": "lower", "conf_level": level}
    rows.add("mean_change", raw_mean_change(pre, post, **same), **key)
    rows.add("standardised_mean_change", standardised_mean_change(pre, post, **same), **key)
    rows.add("rank_biserial", wilcoxon_signed_rank(pre, post, **same), **key)
    value = probability_of_improvement(pre, post, **same)
    rows.add("probability_of_improvement", value, **key)
    worst = 1 if kind == "risk" else PRESENT
    present = transition_table((before >= worst).astype(int), (after >= worst).astype(int), 2)
    change = mcnemar(present, p_value="mid_p", conf_level=level)
    note = "any risk" if kind == "risk" else "at least mild"
    rows.add("proportion_difference", change, term="present_change", note=note, **key)


def _agreement(
    rows: EstimateRows, data: AnalysisInput, people: Started, wide: pd.DataFrame
) -> None:
    """Mean problem severity against the questionnaire of the same people."""
    primary = data.settings.primary
    key: dict[str, Any] = {"instrument": primary.instrument, "scale": primary.scale, **STARTED}
    problems = wide[wide["kind"] == "problem"].groupby("referral_id")[["pre", "end"]].mean()
    of_person = problems.reindex(people.frame["referral_id"]).to_numpy(dtype=float)
    both = people.paired & np.isfinite(of_person).all(axis=1)
    if int(both.sum()) < FEWEST:
        note = f"fewer than {FEWEST} people with both ratings and both forms"
        rows.add("intraclass_correlation", term="change", status="not_estimable", note=note, **key)
        return
    worse = 1.0 if people.better_is == "lower" else -1.0
    pairs = {
        "before": (of_person[:, 0], worse * people.first),
        "after": (of_person[:, 1], worse * people.last),
        "change": (of_person[:, 0] - of_person[:, 1], people.improvement),
    }
    counts = people.counts(both)
    for term, (rated, reported) in pairs.items():
        one, two = _standardised(rated, both), _standardised(reported, both)
        if one is None or two is None:
            note = "no spread in one of the two"
            rows.add("intraclass_correlation", term=term, status="not_estimable", note=note, **key)
            continue
        value = _intraclass(one, two, data.settings.conf_level)
        rows.add("intraclass_correlation", value, term=term, **counts, **key)
        if term == "change":
            _bland_altman(rows, one, two, data.settings.conf_level, {**counts, **key})


def _standardised(values: FloatArray, member: Mask) -> FloatArray | None:
    chosen = values[member]
    spread = float(np.std(chosen, ddof=1))
    return (chosen - chosen.mean()) / spread if spread > 0 else None


def _intraclass(one: FloatArray, two: FloatArray, level: float) -> Estimate:
    """Consistency of single measurements from pingouin; limits from its F (McGraw and Wong 1996, table 7)."""
    import pingouin

    n = len(one)
    if np.allclose(one, two, atol=1e-9):
        return Estimate(1.0, conf_level=level, note="the two agree exactly: no interval")
    long = pd.DataFrame(
        {
            "person": np.tile(np.arange(n), 2),
            "witness": np.repeat(["therapist", "questionnaire"], n),
            "score": np.r_[one, two],
        }
    )
    table = pingouin.intraclass_corr(
        data=long, targets="person", raters="witness", ratings="score"
    ).set_index("Type")
    # the single-measurement consistency is called ICC3 or ICC(C,1), depending on the version
    name = "ICC(C,1)" if "ICC(C,1)" in table.index else "ICC3"
    ratio, df = float(table.loc[name, "F"]), n - 1
    tail = 0.5 + level / 2
    low = ratio / float(f_distribution.ppf(tail, df, df))
    high = ratio * float(f_distribution.ppf(tail, df, df))
    return Estimate(
        float(table.loc[name, "ICC"]),
        conf_low=(low - 1) / (low + 1),
        conf_high=(high - 1) / (high + 1),
        conf_level=level,
        statistic=ratio,
        df=float(df),
        method="ICC(C,1) of therapist and questionnaire, both standardised; limits from F",
    )


def _bland_altman(
    rows: EstimateRows, one: FloatArray, two: FloatArray, level: float, key: dict[str, Any]
) -> None:
    """Limits of agreement in SDs of change, and the points as binned counts."""
    from scipy.special import stdtrit

    difference, middle = one - two, (one + two) / 2
    n, spread = len(one), float(np.std(difference, ddof=1))
    quantile = float(stdtrit(n - 1, 0.5 + level / 2))
    # variance of mean +- 1.96 SD: (1/n + 1.96^2 / (2 (n - 1))) SD^2 (Bland and Altman 1999, section 2.1)
    error = spread * float(np.sqrt(1 / n + 1.96**2 / (2 * (n - 1))))
    method = "Bland and Altman: therapist's change minus questionnaire's, both standardised"
    for term, sign in (("lower", -1.0), ("upper", 1.0)):
        value = float(difference.mean() + sign * 1.96 * spread)
        rows.add(
            "limit_of_agreement",
            Estimate(
                value,
                error,
                value - quantile * error,
                value + quantile * error,
                level,
                method=method,
            ),
            term=term,
            **key,
        )
    bins = pd.DataFrame(
        {"middle": np.floor(middle * 2) / 2, "difference": np.floor(difference * 2) / 2}
    )
    found, people = np.unique(bins.to_numpy(), axis=0, return_counts=True)
    for (x, y), n in zip(found, people, strict=True):
        levels = {"mean": f"{x:g} to {x + 0.5:g}", "difference": f"{y:g} to {y + 0.5:g}"}
        columns = {**key, "n_patients": int(n), "n_episodes": int(n), "n_therapists": None}
        rows.add("count", int(n), term="agreement", dimensions=levels, **columns)
