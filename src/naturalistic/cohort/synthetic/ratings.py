"""Therapists' ratings of problems and risks before and after."""

from __future__ import annotations

import numpy as np
import pandas as pd

from naturalistic.cohort.synthetic.courses import true_score
from naturalistic.cohort.synthetic.model import CohortModel
from naturalistic.cohort.synthetic.people import stacked

WORST = {"problem": 4, "risk": 4}
_SD_OF_RATING = 0.6


def draw_ratings(
    model: CohortModel, courses: pd.DataFrame, data_cut: int, rng: np.random.Generator
) -> pd.DataFrame:
    """Ratings of every course that started: 0 absent, 1 minimal, 2 mild, 3 moderate, 4 severe.

    A problem that is there begins around moderate, the worse the higher the true score; it falls by its mean improvement
    times the person's own improvement over the mean gain.

    Returns
    -------
    DataFrame
        ``course``, ``kind``, ``subject``, ``occasion``, ``day``, ``value``.
    """
    how = model.ratings
    if how is None:
        return pd.DataFrame(columns=["course", "kind", "subject", "occasion", "day", "value"])
    started = (courses["stage"] == "started") & courses["first_booked"].between(0, data_cut)
    started &= (courses["last_attended"] >= 0).to_numpy()
    course = np.flatnonzero(started.to_numpy())
    own = courses.iloc[course]
    at_start = rng.random(len(own)) < how.rated_at_start
    planned = (own["true_ending"] == "planned_ending").to_numpy()
    at_end = rng.random(len(own)) < np.where(planned, how.rated_at_end, how.rated_at_end / 2)
    at_end &= (own["closed"].between(0, data_cut)).to_numpy()
    better = own["start_score"].to_numpy() - true_score(
        own, own["sessions"], model.change.sessions_scale
    )
    share = np.clip(better / model.change.gain, -1.0, 2.5)
    parts = []
    for kind, subjects in (("problem", how.problems), ("risk", how.risks)):
        for subject, prevalence, improvement in subjects:
            there = rng.random(len(own)) < prevalence
            level = 2.7 + (own["start_score"].to_numpy() - 20) / 10 - (0.9 if kind == "risk" else 0)
            before = level + rng.normal(0.0, _SD_OF_RATING, len(own))
            after = before - improvement * share + rng.normal(0.0, _SD_OF_RATING, len(own))
            for occasion, value, rated, day in (
                ("pre", before, at_start, own["first_booked"]),
                ("end", after, at_end, own["last_attended"]),
            ):
                lowest = 1 if occasion == "pre" else 0
                value = np.where(there, np.clip(np.round(value), lowest, WORST[kind]), 0)
                parts.append(
                    pd.DataFrame(
                        {
                            "course": course,
                            "kind": kind,
                            "subject": subject,
                            "occasion": occasion,
                            "day": day.to_numpy(),
                            "value": value.astype(np.int64),
                        }
                    )[rated]
                )
    return stacked(parts)
