"""One headline of the pooled report: how services differ, then the average, then what the result hangs on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from naturalistic.release.pooling_rows import back
from naturalistic.report import pooled_words as words
from naturalistic.report.blocks import Block, Figure, Section, Table
from naturalistic.report.plots.axis import Point, Scale
from naturalistic.report.plots.dots import DotRow, dot_plot
from naturalistic.report.plots.funnel import Limits, Place, funnel
from naturalistic.report.pooled_evidence import Evidence
from naturalistic.report.wording import capital, number, percent
from naturalistic.stats.meta_analysis import Funnel, service_funnel
from naturalistic.vocabulary import ESTIMANDS

OUTER = 0.998  # outer control limits; a service beyond them is named
INNER = 0.95
FloatArray = NDArray[np.float64]


def headline_section(evidence: Evidence, name: str) -> Section:
    """One headline: how services differ, then the average, then what the result hangs on."""
    row, services = evidence.headline(name), evidence.services(name)
    title = words.headline_title(name, evidence.primary)
    whom = words.of_whom(name, evidence.primary, evidence.instruments)
    findings = [
        words.difference_sentence(row, services, name),
        words.average_sentence(row, name),
        words.not_given_sentence(row, len(evidence.tables["bundles"]), name),
        words.therapists_sentence(row, evidence.every_person_alone(name), name),
        words.note_sentence(row) if int(row["k"]) > 1 else "",
    ]
    blocks: list[Block] = [_forest(evidence, name, row, services, f"{title}, {whom}")]
    if len(services) > 2:
        blocks.append(_funnel(evidence, name, row, services, f"{title}, {whom}"))
    blocks += _checks(evidence, name, row, services)
    return Section(name, title, tuple(f for f in findings if f), tuple(blocks))


def _forest(evidence: Evidence, name: str, row: Any, services: pd.DataFrame, title: str) -> Figure:
    estimand = ESTIMANDS[str(row["estimand"])]
    scale = Scale(
        title.split(",")[0],
        null=estimand.null,
        percent=name in words.SHARES,
        logarithmic=estimand.scale == "log",
    )
    several = int(row["k"]) > 1
    lead = (words.difference_sentence(row, services, name), words.average_sentence(row, name))
    return Figure(
        f"pooled_{name}",
        dot_plot(
            _forest_rows(name, row, services),
            scale,
            series=("One service", "All services") if several else (),
            synthetic=evidence.synthetic,
        ),
        f"{title}: each service with its interval, the typical service, and the range in which a further service is "
        "expected (prediction interval).",
        " ".join(lead),
        _forest_table(name, str(row["estimand"]), services, title),
    )


def _forest_rows(name: str, row: Any, services: pd.DataFrame) -> list[DotRow]:
    estimand = str(row["estimand"])
    rows = [
        DotRow(str(s["cohort"]), (_point(s), None), _told(s, name, estimand))
        for _, s in services.iterrows()
    ]
    if int(row["k"]) > 1:
        rows.append(DotRow("Typical service", (None, _point(row)), words.quoted(row, name)))
    expected = words.limits(row, "prediction_low", "prediction_high", name)
    if expected:
        point = Point(row["estimate"], row["prediction_low"], row["prediction_high"])
        rows.append(DotRow("A further service", (None, point), expected))
    return rows


def _forest_table(name: str, estimand: str, services: pd.DataFrame, title: str) -> Table:
    return Table(
        title,
        ("Service", "Figure (interval)", "People", "Weight"),
        [
            (
                str(s["cohort"]),
                _told(s, name, estimand),
                number(s["n_patients"], 0),
                percent(s["weight"]),
            )
            for _, s in services.iterrows()
        ],
        note="Weights are those of the random-effects average.",
    )


def _point(row: Any) -> Point:
    value = float(row["estimate"])
    low, high = (value if pd.isna(row[c]) else float(row[c]) for c in ("conf_low", "conf_high"))
    return Point(value, low, high)


def _told(row: Any, name: str, estimand: str) -> str:
    return words.quoted({**row.to_dict(), "estimand": estimand}, name)


def _funnel(evidence: Evidence, name: str, row: Any, services: pd.DataFrame, title: str) -> Figure:
    y, s = services["value"].to_numpy(float), services["std_error"].to_numpy(float)
    scale = str(row["analysis_scale"])
    fit = service_funnel(y, s)
    lines = [_control(fit, s, scale, coverage) for coverage in (INNER, OUTER)]
    outside = np.abs(fit.z) > ndtri(0.5 + OUTER / 2)
    places = [
        Place(str(c), back(v, scale), 1.0 / e, bool(o))
        for c, v, e, o in zip(services["cohort"], y, s, outside, strict=True)
    ]
    names = [p.label for p in places if p.outside]
    said = (
        f"Outside the outer limits: {', '.join(names)}."
        if names
        else "No service lies outside the outer limits."
    )
    over = f"Services differ {number(fit.dispersion, 1)} times as much as chance (1 would be chance alone)."
    return Figure(
        f"funnel_{name}",
        funnel(
            places,
            lines,
            back(fit.target, scale),
            x_label="Precision (1 / standard error)",
            y_label=title.split(",")[0].split(" (")[0],
            percent=name in words.SHARES,
            synthetic=evidence.synthetic,
        ),
        f"{title}: services by precision. Limits hold 95% and 99.8% of services that differ as services ordinarily do "
        "(over-dispersion counted). A service outside is a reason to ask, not a verdict: who is treated differs.",
        f"{over} {said}",
        _funnel_table(name, str(row["estimand"]), services, title),
    )


def _control(fit: Funnel, errors: FloatArray, scale: str, coverage: float) -> Limits:
    """Control limits over the range of precision of the services, and a little beyond."""
    precision = np.linspace(0.35 / errors.max(), 1.05 / errors.min(), 60)
    low, high = fit.limits(1.0 / precision, coverage)
    return Limits(
        f"{100 * coverage:g}% of services",
        precision.tolist(),
        [back(v, scale) for v in low],
        [back(v, scale) for v in high],
    )


def _funnel_table(name: str, estimand: str, services: pd.DataFrame, title: str) -> Table:
    return Table(
        f"{title}: distance from the common figure",
        ("Service", "Figure", "Distance (SD)", "Against chance alone (SD)"),
        [
            (
                str(r["cohort"]),
                _told(r, name, estimand),
                number(r["funnel_z"], 1),
                number(r["funnel_z_chance"], 1),
            )
            for _, r in services.iterrows()
        ],
    )


def _checks(evidence: Evidence, name: str, row: Any, services: pd.DataFrame) -> list[Block]:
    estimand = str(row["estimand"])
    blocks: list[Block] = []
    if len(services) > 1:
        blocks.append(
            Table(
                "The result without each service",
                ("Left out", "Typical service (interval)", "How far it stands out (SD)"),
                [
                    (
                        str(s["cohort"]),
                        f"{words.shown(s['without_it'], name, estimand)} "
                        f"({words.shown(s['without_it_low'], name, estimand)} to "
                        f"{words.shown(s['without_it_high'], name, estimand)})",
                        number(s["studentised_residual"], 1),
                    )
                    for _, s in services.iterrows()
                ],
                folded=True,
            )
        )
    variants = evidence.tables["variants"]
    chosen = variants[variants["headline"] == name]
    if len(chosen):
        blocks.append(_variants(chosen, name, estimand))
    return blocks


def _variants(chosen: pd.DataFrame, name: str, estimand: str) -> Table:
    rows: list[tuple[str, ...]] = []
    for variant, found in chosen.groupby("variant", sort=False):
        rows.append((capital(str(variant)),))
        for _, v in found.iterrows():
            share = not str(variant).startswith("moderator")
            told = _told(v, name if share else "", estimand)
            test = f"p = {number(v['p_value'], 3)}" if pd.notna(v["p_value"]) else ""
            spread = f"variance {v['tau2']:.3g}" if pd.notna(v["tau2"]) else ""
            note = v["note"] if isinstance(v["note"], str) else ""
            said = "; ".join(part for part in (test, spread, note) if part) or "–"
            rows.append((words.level_label(str(v["level"])), number(v["k"], 0), told, said))
    return Table(
        "The same figure by other estimators, by trusts, groups and moderators",
        ("Variant", "Services", "Typical service (interval)", "Remarks"),
        rows,
        folded=True,
        note="Moderators are on the scale of the model, per unit.",
    )
