"""Hazard ratios of dropout beside the plain Cox model: Fine and Gray, and Firth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from naturalistic.analyses.interface import EstimateRows
from naturalistic.analyses.leaving.absolute import FEWEST_EVENTS
from naturalistic.analyses.leaving.clocks import FloatArray
from naturalistic.analyses.leaving.fitted import Fitted
from naturalistic.analyses.leaving.incidence import TRUNCATED
from naturalistic.analyses.leaving.model_people import ModelPeople
from naturalistic.analyses.model_rows import add_coefficients
from naturalistic.stats.coefficient_table import coefficient_columns
from naturalistic.stats.cox_firth import METHOD as FIRTH_METHOD
from naturalistic.stats.cox_firth import fit_cox_firth
from naturalistic.stats.fine_gray import FineGrayFit, fine_gray

FINE_GRAY, FIRTH = "fine_gray", "cause_specific_cox_firth"
MEANING = (
    "above one: a larger share has dropped out by any time, the other ways of ending taken into account; "
    "the cause-specific ratio is the rate of leaving among those still in therapy, which other endings do not touch"
)


@dataclass(frozen=True)
class LogRatios:
    """Log ratios of an engine in the shape `add_coefficients` reads."""

    terms: tuple[str, ...]
    status: str
    coefficients: FloatArray
    std_errors: FloatArray
    covariance: FloatArray
    conf_low: FloatArray
    conf_high: FloatArray
    conf_level: float
    p_values: FloatArray


def _counts(people: ModelPeople) -> dict[str, Any]:
    return {
        "n_events": people.n_events,
        "n_missing": people.n_missing,
        "denominator": len(people.time),
    }


def add_subdistribution(
    rows: EstimateRows, people: ModelPeople, conf_level: float, **key: Any
) -> list[Fitted]:
    """Subdistribution hazard ratios of dropping out (Fine and Gray 1999), clustered by therapist."""
    model: dict[str, Any] = {"model": FINE_GRAY, "specification": "adjusted"}
    if people.entry is not None:
        rows.add(
            "subdistribution_hazard_ratio",
            term="model",
            status="not_run",
            note=TRUNCATED,
            **model,
            **key,
        )
        return []
    fit = fine_gray(
        people.matrix, people.time, people.cause, cluster=people.therapist, conf_level=conf_level
    )
    table = _with_few_therapists(people, fit)
    notes = (MEANING, fit.note, *people.notes)
    add_coefficients(
        rows,
        "subdistribution_hazard_ratio",
        table,
        people.terms,
        counts=people.people,
        ratio=True,
        method=fit.method,
        note="; ".join(note for note in notes if note),
        n_therapists=fit.n_clusters if people.therapist is not None else None,
        **model,
        **_counts(people),
        **key,
    )
    return [Fitted(FINE_GRAY, "adjusted", people.terms, table)]


def _with_few_therapists(people: ModelPeople, fit: FineGrayFit) -> LogRatios:
    """The engine's answer, with G/(G-1) and t on G - 1 degrees of freedom as in the Cox models."""
    n_therapists = fit.n_clusters if people.therapist is not None else 0
    factor = n_therapists / (n_therapists - 1) if n_therapists > 1 else 1.0
    df = n_therapists - 1.0 if n_therapists > 1 else np.inf
    columns = coefficient_columns(fit.coefficients, fit.covariance * factor, fit.conf_level, df)
    return LogRatios(
        terms=tuple(people.names),
        status=fit.status,
        coefficients=columns["coefficients"],
        std_errors=columns["std_errors"],
        covariance=columns["covariance"],
        conf_low=columns["conf_low"],
        conf_high=columns["conf_high"],
        conf_level=fit.conf_level,
        p_values=columns["p_values"],
    )


def add_few_events(rows: EstimateRows, people: ModelPeople, conf_level: float, **key: Any) -> None:
    """Firth's penalised hazard ratios where there are fewer than five dropouts a parameter."""
    model = {"model": FIRTH, "specification": "adjusted", **key}
    ratio = f"{people.events_per_parameter:.1f} dropouts per parameter"
    if people.events_per_parameter >= FEWEST_EVENTS:
        note = f"not needed: {ratio}"
        rows.add("hazard_ratio", term="model", status="not_run", note=note, **model)
        return
    fit = fit_cox_firth(
        people.time,
        people.dropped,
        people.matrix,
        entry=people.entry,
        term_names=people.names,
        conf_level=conf_level,
    )
    table = LogRatios(
        fit.terms,
        fit.status,
        fit.coefficients,
        fit.std_errors,
        np.full((len(fit.terms),) * 2, np.nan),
        fit.conf_low,
        fit.conf_high,
        fit.conf_level,
        fit.p_values,
    )
    add_coefficients(
        rows,
        "hazard_ratio",
        table,
        people.terms,
        counts=people.people,
        ratio=True,
        method=FIRTH_METHOD,
        note="; ".join((ratio, *fit.notes, *people.notes)),
        **_counts(people),
        **model,
    )
