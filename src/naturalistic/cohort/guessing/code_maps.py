"""A guessed column with a closed list: what its codes stand for, and what has to be asked."""

from __future__ import annotations

from dataclasses import dataclass

from naturalistic.cohort.guessing.code_words import MISSING, Meanings, meanings
from naturalistic.cohort.guessing.column import ROWS_TO_WRITE_A_VALUE, Column
from naturalistic.cohort.guessing.columns import Guess
from naturalistic.cohort.guessing.questions import LEAVE_OUT, Option, Question
from naturalistic.vocabulary import (
    ATTENDANCE,
    CHARACTERISTICS,
    CONTACT_TYPES,
    ENDINGS,
    OCCASIONS,
    Word,
)

_MOST_CODE_QUESTIONS = 12
_CLOSED = {
    "attendance": ATTENDANCE,
    "contact_type": CONTACT_TYPES,
    "ending": ENDINGS,
    "occasion": OCCASIONS,
}


@dataclass
class Entry:
    """The value of one canonical column in the draft.

    Attributes
    ----------
    value : object
        Name of a column, or a dict as in `ColumnMap`.
    comment : str
        Confidence, reason, and what else the user should know.
    needs : tuple of Question
        Questions whose answer can take the column out.
    """

    value: object
    comment: str
    needs: tuple[Question, ...] = ()


def words_of_list(name: str) -> dict[str, Word]:
    """The closed words of a canonical column."""
    if name in _CLOSED:
        words = dict(_CLOSED[name])
        words.pop("open", None)
        return words
    return dict(CHARACTERISTICS[name].levels)


def coded_entry(guess: Guess, said: str) -> Entry:
    """The entry of a column with a closed list.

    Parameters
    ----------
    guess : Guess
    said : str
        Confidence and reason.

    Returns
    -------
    Entry
        With the codes that are known, and a question for each frequent code that is not.
    """
    column, name = guess.column, guess.field
    heard = guess.meanings or meanings(name, column.texts, national=False)
    accepted = words_of_list(name)
    plain = {t.casefold() for key, w in accepted.items() for t in (key, w.label)}
    writable = sorted(t for t in column.writable() if t.casefold() not in plain)
    if heard.published and not heard.certain:
        return _asked_as_list(column, said, heard, writable)
    codes: dict[str, object] = {}
    missing: list[str] = list(column.missing_here_only())
    asked: list[Question] = []
    unknown = [t for t in writable if t not in heard.known]
    for text in writable:
        if text in heard.known:
            if heard.known[text] == MISSING:
                missing.append(text)
            else:
                codes[text] = heard.known[text]
        elif len(unknown) <= _MOST_CODE_QUESTIONS:
            asked.append(_code_question(column, name, text, accepted))
            codes[text] = asked[-1]
    value: dict[str, object] = {"from": column.name}
    if codes:
        value["codes"] = codes
    if missing:
        value["missing_codes"] = missing
    if len(unknown) > _MOST_CODE_QUESTIONS:
        question = _list_question(column, name, len(unknown))
        return Entry({**value, "codes": question}, said, (question,))
    said += _rare(column)
    return Entry(value if len(value) > 1 else column.name, said)


def _rare(column: Column) -> str:
    n = column.n_rare()
    if not n:
        return ""
    return f"; {n} further code{'s' * (n > 1)} in fewer than {ROWS_TO_WRITE_A_VALUE} rows each not shown here"


def _code_question(column: Column, name: str, text: str, accepted: dict[str, Word]) -> Question:
    options = tuple(Option(word.label, key) for key, word in accepted.items())
    asked = f"what does the code {text!r} of {column.name!r} stand for ({name})?"
    label = column.value_labels.get(text)
    if label:
        asked += f" Its label is {label!r}."
    return Question(
        asked, (*options, Option("nothing: the cell counts as missing", LEAVE_OUT.value))
    )


def _list_question(column: Column, name: str, n: int) -> Question:
    text = (
        f"{n} codes of {column.name!r} are not known. Write what each stands for ({name}), as "
        "{code: word, code: word}, or leave the column out."
    )
    return Question(text, (LEAVE_OUT,))


def _asked_as_list(column: Column, said: str, heard: Meanings, writable: list[str]) -> Entry:
    known = {t: heard.known[t] for t in writable if heard.known.get(t, MISSING) != MISSING}
    missing = [t for t in writable if heard.known.get(t) == MISSING]
    shown = ", ".join(f"{code} {word}" for code, word in known.items())
    question = Question(
        f"are the codes of {column.name!r} those of the list {heard.published!r} ({shown})?",
        (Option("yes", known), Option("no: leave the column out", LEAVE_OUT.value)),
    )
    value: dict[str, object] = {"from": column.name, "codes": question}
    if missing:
        value["missing_codes"] = missing
    return Entry(value, said + _rare(column), (question,))
