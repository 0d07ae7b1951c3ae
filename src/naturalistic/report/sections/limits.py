"""What this design can and cannot say, in plain words, and what was not measured."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from naturalistic.reference.published_models import PublishedStudy
from naturalistic.release.reduced import left_out_sentence, reduced_resampling
from naturalistic.report.blocks import Block, Heading, Section, Table, Text
from naturalistic.report.released import Released, is_ok
from naturalistic.report.sentences import share_of_started
from naturalistic.report.wording import (
    NOT_MEASURED,
    capital,
    label,
    listed,
    lower_first,
    population_label,
    value,
)

# the section on published figures lists each of those that are not set side by side, and why
_TOLD_IN_A_SECTION_OF_ITS_OWN = ("benchmarks",)


def limits(released: Released, _: PublishedStudy | None) -> Section:
    """Limits of the design as a list; figures that were not measured as a table."""
    blocks: list[Block] = [Text(tuple(_limits(released)), "list")]
    rows = list(_not_measured(released))
    if rows:
        blocks += [
            Heading("What was not measured"),
            Table(
                "Figures the data do not allow, and why",
                ("Part of the report", "What", "Why"),
                rows,
                prose=True,
            ),
        ]
    finding = "This is a record of what was seen before and after therapy in one service, without a comparison group."
    return Section("limits", "What this evidence cannot say", (finding,), tuple(blocks))


def _limits(released: Released) -> Iterator[str]:
    yield (
        "No comparison group. How the same people would have fared without therapy, with another therapy or on a "
        "waiting list is not known, so no change here can be put down to therapy."
    )
    yield (
        "People tend to seek help when they feel worst. Scores that are poor at the start are better on average when they "
        "are taken again (regression to the mean), and many people recover with time."
    )
    share = share_of_started(released, "paired")
    if is_ok(share):
        yield (
            f"Forms are missing. Change is known for {value(share)} of those who started. People with a last form are "
            "more often those who stayed; the section on who was treated says how they differ, in what was recorded."
        )
    else:
        yield "Forms are missing, and how many people have both is not given here."
    yield from _of_every_record()
    yield from _of_this_run(released)


def _of_every_record() -> Iterator[str]:
    """What no record of this kind can say."""
    yield (
        "Scores are what people wrote on a form. They do not cover work, relationships, use of services or what people "
        "themselves wanted from therapy, unless a section says so."
    )
    yield (
        "Groups differ in more than one way, and only what was recorded can be held equal. An association here does not "
        "show why it is there."
    )
    yield (
        "Many comparisons are made. About one in twenty stands clear of chance when nothing is there. The primary "
        "figures were named in the settings beforehand; the others explore."
    )
    yield (
        "How long people were followed differs. What became of people after the last form or after they left is not "
        "known."
    )


def _of_this_run(released: Released) -> Iterator[str]:
    """What these data and these settings take away."""
    if released.record["provenance"]["calendar"] == "relative":
        yield "Dates are counted from each referral and not by the calendar, so trends over the years cannot be seen."
    base = int(released.record["disclosure"]["rounding_base"])
    if base > 1:
        yield (
            f"Counts are rounded to the nearest {base}, so parts may not add up to the whole, and shares are worked out "
            "from the rounded counts."
        )
    if fewer := reduced_resampling(released.settings):
        yield (
            f"Resampling was reduced in this run: {fewer}. Limits and averages that rest on resampling vary more by chance "
            "than in a full run."
        )
    if left_out := left_out_sentence(released.settings):
        yield left_out
    if released.synthetic:
        yield "The people in this report are synthetic. Nothing about any real service follows from it."


def _not_measured(released: Released) -> Iterator[tuple[str, ...]]:
    """One line for each reason in each analysis, with the subjects it holds for."""
    for analysis, frame in released.estimates.items():
        if analysis in _TOLD_IN_A_SECTION_OF_ITS_OWN:
            continue
        rows = frame[frame["status"].isin(["not_measured", "not_run"])]
        subjects: dict[str, list[str]] = {}
        for _, row in rows.iterrows():
            what = _subject(released, row)
            found = subjects.setdefault(str(row["note"]), [])
            found += [what] if what not in found else []
        for note, names in subjects.items():
            words = capital(listed(map(lower_first, names)))
            yield capital(analysis.replace("_", " ")), words, capital(note) or NOT_MEASURED


def _subject(released: Released, row: pd.Series) -> str:
    """What a row is about."""
    term, definition = str(row["term"]), str(row["definition"])
    if str(row["model"]):
        return f"Model ({str(row['model']).replace('_', ' ')})"
    if term == "people":
        return population_label(str(row["population"]), lower_is_better=released.lower_is_better)
    name = label(term) if term else "Change"
    return f"{name} ({definition.replace('_', ' ')})" if definition else name
