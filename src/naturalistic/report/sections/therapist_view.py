"""What therapists saw change, problem by problem, and whether the questionnaire saw the same."""

from __future__ import annotations

import pandas as pd

from naturalistic.reference.published_models import PublishedStudy
from naturalistic.report.blocks import Block, Figure, Heading, Section, Table
from naturalistic.report.plots.axis import Scale
from naturalistic.report.plots.dots import DotRow, dot_plot
from naturalistic.report.released import Released, is_ok
from naturalistic.report.sections.forests import point
from naturalistic.report.sections.tallies import tally
from naturalistic.report.sections.therapist_agreement import (
    agreement_figure,
    agreement_sentence,
    agreement_table,
)
from naturalistic.report.sections.therapist_transitions import (
    subject_name,
    transitions_figure,
    transitions_table,
)
from naturalistic.report.wording import brief_interval, count, lower_first, reason, value
from naturalistic.tables.estimates import dimension_levels

NAME = "therapist_ratings"
TITLE = "What therapists saw"
Change = tuple[str, str, pd.Series]


def therapist_view(released: Released, _: PublishedStudy | None) -> Section | None:
    """Problems and risks before and after, most moved first, and agreement with the questionnaire."""
    if not released.has(NAME):
        return None
    found = _changes(released)
    shown = [each for each in found if is_ok(each[2])]
    if not shown:
        rows = released.rows(NAME)
        why = str(rows.iloc[0]["note"]) or reason(rows.iloc[0])
        return Section(
            "therapist_view",
            TITLE,
            (f"Therapists' ratings before and after: {_plain(rows, why)}.",),
        )
    findings = [
        _most_and_least(shown),
        tally([row for _, _, row in shown], "rating"),
        agreement_sentence(released),
    ]
    blocks: list[Block] = [_figure(released, found)]
    chosen = list(dict.fromkeys((shown[0][0], shown[-1][0])))
    if (figure := transitions_figure(released, chosen)) is not None:
        blocks += [Heading("From which rating to which"), figure]
    if (figure := agreement_figure(released)) is not None:
        blocks += [Heading("Therapist and questionnaire"), figure]
    blocks += [t for t in (transitions_table(released), agreement_table(released)) if t is not None]
    return Section("therapist_view", TITLE, tuple(t for t in findings if t), tuple(blocks))


def _plain(rows: pd.DataFrame, why: str) -> str:
    status = reason(rows.iloc[0])
    return f"{status} ({why})" if why and why != status else status


def _changes(released: Released) -> list[Change]:
    """Key, name and row of every problem and risk, the most improved first, those without a number last."""
    found = []
    for _, row in released.rows(NAME, estimand="standardised_mean_change").iterrows():
        for kind, subject in dimension_levels(str(row["dimensions"])).items():
            found.append((f"{kind}={subject}", subject_name(kind, subject), row))
    return sorted(found, key=lambda each: -float(each[2]["estimate"]) if is_ok(each[2]) else 9.0)


def _most_and_least(shown: list[Change]) -> str:
    """Which subject moved most in the therapists' eyes, and which least."""
    if len(shown) == 1:
        _, name, row = shown[0]
        return f"Therapists rated one subject before and after: {lower_first(name)} ({value(row)} SDs)."
    most, least = shown[0], shown[-1]
    first = f"{_say(most[1])}, {value(most[2])} standard deviations"
    if most[2]["estimate"] <= 0:
        return f"In the therapists' ratings nothing improved on average; the least unfavourable change was in {first}."
    if least[2]["estimate"] < 0:
        return (
            f"In the therapists' ratings the largest improvement was in {first}; the least favourable change was in "
            f"{_say(least[1])} ({value(least[2])})."
        )
    return (
        f"In the therapists' ratings the largest improvement was in {first}, the smallest in {_say(least[1])} "
        f"({value(least[2])})."
    )


def _say(name: str) -> str:
    kind, _, rest = name.partition(": ")
    return f"{kind.lower()} of {rest}" if rest else lower_first(name)


def _figure(released: Released, found: list[Change]) -> Figure:
    lines: list[DotRow] = []
    for kind, heading in (
        ("problem", "Problems, absent to severe"),
        ("risk", "Risks, absent to severe"),
    ):
        inside = [each for each in found if each[0].startswith(f"{kind}=")]
        lines += [DotRow(heading, heading=True)] if inside else []
        for _, name, row in inside:
            short = name.partition(": ")[2] or name
            words = f"{short[:1].upper()}{short[1:]}"
            text = reason(row) or brief_interval(row)
            lines.append(DotRow(words, (point(row),), text, indented=True))
    return Figure(
        "therapist_ratings",
        dot_plot(
            lines,
            Scale("Improvement of the rating, standard deviations", null=0.0),
            column="SDs (interval)",
            synthetic=released.synthetic,
        ),
        "Change of the therapists' ratings from before to after, of everyone rated at both times, in standard deviations of "
        "the first ratings. Therapists rate people they have treated themselves.",
        "Dot plot with intervals. "
        + "; ".join(f"{name}: {value(row)}" for _, name, row in found if is_ok(row))
        + ".",
        Table(
            "Change of therapists' ratings",
            ("Subject", "SDs (interval)", "People"),
            [(name, brief_interval(row), count(row, "n_patients")) for _, name, row in found],
        ),
    )
