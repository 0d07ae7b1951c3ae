"""The words of the report and what they mean here."""

from __future__ import annotations

from naturalistic.reference.published_models import PublishedStudy
from naturalistic.report.blocks import Section, Table
from naturalistic.report.released import Released
from naturalistic.report.thresholds import thresholds
from naturalistic.report.wording import (
    absence_label,
    capital,
    category_label,
    population_label,
)
from naturalistic.vocabulary import CHANGE_CATEGORIES, DROPOUT_DEFINITIONS, POPULATIONS

WORDS = {
    "Interval": "The range of values that the data are compatible with, at the level stated (95% unless another is "
    "given). A wide interval means an imprecise figure.",
    "Standardised": "Divided by a standard deviation, so that different forms can be compared. 0.2 is often called "
    "small, 0.5 medium, 0.8 large; these names were not made for before-and-after designs.",
    "Odds ratio, hazard ratio": "How much more (above 1) or less (below 1) something happens in one group than in "
    "another, other characteristics held equal.",
    "Cumulative incidence": "The share of everyone who started that has ended in a given way by a given time.",
    "Withheld": "Not shown because the figure rests on few people, or would give such a figure away.",
    "Not measured here": "The data do not hold what the figure needs.",
    "Cannot be estimated": "The data hold it, but not enough of it, or not in a form the method can use.",
}


def definitions(released: Released, _: PublishedStudy | None) -> Section:
    """A glossary in the words of this run."""
    limits, lower = thresholds(released), released.lower_is_better
    settings = released.settings["dropout"]
    numbers = {
        "lost_contact": f" ({settings['lost_contact_weeks']} weeks)",
        "fewer_than_k_sessions": f" ({settings['fewer_than_sessions']} sessions)",
    }
    rows = [
        ("Reliable change", capital(f"{limits.reliable_words}.")),
        ("Cut-off", capital(f"{limits.cut_off_words}.")),
    ]
    rows += [
        (f"Change: {key.replace('_', ' ')}", category_label(key, lower_is_better=lower) + ".")
        for key in CHANGE_CATEGORIES
    ]
    rows += [
        (f"Group: {key.replace('_', ' ')}", population_label(key, lower_is_better=lower) + ".")
        for key in POPULATIONS
    ]
    rows += [
        (
            f"Dropout: {key.replace('_', ' ')}",
            capital(word.label) + numbers.get(key, "") + ".",
        )
        for key, word in DROPOUT_DEFINITIONS.items()
    ]
    rows += [
        (f"Absence: {key.replace('_', ' ')}", capital(absence_label(key)) + ".")
        for key in ("did_not_attend", "patient_side", "all_non_delivery")
    ]
    rows += list(WORDS.items())
    table = Table("Words and what they mean in this report", ("Word", "Meaning"), rows, prose=True)
    return Section("definitions", "Definitions", (), (table,))
