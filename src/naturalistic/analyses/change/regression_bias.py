"""How much of the change regression to the mean would give, over stated assumptions."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import ndtri

from naturalistic.analyses.change.people import Started
from naturalistic.analyses.interface import AnalysisInput, EstimateRows
from naturalistic.cohort.change_criteria import Person, clinical_limits
from naturalistic.reference.models import Scale
from naturalistic.stats.regression_to_the_mean import (
    mee_chua_sweep,
    regression_beyond_cutoff,
    regression_of_observed_mean,
)

SWEEP_POINTS = 21
PAIRED: dict[str, Any] = {"population": "paired"}


def add_regression_to_the_mean(rows: EstimateRows, data: AnalysisInput, people: Started) -> None:
    """Expected change from selection over a grid, and Mee and Chua's sweep over population means."""
    primary = data.settings.primary
    scale = data.instruments[primary.instrument].scale(primary.scale)
    first = people.first[people.paired]
    means = _means(data, scale)
    if first.size < 3 or np.ptp(first) == 0 or not means:
        note = "too few pairs, no spread, or no population mean is published or set"
        rows.add("regression_to_the_mean", status="not_estimable", note=note, **PAIRED)
        return
    _selected(rows, data, people, scale, means)
    _beyond_cut_off(rows, data, people, scale)
    _sweep(rows, data, people, scale, [mean for mean, _ in means])


def _means(data: AnalysisInput, scale: Scale) -> list[tuple[float, str]]:
    """Population means to assume: those set, or the preferred norms."""
    chosen = [(value, "set in the configuration") for value in data.settings.bias.population_means]
    norms = [n for n in scale.norms if n.preferred and n.sex == "any" and n.age_min is None]
    return chosen or [(n.mean, n.sample) for n in norms]


def _selected(
    rows: EstimateRows,
    data: AnalysisInput,
    people: Started,
    scale: Scale,
    means: list[tuple[float, str]],
) -> None:
    """(1 - reliability) x distance of the observed first mean from the population mean."""
    first = people.first[people.paired]
    level = data.settings.conf_level
    z = float(ndtri(0.5 + level / 2))
    for mean, sample in means:
        for reliability in data.settings.bias.reliabilities:
            value = float(
                regression_of_observed_mean(
                    first.mean(), mean, reliability, better_is=people.better_is
                )
            )
            error = (1 - reliability) * float(np.std(first, ddof=1)) / np.sqrt(first.size)
            rows.add(
                "regression_to_the_mean",
                value,
                term="selected_by_severity",
                dimensions={"population_mean": f"{mean:g}", "reliability": f"{reliability:g}"},
                std_error=error,
                conf_low=value - z * error,
                conf_high=value + z * error,
                conf_level=level,
                n_patients=first.size,
                method="(1 - reliability) x (first mean - population mean)",
                note=f"population mean: {sample}",
                **PAIRED,
            )


def _beyond_cut_off(rows: EstimateRows, data: AnalysisInput, people: Started, scale: Scale) -> None:
    """Selection of everybody beyond the cut-off from a normal population (Gardner and Heady)."""
    known = Person.of(people.frame["patient_id"], data.tables.get("patients"))
    limits = clinical_limits(scale, data.settings.reliable_change, known)
    values = limits.value[people.paired & np.isfinite(limits.value)]
    norms = [n for n in scale.norms if n.preferred and n.sex == "any" and n.sd is not None]
    if not values.size or not norms:
        note = "no cut-off, or no norm with an SD, is published"
        rows.add(
            "regression_to_the_mean",
            term="selected_beyond_cut_off",
            status="not_estimable",
            note=note,
            **PAIRED,
        )
        return
    cutoff = float(np.median(values))
    for norm in norms:
        for reliability in data.settings.bias.reliabilities:
            value = regression_beyond_cutoff(
                norm.mean, norm.sd or np.nan, reliability, cutoff, better_is=people.better_is
            )
            rows.add(
                "regression_to_the_mean",
                float(value),
                term="selected_beyond_cut_off",
                dimensions={"population_mean": f"{norm.mean:g}", "reliability": f"{reliability:g}"},
                n_patients=int(people.paired.sum()),
                method="Gardner and Heady 1973; Barnett et al. 2005",
                note=f"{norm.sample}, SD {norm.sd:g}; selected at {cutoff:g}; follows from the assumptions alone",
                **PAIRED,
            )


def _sweep(
    rows: EstimateRows, data: AnalysisInput, people: Started, scale: Scale, means: list[float]
) -> None:
    """Change free of regression for every population mean from the healthiest assumed to the observed first mean."""
    first, last = people.first[people.paired], people.last[people.paired]
    best = min(means) if people.better_is == "lower" else max(means)
    grid = np.linspace(best, float(first.mean()), SWEEP_POINTS)
    level = data.settings.conf_level
    found = mee_chua_sweep(first, last, grid, better_is=people.better_is, conf_level=level)
    for k, mean in enumerate(grid):
        key: dict[str, Any] = {"time": float(mean), "time_unit": "population_mean", **PAIRED}
        rows.add(
            "mean_change",
            float(found.effect[k]),
            term="mee_chua_effect",
            specification="free_of_regression",
            std_error=float(found.std_error[k]),
            conf_low=float(found.conf_low[k]),
            conf_high=float(found.conf_high[k]),
            conf_level=level,
            df=float(found.df),
            p_value=float(found.p_value[k]),
            n_patients=first.size,
            method="Mee and Chua 1991; Ostermann et al. 2008",
            **key,
        )
        rows.add(
            "regression_to_the_mean",
            float(found.regression[k]),
            term="mee_chua_regression",
            n_patients=first.size,
            method="Mee and Chua 1991; Ostermann et al. 2008",
            **key,
        )
