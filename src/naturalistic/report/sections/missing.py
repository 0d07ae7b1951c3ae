"""Who lacks a last form, the change under every way to deal with that, and the tipping point."""

from __future__ import annotations

import pandas as pd

from naturalistic.reference.published_models import PublishedStudy
from naturalistic.report.blocks import Block, Figure, Section, Table, Text
from naturalistic.report.plots.axis import Scale
from naturalistic.report.plots.dots import DotRow, dot_plot
from naturalistic.report.released import Released, is_ok
from naturalistic.report.sections.forests import point
from naturalistic.report.sections.missing_people import (
    NAME,
    model_table,
    unplanned_sentence,
    who_figure,
    who_sentence,
    who_table,
)
from naturalistic.report.sections.missing_tipping import (
    needed_sentence,
    points_table,
    tipping_figure,
)
from naturalistic.report.wording import (
    NEARLY_ALL,
    WITHHELD,
    brief_interval,
    count,
    reason,
    value,
    with_interval,
)

TITLE = "Forms that are missing"
METHODS = {
    "complete_pairs": "Only people with both forms",
    "mixed_model": "Everyone with a form, mixed model",
    "multiple_imputation": "Everyone who started, missing forms imputed",
    "inverse_probability_weights": "Everyone who started, weighted",
}
WHAT_IFS = {
    "last_observation_carried_forward": "Nobody without a form has changed",
    "worst_case": "All without a form got reliably worse",
    "worst_possible": "All without a form ended at the worst score",
}
EXPLAINED = (
    "Imputed: what is missing is drawn many times from people with the same scores, characteristics, ending and number of "
    "sessions. Weighted: those who resemble people without a form count for more. Mixed model: every score that exists is "
    "used. All three suppose that what is recorded about people tells how they fared."
)


def missing(released: Released, _: PublishedStudy | None) -> Section | None:
    """Missing last forms: who, what the change could be, and how much worse they would have to be."""
    if not released.has(NAME):
        return None
    findings = [t for t in (_share(released), who_sentence(released), _range(released)) if t]
    if not findings:
        why = reason(released.one(NAME, term="no_last_form"))
        return Section("missing", TITLE, (f"How many people lack a last form: {why}.",))
    blocks: list[Block] = []
    if (figure := who_figure(released)) is not None:
        blocks.append(figure)
    if told := unplanned_sentence(released):
        blocks.append(Text((told,)))
    if (figure := methods_figure(released)) is not None:
        blocks += [figure, Text((EXPLAINED,))]
        blocks += [Text((text,), "note") for text in _cautions(released)]
    if (figure := tipping_figure(released)) is not None:
        blocks += [Text((needed_sentence(released),)), figure]
    tables = (
        points_table(released),
        who_table(released),
        model_table(released),
        _imputed(released),
    )
    blocks += [table for table in tables if table is not None]
    return Section("missing", TITLE, tuple(findings), tuple(blocks))


def _share(released: Released) -> str:
    row = released.one(NAME, term="no_last_form")
    if is_ok(row):
        return f"Of everyone who started, {value(row)} have no usable last form."
    if reason(row) == WITHHELD:
        return "How many of those who started have no usable last form is withheld: the number is small."
    return (
        "Nearly all of those who started have no usable last form."
        if reason(row) == NEARLY_ALL
        else ""
    )


def _method_rows(released: Released, estimand: str = "mean_change") -> dict[str, pd.Series]:
    rows = released.rows(NAME, estimand=estimand, term="")
    found = {str(row["specification"]): row for _, row in rows.iterrows()}
    return {name: found[name] for name in (*METHODS, *WHAT_IFS) if name in found}


def _range(released: Released) -> str:
    """The estimate of those with both forms beside that of everyone, and whether they tell the same story."""
    found = _method_rows(released)
    pairs, everyone = found.get("complete_pairs"), found.get("multiple_imputation")
    if pairs is None or everyone is None or not (is_ok(pairs) and is_ok(everyone)):
        return ""
    return (
        f"People with both forms improved by {with_interval(pairs)} points on average; for everyone who started, with "
        f"the missing forms imputed from what is known of them, it is {with_interval(everyone)} points."
    )


def methods_figure(released: Released) -> Figure | None:
    """The change under every method: estimates first, what-ifs apart from them."""
    rows = _method_rows(released)
    if not any(is_ok(row) for row in rows.values()):
        return None
    dots: list[DotRow] = []
    for heading, names in (("Estimates", METHODS), ("What if ...", WHAT_IFS)):
        inside = {name: rows[name] for name in names if name in rows}
        dots += [DotRow(heading, heading=True)] if inside else []
        for name, row in inside.items():
            text = reason(row) or brief_interval(row)
            dots.append(DotRow(names[name], (point(row),), text, indented=True))
    unit = f"Mean improvement on {released.measure_name()}, points"
    return Figure(
        "change_by_method_for_missing_forms",
        dot_plot(
            dots, Scale(unit, null=0.0), column="Points (interval)", synthetic=released.synthetic
        ),
        "The same change under each way to deal with last forms that are missing. The lower lines are not estimates: they "
        "say what would follow from an assumption about people without a form.",
        "Dot plot with intervals. "
        + "; ".join(f"{_words(name)}: {value(row)}" for name, row in rows.items() if is_ok(row))
        + ".",
        _methods_table(rows, _method_rows(released, "standardised_mean_change")),
    )


def _words(name: str) -> str:
    return METHODS.get(name) or f"What if: {WHAT_IFS[name][:1].lower()}{WHAT_IFS[name][1:]}"


def _methods_table(rows: dict[str, pd.Series], standardised: dict[str, pd.Series]) -> Table:
    return Table(
        "Change under each method for missing forms",
        ("Method", "Points (interval)", "SDs of first scores (interval)", "People"),
        [
            (
                _words(name),
                brief_interval(row),
                brief_interval(standardised.get(name)),
                count(row, "n_patients"),
            )
            for name, row in rows.items()
        ],
    )


def _cautions(released: Released) -> list[str]:
    """What the diagnostics of the imputation warn of."""
    rows = released.rows(NAME, estimand="chain_convergence")
    bad = [str(row["term"]) for _, row in rows.iterrows() if is_ok(row) and str(row["note"])]
    if not bad:
        return []
    names = " and ".join("first" if name == "imputed_first" else "last" for name in bad)
    return [
        f"The imputation of {names} scores has not settled fully: an analyst should run more rounds before these "
        "figures are relied on."
    ]


def _imputed(released: Released) -> Table | None:
    """Imputed beside observed scores, for those who check the method."""
    rows = released.rows(NAME, specification="multiple_imputation")
    found = {(str(row["estimand"]), str(row["term"])): row for _, row in rows.iterrows()}
    lines = []
    for time in ("first", "last"):
        for kind in ("observed", "imputed"):
            mean = found.get(("mean", f"{kind}_{time}"))
            spread = found.get(("standard_deviation", f"{kind}_{time}"))
            if mean is not None:
                cells = (value(mean), value(spread), count(mean, "n_patients"))
                lines.append((f"{time.capitalize()} score, {kind}", *cells))
    if not lines:
        return None
    return Table(
        "Imputed beside observed scores",
        ("Scores", "Mean", "SD", "People"),
        lines,
        folded=True,
    )
