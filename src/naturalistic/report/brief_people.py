"""Brief: the question, who is treated, and what happens to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import pandas as pd

from naturalistic.report import sentences
from naturalistic.report.blocks import Section, Table
from naturalistic.report.brief_words import (
    average_change,
    people_words,
    ranged,
    size_of_change,
    why_not,
)
from naturalistic.report.released import JACOBSON_TRUAX, Released, is_ok
from naturalistic.report.wording import (
    WITHHELD,
    brief_interval,
    capital,
    count,
    label,
    listed,
    lower_first,
    number,
    reason,
    value,
)

MOST = 3  # problems named
JUDGED = {
    True: "those whose therapy is over, with a note of how it ended",
    False: "those for whom it can be told",
}
DENOMINATORS = {
    "referred": "Everyone referred",
    "started": "Everyone who started therapy",
    "planned_ending": "Those whose therapy ended as planned",
    "paired": "Those with a first and a last form",
}


def question(released: Released) -> Section:
    """What is to be decided, and what this brief does about it."""
    level = round(100 * float(released.settings["conf_level"]))
    text = (
        "Should this service close, stay as it is, or grow? This brief sets out what its own records show about the people "
        "it treats. It does not make the choice. It gives the facts, how sure they are, and what they cannot tell."
        f" A “likely range” is the {level}% interval: it allows for chance, and for nothing else."
    )
    return Section("brief_question", "The question", (text,))


def who(released: Released) -> Section:
    """How many were referred and started, with what problems and how unwell."""
    groups = (
        (_numbers(released), _person(released)),
        (_problems(released), _therapies(released)),
        (_scores(released), _before(released)),
    )
    texts = (" ".join(text for text in group if text) for group in groups)
    return Section("brief_who", "Who is treated", tuple(text for text in texts if text))


def _numbers(released: Released) -> str:
    referred, started = (sentences.people(released, each) for each in ("referred", "started"))
    if not is_ok(started):
        return f"How many people started therapy: {why_not(started)}."
    if float(started["estimate"]) == 0:  # type: ignore[index]  # a row that is_ok
        return "No one in these records started therapy."
    text = f"{capital(people_words(released, started))} started therapy."
    if is_ok(referred):
        text = f"{capital(people_words(released, referred))} were referred. Of these, {text[0].lower()}{text[1:]}"
    return text


def _person(released: Released) -> str:
    age = released.one("characteristics", term="age", population="started", estimand="mean")
    gender = dict(
        released.levels(
            "characteristics", "gender", population="started", estimand="proportion", term="gender"
        )
    )
    parts = []
    if is_ok(age):
        parts.append(f"Their average age was {number(age['estimate'], 0)}.")  # type: ignore[index]  # is_ok
    if is_ok(gender.get("female")):
        parts.append(f"{value(gender['female'])} were women.")
    return " ".join(parts)


def _problems(released: Released) -> str:
    found = {
        word: row
        for word, row in released.levels("nice_alignment", "problem", term="people")
        if word != "not_recorded" and is_ok(row)
    }
    known = {word: count(row) for word, row in found.items()} or _described(released)
    if not known:
        return "What problems they came with is not given here."
    order = sorted(known, key=lambda word: (-int(known[word].replace(",", "")), word))[:MOST]
    names = listed(f"{lower_first(label('problem', w))} ({known[w]} people)" for w in order)
    often = "problem noted most often was" if len(order) == 1 else "problems noted most often were"
    return f"The {often} {names}."


def _described(released: Released) -> dict[str, str]:
    """People by problem as the table of characteristics has them, where no comparison with NICE was made."""
    rows = released.levels(
        "characteristics", "problem", population="started", estimand="proportion"
    )
    return {
        word: count(row, "numerator") for word, row in rows if word != "not_recorded" and is_ok(row)
    }


def _therapies(released: Released) -> str:
    """The therapies given most, where they are recorded."""
    rows = {
        word: row
        for word, row in released.levels(
            "characteristics", "therapy_model", population="started", estimand="proportion"
        )
        if word != "not_recorded"
    }
    known = [word for word, row in rows.items() if is_ok(row)]
    known.sort(key=lambda word: (-float(rows[word]["estimate"]), word))
    if known:
        names = [f"{lower_first(label('therapy_model', w))} ({value(rows[w])})" for w in known[:2]]
        return f"The therapy given most was {listed(names)}."
    names = [lower_first(label("therapy_model", word)) for word in sorted(rows)[:MOST]]
    return f"The therapy on record is {listed(names)}." if names else ""


def _before(released: Released) -> str:
    rows = dict(
        released.levels(
            "characteristics", "prior_treatment", population="started", estimand="proportion"
        )
    )
    row = rows.get("yes")
    return f"{capital(value(row))} had been treated before." if is_ok(row) else ""


def _scores(released: Released) -> str:
    share = sentences.share_of_started(released, "case_at_start")
    if not is_ok(share):
        return ""
    side = "above" if released.lower_is_better else "below"
    return (
        f"{capital(value(share))} of those who started are known to have scored {side} the cut-off on "
        f"{released.measure_name()}, which is where people who seek help tend to score."
    )


def outcomes(released: Released) -> Section:
    """Change, the four denominators, leaving and missed sessions."""
    row = sentences.primary_change(released, "mean_change")
    texts = (
        " ".join(
            text for text in (average_change(released, row), size_of_change(released, row)) if text
        ),
        _four_groups(released),
        _left(released),
    )
    blocks = () if (table := denominators(released)) is None else (table,)
    return Section("brief_outcomes", "What happens to them", tuple(t for t in texts if t), blocks)


def rates(released: Released, term: str) -> dict[str, pd.Series | None]:
    """The rows of a rate on all four denominators."""
    return {
        population: released.one(
            "clinical_change",
            estimand="proportion",
            term=term,
            population=population,
            **JACOBSON_TRUAX,
            **released.measure,
        )
        for population in DENOMINATORS
    }


def denominators(released: Released) -> Table | None:
    """How many got reliably better and worse, out of each of the four groups; None where neither is known."""
    better, worse = (rates(released, f"reliable_{w}") for w in ("improvement", "deterioration"))
    if not any(is_ok(row) for row in (*better.values(), *worse.values())):
        return None
    return Table(
        "Reliably better or worse, out of four groups (likely range)",
        ("Out of", "People", "Reliably better", "Reliably worse"),
        [
            (
                words,
                count(sentences.people(released, population)),
                brief_interval(better[population]),
                brief_interval(worse[population]),
            )
            for population, words in DENOMINATORS.items()
        ],
        note=_withheld_note((*better.values(), *worse.values())),
    )


def _withheld_note(rows: Iterable[pd.Series | None]) -> str:
    """What `withheld` means to those who read it in a table, and what it does not."""
    if not any(reason(row) == WITHHELD for row in rows):
        return ""
    return "Withheld does not mean none, and it does not mean many. The service holds the figure."


def _four_groups(released: Released) -> str:
    better = rates(released, "reliable_improvement")
    if not any(is_ok(row) for row in better.values()):
        return f"How many got reliably better or worse: {why_not(better['paired'])}."
    worse = rates(released, "reliable_deterioration")
    unknown = (
        "No one knows how those without a last form fared, so they are never counted as better."
    )
    four = [rows[population] for population in ("started", "paired") for rows in (better, worse)]
    if not all(is_ok(row) for row in four):
        return f"{_rate('better', better)} {_rate('worse', worse)} {unknown}"
    shares = [value(row) for row in four]
    return (
        f"Out of everyone who started, {shares[0]} are known to have got reliably better and {shares[1]} reliably worse. "
        f"Out of those with both forms, it is {shares[2]} and {shares[3]}. {unknown}"
    )


def _rate(word: str, rows: Mapping[str, pd.Series | None]) -> str:
    """One of the two rates, where the other is not given on every denominator."""
    started, paired = rows["started"], rows["paired"]
    if is_ok(started):
        both = f" Out of those with both forms, it is {value(paired)}." if is_ok(paired) else ""
        return f"Out of everyone who started, {value(started)} are known to have got reliably {word}.{both}"
    if is_ok(paired):
        return f"Out of those with both forms, {value(paired)} got reliably {word}."
    return f"How many got reliably {word}: {why_not(paired)}."


def _left(released: Released) -> str:
    return " ".join(_left_and_missed(released))


def _left_and_missed(released: Released) -> Iterator[str]:
    left, missed = sentences.dropout_rate(released), sentences.absence_rate(released)
    known = released.primary["dropout_definition"] == "unplanned_ending"
    if is_ok(left):
        yield f"Of {JUDGED[known]}, {ranged(left)} dropped out."
    else:
        yield f"How many dropped out: {why_not(left)}."
    if is_ok(missed):
        yield f"Of all {sentences.sessions_counted(released)}, {ranged(missed)} were missed."
    else:
        yield f"How many sessions were missed: {why_not(missed)}."
