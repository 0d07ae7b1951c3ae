"""What a design cannot tell a Cox model, said by the name of the covariate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from naturalistic.stats.hazards.cox_data import CoxData
from naturalistic.stats.hazards.cox_input import FloatArray

# Share of a covariate's information that must remain once earlier covariates are known.
ALIAS_TOLERANCE = 1e-9
FEW_EVENTS_PER_PARAMETER = 10
FEW_CLUSTERS = 30


def aliased_terms(
    information: FloatArray, scale_of_events: float, names: Sequence[str]
) -> tuple[NDArray[np.bool_], list[str]]:
    """Covariates that add nothing to those before them, with the reason for each.

    Works on the information at zero, so a covariate that never varies inside a risk set (a
    constant, or a property of the stratum) is found as well as a linear combination.

    Parameters
    ----------
    information : (p, p) of the standardised covariates at zero.
    scale_of_events : float
        Summed weight of the events: the information of a lone standardised covariate.
    names : p names.

    Returns
    -------
    keep : (p,) bool
    notes : one sentence per covariate left out.
    """
    p = len(names)
    keep = np.zeros(p, dtype=bool)
    notes = []
    for j in range(p):
        own = information[j, j]
        if own <= ALIAS_TOLERANCE * scale_of_events:
            notes.append(f"{names[j]} does not vary among those at risk; left out")
            continue
        earlier = np.flatnonzero(keep)
        weights = np.linalg.solve(information[np.ix_(earlier, earlier)], information[earlier, j])
        if own - information[j, earlier] @ weights <= ALIAS_TOLERANCE * own:
            parts = [
                names[k] for k, w in zip(earlier.tolist(), weights, strict=True) if abs(w) > 1e-6
            ]
            notes.append(f"{names[j]} is a linear combination of {', '.join(parts)}; left out")
            continue
        keep[j] = True
    return keep, notes


def levels_without_events(data: CoxData, names: Sequence[str]) -> list[str]:
    """Name every two-valued covariate of which one value has no event."""
    notes = []
    for j, name in enumerate(names):
        column = data.columns[j]
        low, high = column.min(), column.max()
        is_low = column == low
        if low == high or not np.all(is_low | (column == high)):
            continue
        events_low = int(is_low[data.death_row].sum())
        for value, rows, events in (
            (low, int(is_low.sum()), events_low),
            (high, int((~is_low).sum()), len(data.death_row) - events_low),
        ):
            if events == 0:
                level = value * data.scale[j] + data.mean[j]
                notes.append(f"{name} = {level:.6g}: {rows} rows, no event")
    return notes


def runaway_terms(
    runaway: FloatArray, beta: FloatArray, names: Sequence[str]
) -> tuple[FloatArray, list[str]]:
    """Covariates whose coefficient runs to infinity, and towards which end.

    Parameters
    ----------
    runaway : (p, k) directions without information at the end of the search.
    beta : (p,) where the search ended.
    names : p names.

    Returns
    -------
    infinite : (p,) +inf or -inf for those covariates, 0 for the others.
    notes : one sentence per covariate.
    """
    infinite = np.zeros(len(beta))
    if runaway.shape[1] == 0:
        return infinite, []
    share = np.sqrt((runaway**2).sum(axis=1))
    involved = share > 1e-3 * share.max()
    infinite[involved] = np.where(beta[involved] > 0, np.inf, -np.inf)
    notes = []
    for j in np.flatnonzero(involved).tolist():
        end = "infinity" if beta[j] > 0 else "zero"
        notes.append(
            f"{names[j]}: no finite estimate, the hazard ratio runs to {end} (separation: the "
            "likelihood is monotone); use the Firth-penalised fit"
        )
    return infinite, notes


def sparseness(n_events: float, n_parameters: int, n_clusters: int | None) -> list[str]:
    """Cautions about few events per parameter and few clusters."""
    notes = []
    if n_parameters and n_events / n_parameters < FEW_EVENTS_PER_PARAMETER:
        notes.append(
            f"{n_events:g} events for {n_parameters} parameters "
            f"({n_events / n_parameters:.1f} per parameter): estimates are unstable"
        )
    if n_clusters is not None and n_clusters < FEW_CLUSTERS:
        notes.append(f"{n_clusters} clusters: robust standard errors tend to be too small")
    return notes


def expand(values: FloatArray, active: NDArray[np.bool_]) -> FloatArray:
    """Values of the terms kept put among all terms, NaN for those left out.

    Parameters
    ----------
    values : (k,) or (k, k), one place per term kept.
    active : (p,) which terms were kept.

    Returns
    -------
    (p,) or (p, p) array.
    """
    out = np.full((len(active),) * values.ndim, np.nan)
    out[np.ix_(*(active,) * values.ndim)] = values
    return out
