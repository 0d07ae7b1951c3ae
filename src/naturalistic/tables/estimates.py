"""The result tables: one row = one number someone could quote."""

from __future__ import annotations

from collections.abc import Mapping

from naturalistic.tables.schema import Column, Table
from naturalistic.vocabulary import ESTIMANDS, STATUSES

KEY_COLUMNS = (
    "cohort",
    "analysis",
    "estimand",
    "definition",
    "instrument",
    "scale",
    "population",
    "model",
    "specification",
    "term",
    "contrast",
    "dimensions",
    "time",
    "time_unit",
)
COUNT_COLUMNS = (
    "n_patients",
    "n_episodes",
    "n_therapists",
    "n_events",
    "numerator",
    "denominator",
    "n_missing",
)

_MEANINGS = {
    "cohort": "Cohort the number is about.",
    "analysis": "Analysis that made it.",
    "definition": "Which definition of dropout, absence, recovery ... is meant.",
    "instrument": "Instrument.",
    "scale": "Scale of the instrument.",
    "population": "Who is counted.",
    "model": "Model, for model output.",
    "specification": "Variant of the model or method.",
    "term": "Term of the model, or the named quantity.",
    "contrast": "Level against reference level.",
    "dimensions": "What the row is broken down by: name=level;name=level, sorted; empty for the whole.",
    "time_unit": "Clock of `time`.",
}

ESTIMATES = Table(
    "estimates",
    "one row a quotable number",
    KEY_COLUMNS,
    (
        *(Column(n, "text", _MEANINGS[n]) for n in KEY_COLUMNS[:2]),
        Column("estimand", "category", "Kind of number.", levels=tuple(ESTIMANDS), required=True),
        *(Column(n, "text", _MEANINGS[n]) for n in KEY_COLUMNS[3:12]),
        Column("time", "number", "Point on the time grid, for curves."),
        Column("time_unit", "text", _MEANINGS["time_unit"]),
        Column("estimate", "number", "The number, on the scale a reader quotes."),
        Column("std_error", "number", "Standard error, on the scale of the estimand."),
        Column("conf_low", "number", "Lower limit."),
        Column("conf_high", "number", "Upper limit."),
        Column("conf_level", "number", "Nominal coverage."),
        Column("statistic", "number", "Test statistic."),
        Column("df", "number", "Degrees of freedom."),
        Column("p_value", "number", "p value."),
        Column("n_patients", "integer", "People the number rests on."),
        Column("n_episodes", "integer", "Episodes the number rests on."),
        Column("n_therapists", "integer", "Therapists behind it."),
        Column("n_events", "integer", "Events behind it."),
        Column("numerator", "integer", "Numerator of a rate."),
        Column("denominator", "integer", "Denominator of a rate."),
        Column("n_missing", "integer", "People left out because a value is missing."),
        Column("status", "category", "Whether there is a number.", levels=STATUSES, required=True),
        Column("method", "text", "Estimator and interval in words."),
        Column("note", "text", "Why there is no number, or a caution."),
    ),
)

COVARIANCES = Table(
    "covariances",
    "one row a pair of terms of a model",
    ("cohort", "analysis", "model", "specification", "term_a", "term_b"),
    (
        *(
            Column(n, "text", m, required=True)
            for n, m in (
                ("cohort", "Cohort."),
                ("analysis", "Analysis."),
                ("model", "Model."),
                ("specification", "Variant of the model."),
                ("term_a", "First term."),
                ("term_b", "Second term."),
            )
        ),
        Column("value", "number", "Covariance of the two coefficients.", required=True),
    ),
)


def dimension_text(levels: Mapping[str, object]) -> str:
    """`name=level;name=level`, sorted by name: the one spelling of a breakdown."""
    return ";".join(f"{name}={levels[name]}" for name in sorted(levels))


def dimension_levels(text: str) -> dict[str, str]:
    """The breakdown of a `dimensions` text as a mapping; empty for the whole."""
    return dict(part.split("=", 1) for part in text.split(";")) if text else {}
