"""What a single column probably is: its name weighed against its values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from naturalistic.cohort.guessing.code_words import MISSING, Meanings, meanings
from naturalistic.cohort.guessing.column import Column
from naturalistic.cohort.guessing.header_words import concept_words
from naturalistic.cohort.guessing.lexicon import name_scores
from naturalistic.cohort.guessing.value_fits import (
    MOST_CODES,
    date_fit,
    id_fit,
    number_fit,
    own_words_fit,
)
from naturalistic.tables.cohort import COHORT_TABLES

_CLOSED = {
    "attendance",
    "contact_type",
    "ending",
    "gender",
    "ethnicity",
    "relationship_status",
    "living_arrangement",
    "employment",
    "benefits",
    "education",
    "long_term_condition",
    "disability",
    "medication",
    "prior_treatment",
    "sexual_orientation",
    "religion",
    "format",
    "age_band",
    "occasion",
}
_SPEAKING = {
    # columns that words alone give away, with the fewest different meanings
    "attendance": 3,
    "ending": 3,
    "gender": 2,
    "ethnicity": 3,
    "employment": 4,
    "relationship_status": 3,
    "religion": 3,
    "sexual_orientation": 2,
}
_SURE = 0.75


@dataclass(frozen=True)
class Guess:
    """What one column may be.

    Attributes
    ----------
    target : str
        Table and canonical column, such as "referrals.ending"; "form." stands for one of a questionnaire.
    column : Column
    score : float
        From 0 to 1; what names and values say together.
    name_score : float
        What the name alone says.
    reason : str
        In words, without any value.
    meanings : Meanings or None
        Of its codes, where it has a closed list.
    """

    target: str
    column: Column
    score: float
    name_score: float
    reason: str
    meanings: Meanings | None = None

    @property
    def field(self) -> str:
        """Canonical column without the table."""
        return self.target.split(".")[1].split(":")[0]

    @property
    def confidence(self) -> str:
        """How it is worded in the draft."""
        return "sure" if self.score >= _SURE else "likely"


def guesses(column: Column, context: frozenset[str], *, national: bool) -> list[Guess]:
    """Everything a column may be, the best first.

    Parameters
    ----------
    column : Column
    context : frozenset of str
        Words that go without saying in its file.
    national : bool
        The file has the column names of a national data set.
    """
    if column.empty:
        return []
    scores = name_scores(column.words, context)
    if column.label:
        for target, score in name_scores(concept_words(column.label), context).items():
            scores[target] = max(scores.get(target, 0.0), 0.95 * score)
    found = [_weighed(column, target, score, national) for target, score in scores.items()]
    found += [_by_words(column, target, scores, national) for target in _speaking_targets()]
    found.append(_dummy_of_gender(column))
    return sorted((g for g in found if g is not None), key=lambda g: (-g.score, g.target))


def _dummy_of_gender(column: Column) -> Guess | None:
    """A column called female or male that holds 1 and 0, or yes and no."""
    named = {"female", "male", "isfemale", "ismale"} & set(column.words)
    if len(column.words) != 1 or not named or column.n_distinct != 2:
        return None
    own, other = ("female", "male") if "female" in named.pop() else ("male", "female")
    said = meanings("benefits", column.texts, national=False)
    if set(said.known.values()) != {"yes", "no"}:
        return None
    known = {text: own if word == "yes" else other for text, word in said.known.items()}
    return Guess(
        "patients.gender", column, 0.8, 0.8, "its name says what 1 and 0 mean", Meanings(known)
    )


def _speaking_targets() -> list[str]:
    tables = {name: t.name for t in COHORT_TABLES.values() for name in t.names if name in _SPEAKING}
    return [f"{tables[name]}.{name}" for name in _SPEAKING]


def _by_words(
    column: Column, target: str, scores: Mapping[str, float], national: bool
) -> Guess | None:
    """A column whose words give it away though its name does not."""
    name = target.split(".")[1]
    if (
        scores.get(target, 0.0) >= 0.45
        or column.n_distinct > MOST_CODES
        or column.dates
        or column.rules
    ):
        return None
    said = meanings(name, column.texts, national=national)
    different = {m for m in said.known.values() if m != MISSING}
    speaking = sum(len(t) > 3 for t in said.known) >= len(different) and not said.published
    if name == "gender":
        speaking = different >= {"female", "male"} and not said.published
    share = _explained_share(column, said)
    if not speaking or len(different) < _SPEAKING[name] or share < 0.85:
        return None
    score = 0.5 + 0.2 * share + 0.2 * scores.get(target, 0.0)
    return Guess(target, column, score, scores.get(target, 0.0), "its words", said)


def _weighed(column: Column, target: str, score: float, national: bool) -> Guess | None:
    table, name = target.split(".")
    if table == "ignored":
        return Guess(target, column, score, score, "its name")
    if name.startswith("age:"):
        return _birth(column, target, score)
    if name in _CLOSED:
        return _closed(column, target, name, score, national)
    kind = _kind(table, name)
    fit = {"id": id_fit, "date": date_fit, "category": own_words_fit}.get(kind)
    value = fit(column, name) if fit else number_fit(column, name)
    if value <= 0:
        return None
    return Guess(target, column, min(1.0, score * value), score, _reason(kind, value))


def _kind(table: str, name: str) -> str:
    if table == "form":
        return {
            "date": "date",
            "form_id": "id",
            "instrument": "category",
            "scale": "category",
            "item": "number",
            "session_number": "number",
            "value": "number",
        }[name]
    if name in ("patient_id", "referral_id"):
        return "id"
    return COHORT_TABLES[table].column(name).kind


def _reason(kind: str, value: float) -> str:
    also = {
        "id": "ids",
        "date": "dates",
        "category": "a few repeated words",
        "number": "numbers in range",
    }
    said = also.get(kind, also["number"])
    return f"its name; {said}" if value >= 0.9 else f"its name, though hardly {said}"


def _birth(column: Column, target: str, score: float) -> Guess | None:
    if target.endswith("birth_year"):
        fits = column.numeric and column.spread()[0] >= 1880 and column.spread()[1] <= 2030
        return Guess(target, column, score, score, "its name; years") if fits else None
    if column.dates is None and not column.serial_dates:
        return None
    return Guess(target, column, score, score, "its name; dates")


def _explained_share(column: Column, said: Meanings) -> float:
    counts = dict(zip(column.cells.values, column.counts, strict=True))
    return float(sum(int(counts[t]) for t in said.known) / max(1, column.n_filled))


def _closed(column: Column, target: str, name: str, score: float, national: bool) -> Guess | None:
    if column.dates or column.rules or column.n_distinct > max(MOST_CODES, 0.05 * column.n_filled):
        return None
    said = _labelled(column, name) or meanings(name, column.texts, national=national)
    share = _explained_share(column, said)
    fractional = column.numeric and not column.whole
    if fractional or (column.numeric and column.n_distinct > 30):
        return None
    if column.value_labels and share > 0.5:
        reason = "its name; the labels of its values"
    elif said.published:
        reason = f"its name; codes of the {said.published}"
    elif share > 0.5:
        reason = "its name; its words"
    else:
        reason = "its name; its codes are not known"
    # codes that nobody explains neither help nor hurt; words of another meaning hurt
    speaking = share if share > 0 else (0.35 if _coded(column) else 0.0)
    value = 0.6 + 0.5 * speaking if speaking else 0.3
    if name == "occasion" and column.n_distinct < 2:
        value = 0.5
    if name == "format" and share < 0.5:
        return None
    return Guess(target, column, min(1.0, score * value), score, reason, said)


def _coded(column: Column) -> bool:
    """Short codes, not words."""
    return all(len(text) <= 4 for text in column.texts)


def _labelled(column: Column, name: str) -> Meanings | None:
    """Meanings by the labels of a statistical file."""
    if not column.value_labels:
        return None
    by_label = meanings(name, set(column.value_labels.values()), national=False)
    known = {
        str(text): by_label.known[label]
        for text in column.texts
        if (label := column.value_labels.get(str(text))) is not None and label in by_label.known
    }
    return Meanings(known, tuple(str(t) for t in column.texts if t not in known))
