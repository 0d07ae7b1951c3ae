"""Sections of the pooled report beside the headlines: who, when people leave, models, limits and methods."""

from __future__ import annotations

from typing import Any

import pandas as pd

from naturalistic.report import pooled_words as words
from naturalistic.report.blocks import Block, Figure, Heading, Section, Table, Text
from naturalistic.report.plots.curves import Curve, curves
from naturalistic.report.pooled_evidence import Evidence
from naturalistic.report.wording import capital, number, percent, term_label
from naturalistic.vocabulary import CLOCKS, ESTIMANDS

ENDINGS = {
    "dropout": "Dropped out",
    "planned_ending": "Planned ending",
    "other_ending": "Ended otherwise",
    "unknown_ending": "Ending not known",
}
MOST_TERMS = 30
MODELS = {
    "pre_post": "Linear mixed model of the score before and after",
    "growth": "Growth model of all scores",
    "cause_specific_cox": "Cause-specific Cox model of dropping out",
    "cause_specific_cox_firth": "Cause-specific Cox model of dropping out, penalised",
    "fine_gray": "Fine and Gray model of dropping out",
    "absence": "Logistic model of missing a session",
    "no_last_form": "Logistic model of having no last form",
}


def who_section(evidence: Evidence) -> Section:
    """Which services, and how complete their records are."""
    bundles = evidence.tables["bundles"]
    rows = [
        (
            str(b["cohort"]),
            str(b["title"]),
            f"{b['first_year'] or '–'} to {b['last_year'] or '–'}" if b["first_year"] else "–",
            str(b["data_cut"]) or "–",
            *(number(b[name], 0) for name in ("referred", "started", "paired")),
            number(b["estimates"], 0),
        )
        for _, b in bundles.iterrows()
    ]
    header = (
        "Service",
        "Title",
        "Referrals",
        "Data until",
        "Referred",
        "Started",
        "Both forms",
        "Figures",
    )
    total = bundles["started"].sum()
    finding = (
        f"{words.services_counted(len(bundles))} with {number(total, 0)} people who started "
        "therapy, by their own rounded counts. Each sent figures about groups; no record of a person was seen."
    )
    table = Table("Services in this report, counts as each released them", header, rows)
    return Section("services", "Which services", (finding,), (table,))


def curves_section(evidence: Evidence) -> Section | None:
    """When people leave."""
    table = evidence.tables["curves"]
    clock = evidence.primary.get("clock", "")
    chosen = table[(table["clock"] == clock) & table["ending"].isin(list(ENDINGS))]
    chosen = chosen[chosen["definition"] == evidence.primary.get("dropout_definition", "")]
    if not len(chosen):
        return None
    lines = []
    for ending in ENDINGS:
        rows = chosen[chosen["ending"] == ending].sort_values("time")
        if len(rows):
            parts = (rows[c].tolist() for c in ("time", "incidence", "conf_low", "conf_high"))
            lines.append(Curve(ENDINGS[ending], *parts))
    unit = CLOCKS[clock].label
    ends = [
        f"{line.label.lower()} {percent(line.value[-1])} by {number(line.time[-1], 0)}"
        for line in lines
    ]
    finding = f"In the typical service, by {unit}: {'; '.join(ends)}."
    figure = Figure(
        "pooled_curves",
        curves(
            lines,
            _services_at(chosen),
            x_label=capital(unit),
            y_label="Share who have ended this way",
            below="Services that report the time",
            synthetic=evidence.synthetic,
        ),
        f"Share of everyone who started that has ended in each way, by {unit}, in the typical service, with intervals as "
        "bands; pooled from each service's counts by band. Below: services that report the time.",
        f"Rising curves: {'; '.join(ends)}.",
        _curves_table(chosen, unit),
    )
    return Section("curves", "When people leave", (finding,), (figure,))


def _curves_table(chosen: pd.DataFrame, unit: str) -> Table:
    return Table(
        f"Share who have ended, by {unit}",
        ("Ending", capital(unit), "Share (interval)", "A further service", "Services"),
        [
            (
                ENDINGS[str(r["ending"])],
                number(r["time"], 0),
                f"{percent(r['incidence'])} ({percent(r['conf_low'])} to {percent(r['conf_high'])})",
                "–"
                if pd.isna(r["prediction_low"])
                else f"{percent(r['prediction_low'])} to {percent(r['prediction_high'])}",
                number(r["services"], 0),
            )
            for _, r in chosen.iterrows()
        ],
    )


def _services_at(chosen: pd.DataFrame) -> dict[float, str]:
    most = chosen.groupby("time")["services"].max()
    return {float(str(time)): number(count, 0) for time, count in most.items()}


def models_section(evidence: Evidence) -> Section | None:
    """Coefficients of the models each service fitted."""
    chosen, together = _coefficients(evidence)
    if not len(chosen):
        return None
    parts = chosen.groupby(["analysis", "model", "time_unit"], sort=True)
    blocks: list[Block] = [
        _model_table(_model_title(*map(str, key)), found) for key, found in parts
    ]
    findings = [
        f"{len(chosen)} coefficients of the services' own models were pooled, each on its model's scale. They describe who "
        "scores higher or leaves more often; they do not say why."
    ]
    if together:
        findings.append(
            f"{together} of them were pooled together with the other coefficients of their model, by the covariances inside "
            "each service; the others one by one."
        )
    return Section("models", "Models of the services, pooled", tuple(findings), tuple(blocks))


def _coefficients(evidence: Evidence) -> tuple[pd.DataFrame, int]:
    """Pooled coefficients, and how many of them come from their whole model."""
    rows = evidence.tables["estimates"]
    whole = (rows["model"] != "") & (rows["dimensions"] == "") & (rows["k"] > 1)
    chosen = rows[whole & rows["time"].isna()].copy()
    models = evidence.tables["models"]
    key = ["analysis", "estimand", "model", "specification", "time_unit", "term", "contrast"]
    better = {tuple(map(str, r[key])): r for _, r in models.iterrows()}
    replaced = 0
    for i, row in chosen.iterrows():
        found = better.get(tuple(map(str, row[key])))
        if found is not None and pd.notna(found["estimate"]):
            values = ["estimate", "conf_low", "conf_high"]
            chosen.loc[i, values] = found[values].to_numpy(dtype=float)
            replaced += 1
    return chosen, replaced


def _model_title(analysis: str, model: str, unit: str) -> str:
    name = MODELS.get(model, model.replace("_", " ")) + f" ({analysis.replace('_', ' ')}"
    return capital(name + (f", by {CLOCKS[unit].label})" if unit in CLOCKS else ")"))


def _model_table(title: str, found: pd.DataFrame) -> Table:
    return Table(
        title,
        ("Coefficient", "Kind", "Services", "Typical service (interval)", "A further service"),
        [
            (
                term_label(str(r["term"]), str(r["contrast"])),
                ESTIMANDS[str(r["estimand"])].label,
                number(r["k"], 0),
                words.quoted(r, ""),
                words.limits(r, "prediction_low", "prediction_high", "") or "–",
            )
            for _, r in found.head(MOST_TERMS).iterrows()
        ],
        folded=True,
        note="All coefficients: estimates.csv (one by one) and models.csv (each model together).",
    )


def limits_section(evidence: Evidence) -> Section:
    """What was not pooled, what rounding costs, and how it was done."""
    refused = evidence.tables["not_pooled"]
    reasons = refused.groupby("reason").size().sort_values(ascending=False)
    rounding = evidence.tables["rounding"]
    blocks: list[Block] = [Heading("What rounding costs")]
    blocks.append(
        Table(
            "Rounding of the services' figures, and the pooled figure",
            ("Figure", "Error by rounding, share of the standard error", "Lowest", "Highest"),
            [
                (
                    words.headline_title(str(r["headline"]), evidence.primary),
                    percent(r["share_of_std_error"]),
                    _value(evidence, r, "lowest_estimate"),
                    _value(evidence, r, "highest_estimate"),
                )
                for _, r in rounding.iterrows()
            ],
            note="Lowest and highest: if every service's figure was rounded as far as possible the same way.",
        )
    )
    blocks.append(Heading("What was not pooled"))
    blocks.append(
        Table(
            "Figures that were not pooled, by reason",
            ("Reason", "Figures"),
            [(capital(str(reason)), number(count, 0)) for reason, count in reasons.items()],
            prose=True,
            note="Each figure: not_pooled.csv.",
        )
    )
    blocks += [Heading("How it was done"), Text(METHODS)]
    findings = (
        "Services are not a random sample of services, and nobody was assigned to one. What differs between them may be "
        "who is treated, how records are kept, or what is done.",
    )
    return Section("limits", "What this cannot say, and how it was done", findings, tuple(blocks))


def _value(evidence: Evidence, row: Any, column: str) -> str:
    name = str(row["headline"])
    return words.shown(row[column], name, str(evidence.headline(name)["estimand"]))


METHODS = (
    "Only figures of the same kind are pooled: same instrument, kind of number, population, definition and time window, "
    "checked by digests of the settings. Services are weighted by a random-effects model: the variance between services by "
    "REML, intervals by Hartung, Knapp, Sidik and Jonkman (never narrower than chance within services alone), prediction "
    "intervals with t and k - 2 degrees of freedom, the variance's interval by the Q-profile method.",
    "Proportions are pooled by their counts in a logistic model with a random intercept for each service (exact likelihood "
    "by quadrature), without transformation or continuity correction. Where services tell how alike people of one therapist "
    "are, numerator and denominator are first divided by the design effect (Rao and Scott 1992), and the standard errors of "
    "changes multiplied by its root. Curves are pooled on the complementary log-log scale from counts by band, with a "
    "random intercept for each service.",
    "Formulas, sources and comparison with metafor 3.8-1: docs/methods/pooling.md.",
)
