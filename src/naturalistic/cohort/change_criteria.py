"""The thresholds by which change is judged reliable and clinically significant, for each person."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.reference.models import CutOff, Scale
from naturalistic.reference.thresholds import Norm, Sex
from naturalistic.settings.config import ReliableChange
from naturalistic.stats.reliable_change import cutoff_c, reliable_change_value

FloatArray = npt.NDArray[np.float64]

# ASSUME A41: "case at start" goes by the cut-off between a clinical and a general population; where none is published,
# by a service's caseness rule, then the edge of the general range, then a screening cut-off.
_KINDS = ("clinical", "caseness", "general_range", "screening")
_NO_AGE = -1
FEWEST_FOR_A_SPREAD = 10
_EQUAL_IS_CLINICAL = ("at_or_above", "at_or_below")


@dataclass(frozen=True, slots=True)
class Limits:
    """The cut-off of each person.

    Attributes
    ----------
    value : ndarray, shape (n_people,)
        In points of the scale; NaN where none is published for the person.
    equal_is_clinical : bool
        Whether a score exactly at the cut-off is clinical.
    exists : bool
        Whether the facts hold a cut-off for anybody.
    """

    value: FloatArray
    equal_is_clinical: bool
    exists: bool


@dataclass(frozen=True, slots=True)
class Person:
    """Sex and age of each person, as far as cut-offs depend on them."""

    sex: npt.NDArray[np.object_]
    age: FloatArray

    @classmethod
    def of(cls, patient_ids: pd.Series, patients: pd.DataFrame | None) -> Person:
        """Looked up in the table ``patients``; without it nobody's sex or age is known."""
        n = len(patient_ids)
        if patients is None:
            return cls(np.full(n, "any", dtype=object), np.full(n, np.nan))
        known = patients.set_index("patient_id")[["gender", "age"]].reindex(patient_ids)
        gender = known["gender"].astype("object").to_numpy()
        sex = np.where(np.isin(gender.astype(str), ("female", "male")), gender, "any")
        return cls(sex, known["age"].to_numpy(dtype=np.float64, na_value=np.nan))


def reliable_change_threshold(
    scale: Scale, rule: ReliableChange, first_scores: npt.ArrayLike
) -> float | None:
    """Smallest change that counts as reliable, in points of the scale.

    Parameters
    ----------
    scale : Scale
        Its preferred published threshold, or its preferred reliability.
    rule : ReliableChange
        ``sample``: ``1.96 sqrt(2) s sqrt(1 - r)`` with the SD `s` of `first_scores` and the published reliability `r`
        (Jacobson and Truax 1991; Evans: the criterion belongs to the sample at hand). Where no reliability is published,
        or fewer than `FEWEST_FOR_A_SPREAD` people have a first score, the published threshold: which of the two was used
        stands beside every figure. ``published``: the published threshold.
    first_scores : array_like, shape (n,)
        Scores at the start, NaN where there is none.

    Returns
    -------
    float or None
        None where it is not known.
    """
    if rule.criterion == "sample":
        threshold = _from_sample(scale, np.asarray(first_scores, dtype=np.float64))
        if threshold is not None:
            return threshold
    published = [c for c in scale.reliable_change if c.preferred and c.applies_to == "scale"]
    return published[0].value if published else None


def _from_sample(scale: Scale, scores: FloatArray) -> float | None:
    """Criterion from this cohort's own spread; None where it cannot be had."""
    values = [r.value for r in scale.reliabilities if r.preferred and r.value is not None]
    scores = scores[~np.isnan(scores)]
    # ASSUME A26 the spread of fewer than ten first scores says too little: the published criterion is taken
    if not values or scores.size < FEWEST_FOR_A_SPREAD:
        return None
    threshold = reliable_change_value(float(scores.std(ddof=1)), values[0])
    return threshold if threshold > 0 else None


def clinical_limits(scale: Scale, rule: ReliableChange, people: Person) -> Limits:
    """The cut-off of each person, by sex and age where it is published so.

    Parameters
    ----------
    scale : Scale
        Its preferred cut-offs, or its norms.
    rule : ReliableChange
        ``published``: the preferred published cut-off. ``c``: criterion c of Jacobson and Truax from the preferred
        published norms of the clinical and the general population; a score equal to it is clinical.
    people : Person
        Sex and age.
    """
    sex_code, sexes = pd.factorize(people.sex)
    age = np.where(np.isnan(people.age), _NO_AGE, np.floor(people.age)).astype(np.int64)
    groups, of_person = np.unique(np.column_stack([sex_code, age]), axis=0, return_inverse=True)
    found = [
        _one_limit(scale, rule, sexes[code], None if years == _NO_AGE else float(years))
        for code, years in groups
    ]
    values = np.array([value for value, _ in found], dtype=np.float64)
    equal = [at_limit for value, at_limit in found if not np.isnan(value)]
    if len(set(equal)) > 1:
        raise ValueError(f"scale {scale.key}: cut-offs disagree whether equality is clinical")
    exists = rule.cutoff == "c" or any(c.preferred and c.kind in _KINDS for c in scale.cut_offs)
    return Limits(values[of_person.ravel()], equal[0] if equal else True, exists)


def _one_limit(
    scale: Scale, rule: ReliableChange, sex: Sex, age: float | None
) -> tuple[float, bool]:
    if rule.cutoff == "c":
        clinical, general = (
            _norm(scale, population, sex) for population in ("clinical", "general")
        )
        if clinical is None or general is None or clinical.sd is None or general.sd is None:
            return np.nan, True
        return cutoff_c(clinical.mean, clinical.sd, general.mean, general.sd), True
    found = _published(scale, sex, age)
    return (np.nan, True) if found is None else (found.value, found.case_if in _EQUAL_IS_CLINICAL)


def _published(scale: Scale, sex: Sex, age: float | None) -> CutOff | None:
    for kind in _KINDS:
        if any(cut_off.preferred and cut_off.kind == kind for cut_off in scale.cut_offs):
            return scale.cut_off(sex, age, kind)
    return None


def _norm(scale: Scale, population: str, sex: Sex) -> Norm | None:
    """The preferred norm for everybody; where none is, the one for the person's sex."""
    norms = [n for n in scale.norms if n.population == population and n.age_min is None]
    for_all = [n for n in norms if n.preferred and n.sex == "any"]
    by_sex = [n for n in norms if n.sex == sex and sex != "any"]
    return (for_all + by_sex + [None])[0]
