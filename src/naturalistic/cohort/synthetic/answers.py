"""Answers to questionnaires, given the true score at which they are completed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.cohort.synthetic.model import CohortModel, Forms

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

# CORE-OM: items of each domain, and the mean answer (0 to 4) of a domain as a + b * (mean answer of all items). The
# means of the domains in clinical and in general samples guided a and b; weighted by items they sum to 0 and to 1.
_DOMAINS = {
    "wellbeing": ((4, 14, 17, 31), 0.14, 1.20),
    "problems": ((2, 5, 8, 11, 13, 15, 18, 20, 23, 27, 28, 30), 0.11, 1.18),
    "functioning": ((1, 3, 7, 10, 12, 19, 21, 25, 26, 29, 32, 33), 0.0, 1.0),
    "risk": ((6, 9, 16, 22, 24, 34), -0.313, 0.507),
}
REVERSED = (3, 4, 7, 12, 19, 21, 31, 32)
N_ITEMS = 34
_SD_OF_DOMAIN = 0.3
"""SD between people of a domain's mean answer around what the total suggests."""

PHQ_9_MAXIMUM, GAD_7_MAXIMUM = 27, 21


def observed_points(
    true_score: FloatArray, model: CohortModel, rng: np.random.Generator
) -> FloatArray:
    """True score of the week of the form: the course plus the noise of the week, points within 0.2 to 39.8."""
    noisy = true_score + rng.normal(0.0, model.baseline.sd_week, len(true_score))
    return np.clip(noisy, 0.2, 39.8)


def core_om_items(
    points: FloatArray, person: IntArray, n_people: int, forms: Forms, rng: np.random.Generator
) -> FloatArray:
    """Raw answers to the 34 items of CORE-OM, NaN where left out.

    Every answer is binomial: ``Binomial(4, m / 4)`` with the mean answer `m` of its item. `m` is linear in the true
    score, so that the expected clinical score is the true score wherever no item is at its floor or ceiling; people differ
    in the profile of their domains.

    Parameters
    ----------
    points : ndarray, shape (n_forms,)
        True score, 0 to 40.
    person : ndarray of int, shape (n_forms,)
        Whose form it is: a person's profile is the same on every form.
    n_people : int
        Number of people.
    forms : Forms
        Items and pages left out.
    rng : Generator
        Source of randomness.

    Returns
    -------
    ndarray, shape (n_forms, 34)
        As ticked: positively worded items not reversed.
    """
    mean = np.empty((len(points), N_ITEMS))
    weight = np.array([len(items) for items, _, _ in _DOMAINS.values()]) / N_ITEMS
    profile = rng.normal(0.0, _SD_OF_DOMAIN, (n_people, len(_DOMAINS)))
    profile -= (profile @ weight)[
        :, None
    ]  # profiles shift domains against one another, not the total
    for domain, (items, intercept, slope) in enumerate(_DOMAINS.values()):
        centre = intercept + slope * points / 10 + profile[person, domain]
        # easier and harder items, adding up to 0 within the domain
        offset = np.linspace(-0.25, 0.25, len(items))
        mean[:, np.array(items) - 1] = centre[:, None] + offset
    answers = rng.binomial(4, np.clip(mean / 4, 0.02, 0.98)).astype(np.float64)
    turned = np.array(REVERSED) - 1
    answers[:, turned] = 4 - answers[:, turned]
    answers[rng.random(answers.shape) < forms.item_missing] = np.nan
    answers[rng.random(len(points)) < forms.page_missing, 17:] = np.nan
    return answers


def core_om_total(points: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Clinical score of complete forms, held as a total: ten times the mean of 34 answers, two decimals."""
    return np.round(10 * rng.binomial(4 * N_ITEMS, points / 40) / N_ITEMS, 2)


def phq_9_and_gad_7(
    points: FloatArray, person: IntArray, n_people: int, rng: np.random.Generator
) -> pd.DataFrame:
    """Totals of both questionnaires; anxiety goes with the true score but has a level of its own."""
    own = rng.normal(3.0, 4.0, n_people)[person]
    phq = rng.binomial(PHQ_9_MAXIMUM, np.clip(points / 40, 0.01, 0.99))
    gad = rng.binomial(GAD_7_MAXIMUM, np.clip((points + own) / 40, 0.01, 0.99))
    return pd.DataFrame({"phq_9": phq, "gad_7": gad})
