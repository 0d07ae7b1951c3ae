"""Bundles of simulated services, made as a run makes them: rows, disclosure control, bundle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from naturalistic.analyses.interface import EstimateRows
from naturalistic.reference.loader import load_instruments
from naturalistic.release.bundle_digest import digest, file_text
from naturalistic.release.disclosure import protect
from naturalistic.release.evidence import make_bundle, run_record
from naturalistic.settings.config import AnalysisSettings
from naturalistic.stats.rates import clustered_rate, rate
from naturalistic.stats.result import Estimate

INSTRUMENTS = {"core_om": load_instruments([])["core_om"]}
MEASURE = {"instrument": "core_om", "scale": "all"}
DROPPED = {"definition": "unplanned_ending", "term": "dropout"}


def rows_of(name: str, rng: np.random.Generator, people: int, effect: float) -> dict[str, Any]:
    """Estimates of one simulated service at full precision, by analysis."""
    paired = people // 2
    change = rng.normal(5.0 + effect, 6.0, paired)
    mean, error = float(change.mean()), float(change.std(ddof=1) / np.sqrt(paired))
    outcome = EstimateRows(name, "outcome_change", population="paired", **MEASURE)
    for estimand, unit in (("mean_change", 1.0), ("standardised_mean_change", 7.0)):
        half = 1.98 * error / unit
        given = Estimate(mean / unit, error / unit, mean / unit - half, mean / unit + half)
        outcome.add(estimand, given, n_patients=paired)
    flow = EstimateRows(name, "participant_flow")
    for population, count in (("referred", 2 * people), ("started", people), ("paired", paired)):
        flow.add("count", float(count), term="people", population=population, n_patients=count)
    share = rate(paired, people)
    flow.add(
        "proportion",
        share,
        term="share_of_started",
        population="paired",
        n_patients=people,
        numerator=paired,
        denominator=people,
    )
    dropped = int(rng.binomial(people, 1 / (1 + np.exp(0.9 - effect / 4))))
    dropout = EstimateRows(name, "dropout", population="started")
    dropout.add(
        "proportion",
        rate(dropped, people),
        n_patients=people,
        numerator=dropped,
        denominator=people,
        **DROPPED,
    )
    for i, time in enumerate((4, 8, 16, 24)):
        by = dropped * (i + 1) / 4 / people
        dropout.add(
            "cumulative_incidence",
            Estimate(by, float(np.sqrt(by * (1 - by) / people))),
            time=float(time),
            time_unit="attended_sessions",
            n_patients=people - dropped,
            n_events=round(by * people),
            denominator=people,
            **DROPPED,
        )
    models = EstimateRows(
        name,
        "outcome_models",
        population="started",
        model="pre_post",
        specification="adjusted",
        **MEASURE,
    )
    for term, contrast, value in (("time", "", -5.0 - effect), ("age", "per 10 years", 0.2)):
        models.add(
            "coefficient",
            Estimate(value + rng.normal(0, 0.4), 0.4),
            term=term,
            contrast=contrast,
            n_patients=people,
        )
    frames = (flow.frame(), outcome.frame(), dropout.frame(), models.frame())
    return {str(frame["analysis"].iloc[0]): frame for frame in frames}


def improved_rows(name: str, rng: np.random.Generator, people: int, therapists: int) -> Any:
    """Reliable improvement of people who share therapists: the plain rate and the one that leaves therapists out."""
    therapist = np.arange(people) % therapists
    outcome = (rng.random(people) < rng.beta(2.0, 2.0, therapists)[therapist]).astype(float)
    key = {**MEASURE, "definition": "jacobson_truax", "term": "reliable_improvement"}
    rows = EstimateRows(name, "clinical_change", population="paired", **key)
    top = int(outcome.sum())
    rows.add_proportion(top, people, rate(top, people))
    clustered = clustered_rate(outcome, therapist)
    rows.add_proportion(top, people, clustered, specification="therapist_clustered")
    return rows.frame()


def bundle_of(
    name: str,
    seed: int = 1,
    people: int = 240,
    effect: float = 0.0,
    therapists: int = 0,
    **settings: Any,
) -> dict[str, Any]:
    """A bundle as `stage evidence` writes it; with `therapists` it holds a rate of people who share them."""
    rng = np.random.default_rng(seed)
    frames = rows_of(name, rng, people, effect)
    if therapists:
        frames["clinical_change"] = improved_rows(name, rng, people, therapists)
    released = {analysis: protect(frame, "opensafely")[0] for analysis, frame in frames.items()}
    record = run_record(
        cohort=name,
        title=f"Service {name}",
        service=f"Service {name}",
        contact="nobody",
        synthetic=True,
        published=None,
        profile="opensafely",
        settings=AnalysisSettings(**settings).model_dump(mode="json"),
        provenance={"data_cut": "2024-03-31", "calendar": "real", "files": {"a": f"{seed:064d}"}},
    )
    return make_bundle(record, released, instruments=INSTRUMENTS)


def write(folder: Path, bundle: dict[str, Any], name: str = "") -> Path:
    """The file of a bundle."""
    path = folder / f"{name or bundle['cohort']}.json"
    path.write_bytes(file_text(bundle).encode())
    return path


def signed(bundle: dict[str, Any]) -> dict[str, Any]:
    """A bundle changed by someone who knows how its digest is made."""
    rest = json.loads(json.dumps({k: v for k, v in bundle.items() if k != "digest"}))
    return {**rest, "digest": digest(rest)}
