"""Change by number of sessions in the report: who attended how many, endings, and the models."""

from __future__ import annotations

from naturalistic.report.blocks import Table
from naturalistic.report.released import Released, is_ok
from naturalistic.report.sections.dose_figures import ENDINGS, NAME, bands_of
from naturalistic.report.wording import (
    brief_interval,
    count,
)

SPECIFICATIONS = {
    "alone": "Sessions alone",
    "given_first_score": "Given the score before therapy",
    "adjusted": "Given score and characteristics",
    "adjusted_and_ending": "Given score, characteristics and ending",
}
MODELS = ("dose", "dose_population_averaged")


def who_attended(released: Released) -> Table | None:
    """How people who attended few and many sessions differ to begin with."""
    first = bands_of(released, "mean", "first_score")
    planned = bands_of(released, "proportion", "planned_ending")
    paired = bands_of(released, "proportion", "paired")
    if not paired:
        return None
    return Table(
        "How people who attended few and many sessions differ: everyone whose therapy has ended",
        (
            "Sessions",
            "Score before therapy (interval)",
            "Planned ending (interval)",
            "Have both forms (interval)",
            "People",
        ),
        [
            (
                name,
                brief_interval(first.get(name)),
                brief_interval(planned.get(name)),
                brief_interval(row),
                count(row, "n_patients"),
            )
            for name, row in paired.items()
        ],
        note="Where these columns differ, a difference in change cannot be put down to the sessions.",
    )


def ending_table(released: Released) -> Table | None:
    """Change and sessions after planned and unplanned endings."""
    change = dict(released.levels(NAME, "ending", estimand="mean_change", term=""))
    if not any(is_ok(row) for row in change.values()):
        return None
    pace = dict(released.levels(NAME, "ending", estimand="mean_change", term="per_ten_sessions"))
    sessions = dict(released.levels(NAME, "ending", estimand="mean", term="sessions_attended"))
    paired = dict(released.levels(NAME, "ending", estimand="proportion", term="paired"))
    return Table(
        "Change and sessions after planned and unplanned endings",
        (
            "Ending",
            "Mean change (interval)",
            "Per ten sessions",
            "Sessions attended",
            "Have both forms",
            "People with both",
        ),
        [
            (
                words,
                brief_interval(change.get(word)),
                brief_interval(pace.get(word)),
                brief_interval(sessions.get(word)),
                brief_interval(paired.get(word)),
                count(change.get(word), "n_patients"),
            )
            for word, words in ENDINGS.items()
        ],
        folded=True,
        note="Sessions and share with both forms: everyone whose therapy ended this way.",
    )


def doubling_table(released: Released) -> Table | None:
    """Points for each doubling of the sessions, with more and more held equal."""
    found = {
        (spec, model): released.one(NAME, estimand="coefficient", model=model, specification=spec)
        for spec in SPECIFICATIONS
        for model in MODELS
    }
    if not any(is_ok(row) for row in found.values()):
        return None
    rows = []
    for spec, words in SPECIFICATIONS.items():
        mixed, twin = (found[(spec, model)] for model in MODELS)
        if twin is not None:
            fitted = str(mixed["method"]) if is_ok(mixed) else str(twin["note"])  # type: ignore[index]
            rows.append(
                (
                    words,
                    brief_interval(mixed),
                    brief_interval(twin),
                    count(twin, "n_patients"),
                    fitted,
                )
            )
    return Table(
        "Points of change with each doubling of the sessions attended",
        (
            "Held equal",
            "Therapist effects (mixed model)",
            "Population averaged",
            "People",
            "Model as fitted",
        ),
        rows,
        folded=True,
        prose=True,
        note="Were the number of sessions set by chance, the lines would agree but for chance. The second column compares "
        "average people whoever treats them, with errors that allow for patients of one therapist being alike.",
    )
