"""What is true of a cohort: every parameter, what they imply, and what complete data would have shown."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.cohort.synthetic.courses import true_score
from naturalistic.cohort.synthetic.hazards import dropout_hazard, planned_hazard
from naturalistic.cohort.synthetic.simulation import Simulation

EXPECTED = {
    # mean over the seeds 2000 to 2099 and its Monte Carlo error, with the settings as shipped (calibration.py makes the
    # table again; tests/recovery/test_synthetic.py holds new runs against it)
    "hirschfeld": {
        "n_paired": (474.6, 1.9),
        "mean_first": (22.68, 0.034),
        "mean_last": (17.86, 0.039),
        "sd_first": (6.45, 0.020),
        "sd_last": (7.55, 0.020),
        "correlation": (0.623, 0.003),
        "standardised_mean_change": (0.748, 0.006),
        "sessions_attended_mean": (31.54, 0.08),
        "absence_share": (0.262, 0.0013),
        "reliably_improved": (0.485, 0.0024),
        "reliably_deteriorated": (0.053, 0.0011),
    }
}


def truth_of(made: Simulation, seed: int) -> dict[str, Any]:
    """The truth as plain values that JSON can hold.

    Returns
    -------
    dict
        ``model``: every parameter. ``seed``. ``hazards``: of dropping out, and of a planned ending by agreed number, after
        each attended session. ``therapists``: true effects. ``complete_data``: the change everybody who started had,
        whether or not a form shows it. ``missing_not_at_random``: how much better those look who completed a last form.
        ``expected``: mean over many seeds of what the paired show, where the preset is calibrated.
    """
    model = made.model
    agreed = sorted(number for number, _ in model.endings.agreed_sessions)
    return {
        "preset": model.name,
        "seed": seed,
        "model": _plain(asdict(model)),
        "hazards": {
            "clock": "attended_sessions",
            "unplanned_ending": dropout_hazard(model.endings).tolist(),
            "planned_ending": {
                str(number): planned_hazard(model.endings, number).tolist() for number in agreed
            },
            "referred_on": model.endings.referred_on,
            "service_ended": model.endings.service_ended,
            "died": model.endings.died,
        },
        "therapists": {
            name: getattr(made.staff, name).tolist() for name in ("change", "dropout", "absence")
        },
        **_of_this_draw(made),
        "expected": {
            name: {"mean": mean, "monte_carlo_error": error}
            for name, (mean, error) in EXPECTED.get(model.name, {}).items()
        },
    }


def _of_this_draw(made: Simulation) -> dict[str, Any]:
    started = (made.courses["attended_by_cut"] > 0).to_numpy()
    courses = made.courses[started]
    attended = courses["attended_by_cut"].to_numpy()
    first = courses["start_score"].to_numpy()
    last = true_score(courses, attended, made.model.change.sessions_scale)
    return {
        "complete_data": {
            "n_started": len(courses),
            **_moments(first, last),
        },
        "missing_not_at_random": {
            "log_odds_per_sd_worse": made.model.forms.per_sd_worse,
            "mean_last_with_end_form_minus_without": _selection(made, courses, last),
        },
        "counts": {
            "people": len(made.people),
            "referrals": len(made.courses),
            "contacts": len(made.contacts),
            "forms": len(made.forms),
            "true_endings": _counts(made.courses["true_ending"]),
        },
    }


def _moments(
    first: npt.NDArray[np.float64], last: npt.NDArray[np.float64]
) -> dict[str, float | None]:
    names = ("mean_first", "mean_last", "mean_change", "sd_first", "standardised_mean_change")
    if len(first) < 2:
        return dict.fromkeys(names)
    change, sd = float((first - last).mean()), float(first.std(ddof=1))
    values = (float(first.mean()), float(last.mean()), change, sd, change / sd)
    return dict(zip(names, values, strict=True))


def _selection(
    made: Simulation, courses: pd.DataFrame, last: npt.NDArray[np.float64]
) -> float | None:
    """Difference in the true last score between those who completed an end form and those who did not."""
    ended = (courses["closed"].between(0, made.data_cut)).to_numpy()
    at_end = made.forms.loc[made.forms["occasion"] == "end", "course"]
    has_form = courses.index.isin(at_end)
    with_form, without = last[ended & has_form], last[ended & ~has_form]
    if not (len(with_form) and len(without)):
        return None
    return float(with_form.mean() - without.mean())


def _counts(words: pd.Series) -> dict[str, int]:
    return {str(word): int(count) for word, count in words.value_counts().sort_index().items()}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple):
        return [_plain(inner) for inner in value]
    return value.isoformat() if isinstance(value, dt.date) else value
