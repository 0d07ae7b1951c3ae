"""The outcome rules of NHS Talking Therapies on two measures, each rate on its own denominator."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from naturalistic.stats.paired_scores import FloatArray
from naturalistic.stats.rates import rate
from naturalistic.stats.reliable_change import BoolArray, exceeds
from naturalistic.stats.result import Estimate


@dataclass(frozen=True, slots=True)
class MeasureRule:
    """First and last scores of one measure (higher is worse) and its thresholds.

    Attributes
    ----------
    first, last : array_like, shape (n_courses,)
        Scores; NaN where missing.
    caseness, reliable_change : array_like
        One threshold, or each patient's own (the anxiety measure depends on the problem).
    caseness_strict, change_strict : bool
        Whether a score or change must exceed its threshold (True) or may equal it. Tables in print
        have 10 or more and 6 or more for PHQ-9; the national metadata writes "above" thresholds.
    """

    first: npt.ArrayLike
    last: npt.ArrayLike
    caseness: npt.ArrayLike
    reliable_change: npt.ArrayLike
    caseness_strict: bool = False
    change_strict: bool = False


@dataclass(frozen=True, slots=True)
class TalkingTherapiesOutcome:
    """What became of each finished course of treatment; all arrays of shape (n_courses,).

    Attributes
    ----------
    at_caseness, not_at_caseness : ndarray of bool
        At the start. Where neither holds caseness is unknown; such courses stay in the denominator
        of recovery.
    paired : ndarray of bool
        First and last scores of both measures present.
    improved, deteriorated, no_reliable_change : ndarray of bool
        Reliable change; exactly one holds for a paired course, none for others.
    recovered, reliably_recovered : ndarray of bool
        From caseness to below it on both measures; the second with reliable improvement.
    """

    at_caseness: BoolArray
    not_at_caseness: BoolArray
    paired: BoolArray
    improved: BoolArray
    deteriorated: BoolArray
    no_reliable_change: BoolArray
    recovered: BoolArray
    reliably_recovered: BoolArray


@dataclass(frozen=True, slots=True)
class _Measure:
    """One measure turned into flags; a comparison with a missing score is False."""

    seen_first: BoolArray
    seen_last: BoolArray
    case_first: BoolArray
    below_last: BoolArray
    better: BoolArray
    worse: BoolArray


def _threshold(values: npt.ArrayLike, n: int, name: str) -> FloatArray:
    threshold = np.broadcast_to(np.asarray(values, dtype=np.float64), (n,))
    if not np.all(np.isfinite(threshold)):
        raise ValueError(f"{name}: a threshold is missing")
    return threshold


def _measure(rule: MeasureRule) -> _Measure:
    first, last = (np.asarray(v, dtype=np.float64) for v in (rule.first, rule.last))
    if first.ndim != 1 or first.shape != last.shape:
        raise ValueError("first and last scores must be one-dimensional and of the same length")
    if np.any(np.isinf(first)) or np.any(np.isinf(last)):
        raise ValueError("scores must be finite or NaN")
    case = _threshold(rule.caseness, first.size, "caseness")
    change = _threshold(rule.reliable_change, first.size, "reliable_change")
    if not np.all(change > 0.0):
        raise ValueError("reliable_change must be positive")
    case_last = exceeds(last, case, strict=rule.caseness_strict)
    return _Measure(
        seen_first=~np.isnan(first),
        seen_last=~np.isnan(last),
        case_first=exceeds(first, case, strict=rule.caseness_strict),
        below_last=~np.isnan(last) & ~case_last,
        better=exceeds(first - last, change, strict=rule.change_strict),
        worse=exceeds(last - first, change, strict=rule.change_strict),
    )


def talking_therapies_outcome(
    depression: MeasureRule, anxiety: MeasureRule
) -> TalkingTherapiesOutcome:
    """Outcome of finished courses of treatment by the national rules.

    - *At caseness*: first score at or above the threshold on **either** measure. *Not at caseness*:
      both first scores known and below. Otherwise unknown.
    - *Reliable improvement*: at least one measure reliably better and neither reliably worse;
      *reliable deterioration* its mirror; *no reliable change* the rest of the paired courses, one
      better and one worse among them.
    - *Recovery*: at caseness first, both last scores known and below. *Reliable recovery*: recovery
      with reliable improvement.

    Source: NHS England, annual report metadata 2024-25 (reliable recovery logic); Clark et al.
    (2018). That reliable improvement needs both measures paired is how the published counts leave
    an unpaired remainder.

    Parameters
    ----------
    depression, anxiety : MeasureRule
        PHQ-9, and GAD-7 or the anxiety disorder specific measure; rows are courses with at least
        two attended treatment sessions that ended in the period.

    Returns
    -------
    TalkingTherapiesOutcome

    Raises
    ------
    ValueError
        If lengths differ, a score is infinite, or a threshold is missing or not positive.
    """
    d, a = _measure(depression), _measure(anxiety)
    if d.seen_first.shape != a.seen_first.shape:
        raise ValueError("depression and anxiety must hold the same courses")
    # ASSUME A21: caseness is unknown where one first score is missing and the other is below its threshold; such a course
    # stays in the denominator of recovery, which leaves out only those known not to be at caseness.
    at_caseness = d.case_first | a.case_first
    # ASSUME A20: reliable improvement and deterioration need first and last scores on both measures.
    paired = d.seen_first & d.seen_last & a.seen_first & a.seen_last
    better, worse = d.better | a.better, d.worse | a.worse
    improved, deteriorated = paired & better & ~worse, paired & worse & ~better
    # ASSUME A22: who was at caseness on one measure can recover with the first score of the other unknown.
    recovered = at_caseness & d.below_last & a.below_last
    return TalkingTherapiesOutcome(
        at_caseness=at_caseness,
        not_at_caseness=d.seen_first & a.seen_first & ~at_caseness,
        paired=paired,
        improved=improved,
        deteriorated=deteriorated,
        no_reliable_change=paired & ~improved & ~deteriorated,
        recovered=recovered,
        reliably_recovered=recovered & improved,
    )


@dataclass(frozen=True, slots=True)
class TalkingTherapiesCounts:
    """Counts of a group of finished courses, as published."""

    finished: int
    not_at_caseness: int
    improved: int
    deteriorated: int
    no_reliable_change: int
    recovered: int
    reliably_recovered: int

    @classmethod
    def of(
        cls, outcome: TalkingTherapiesOutcome, group: npt.ArrayLike | None = None
    ) -> TalkingTherapiesCounts:
        """Counts of all courses, or of those in `group` (a bool array).

        Raises
        ------
        ValueError
            If `group` has another length.
        """
        n = outcome.paired.size
        rows = np.ones(n, dtype=bool) if group is None else np.asarray(group, dtype=bool)
        if rows.shape != (n,):
            raise ValueError("group must have one element a course")
        return cls(
            finished=int(rows.sum()),
            not_at_caseness=int(outcome.not_at_caseness[rows].sum()),
            improved=int(outcome.improved[rows].sum()),
            deteriorated=int(outcome.deteriorated[rows].sum()),
            no_reliable_change=int(outcome.no_reliable_change[rows].sum()),
            recovered=int(outcome.recovered[rows].sum()),
            reliably_recovered=int(outcome.reliably_recovered[rows].sum()),
        )

    @property
    def recovery_denominator(self) -> int:
        """Finished courses minus those known not to be at caseness; unknown ones stay."""
        return self.finished - self.not_at_caseness

    def fractions(self) -> dict[str, tuple[int, int]]:
        """Numerator and denominator of each published rate."""
        cases = self.recovery_denominator
        return {
            "reliable_improvement": (self.improved, self.finished),
            "reliable_deterioration": (self.deteriorated, self.finished),
            "no_reliable_change": (self.no_reliable_change, self.finished),
            "recovery": (self.recovered, cases),
            "reliable_recovery": (self.reliably_recovered, cases),
        }

    def rates(self, *, conf_level: float = 0.95) -> dict[str, Estimate]:
        """Each published rate, a proportion between 0 and 1, with Wilson's interval."""
        return {
            name: rate(numerator, denominator, conf_level=conf_level)
            for name, (numerator, denominator) in self.fractions().items()
        }
