"""What the paired of a synthetic cohort show, seed by seed: the evidence that a preset hits the figures it is set to.

python -m naturalistic.cohort.synthetic.calibration --seeds 100
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd

from naturalistic.cohort.episodes import derive_episodes
from naturalistic.cohort.outcomes import derive_outcomes
from naturalistic.cohort.scoring import score_questionnaires
from naturalistic.cohort.synthetic.canonical import canonical_tables
from naturalistic.cohort.synthetic.model import CohortModel
from naturalistic.cohort.synthetic.presets import HIRSCHFELD
from naturalistic.cohort.synthetic.simulation import simulate
from naturalistic.reference.loader import load_instruments
from naturalistic.settings.config import AnalysisSettings, ReliableChange
from naturalistic.vocabulary import ABSENCE_DEFINITIONS

FIRST_SEED = 2000


def paired_figures(model: CohortModel, seed: int) -> dict[str, float]:
    """Figures of the paired on the clinical score of CORE-OM, by the ordinary stages with the settings as shipped.

    Parameters
    ----------
    model : CohortModel
        A model whose forms are CORE-OM.
    seed : int
        Of the draw.

    Returns
    -------
    dict of str to float
        Counts, points, sessions and shares; differences at the start (``first_...``) and in attended sessions
        (``sessions_...``) between groups; ``first_with_absence`` is the correlation of the first score with the share of
        bookings missed.
    """
    frame = _paired(model, seed)
    first, last = frame["first_score"], frame["last_score"]
    sessions = frame["sessions_attended"].astype("float64")
    missed_states = ABSENCE_DEFINITIONS["patient_side"][1]
    missed = frame[list(missed_states)].sum(axis="columns").astype("float64")
    improved = frame["change_category"].isin(["recovered", "improved"])
    worse = frame["change_category"].isin(["deteriorated", "deteriorated_across_cutoff"])
    figures = {
        "n_paired": len(frame),
        "mean_first": first.mean(),
        "mean_last": last.mean(),
        "sd_first": first.std(),
        "sd_last": last.std(),
        "correlation": first.corr(last),
        "standardised_mean_change": (first - last).mean() / first.std(),
        "sessions_attended_mean": sessions.mean(),
        "absence_share": missed.sum() / (missed.sum() + sessions.sum()),
        "reliably_improved": improved.mean(),
        "reliably_deteriorated": worse.mean(),
        "first_with_absence": first.corr(missed / (missed + sessions)),
    }
    for name, (column, level, than) in _DIFFERENCES.items():
        one, other = frame[column] == level, frame[column] == than
        figures[f"first_{name}"] = first[one].mean() - first[other].mean()
        figures[f"sessions_{name}"] = sessions[one].mean() - sessions[other].mean()
    return {name: float(value) for name, value in figures.items()}


_DIFFERENCES = {
    "unemployed": ("employment", "unemployed", "employed"),
    "long_term_sick": ("employment", "long_term_sick_or_disabled", "employed"),
    "medicated": ("medication", "yes", "no"),
    "women": ("gender", "female", "male"),
    "with_partner": ("relationship_status", "with_partner", "single"),
}


def _paired(model: CohortModel, seed: int) -> pd.DataFrame:
    tables = canonical_tables(simulate(model, seed))
    # the committed expectations are by the published criterion, which no draw of people moves
    settings = AnalysisSettings(reliable_change=ReliableChange(criterion="published"))
    instruments = load_instruments()
    patients = tables["patients"]
    episodes = derive_episodes(
        patients, tables["referrals"], tables["sessions"], model.pathway.data_cut, settings
    )
    scores = score_questionnaires(tables["questionnaires"], instruments)
    scores = scores[(scores["instrument"] == "core_om") & (scores["scale"] == "all")]
    outcomes = derive_outcomes(scores, episodes, instruments, settings, patients)
    outcomes = outcomes[outcomes["pairing"] == "paired"].drop(columns="patient_id")
    counted = episodes[episodes["counts"] == "yes"]
    return outcomes.merge(counted, on="referral_id").merge(patients, on="patient_id")


def calibration_table(model: CohortModel, n_seeds: int) -> pd.DataFrame:
    """Mean over seeds, its Monte Carlo error and the SD between seeds, of every figure."""
    seeds = range(FIRST_SEED, FIRST_SEED + n_seeds)
    runs = pd.DataFrame([paired_figures(model, seed) for seed in seeds])
    error = runs.std() / np.sqrt(n_seeds)
    return pd.DataFrame({"mean": runs.mean(), "error": error, "sd_between_seeds": runs.std()})


def main() -> None:
    """Print the table of the preset ``hirschfeld``."""
    parser = argparse.ArgumentParser(description=calibration_table.__doc__)
    parser.add_argument("--seeds", type=int, default=100)
    table = calibration_table(HIRSCHFELD, parser.parse_args().seeds)
    print(table.round(4).to_string())


if __name__ == "__main__":
    main()
