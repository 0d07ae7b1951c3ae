"""Cause-specific Cox models: one hazard for each way of ending, fitted to the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from naturalistic.stats.cox import CoxFit, fit_cox


@dataclass(frozen=True, slots=True)
class CauseSpecificFit:
    """Cox models of every cause.

    Attributes
    ----------
    causes : codes of the causes, ascending.
    fits : one CoxFit per cause; the endings by other causes are censored in it.
    terms : names of the covariates.
    """

    causes: tuple[int, ...]
    fits: tuple[CoxFit, ...]
    terms: tuple[str, ...]

    def of(self, cause: int) -> CoxFit:
        """The model of one cause.

        Raises
        ------
        ValueError
            No ending by that cause was seen.
        """
        if cause not in self.causes:
            raise ValueError(f"no cause {cause}; causes are {', '.join(map(str, self.causes))}")
        return self.fits[self.causes.index(cause)]


def fit_cause_specific(
    time: ArrayLike,
    cause: ArrayLike,
    design: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    cluster_correction: bool = False,
    ties: str = "efron",
    term_names: Sequence[str] | None = None,
    conf_level: float = 0.95,
) -> CauseSpecificFit:
    """Fit the hazard of each cause of ending as a Cox model (Prentice et al. 1978).

    Parameters
    ----------
    time : (n,) end of observation.
    cause : (n,) 0 still in therapy (censored), 1, 2, ... the way it ended.
    design, entry, cluster, cluster_correction, ties, term_names, conf_level : as `fit_cox`.

    Raises
    ------
    ValueError
        As `fit_cox`, or causes that are not whole numbers from 0.
    """
    codes = np.asarray(cause)
    if codes.ndim != 1 or not np.all(np.isin(codes, np.arange(1000))):
        raise ValueError("cause must hold whole numbers, 0 for censored")
    causes = tuple(int(code) for code in np.unique(codes) if code > 0)
    fits = tuple(
        fit_cox(
            time,
            codes == code,
            design,
            entry=entry,
            cluster=cluster,
            cluster_correction=cluster_correction,
            ties=ties,
            term_names=term_names,
            conf_level=conf_level,
        )
        for code in causes
    )
    p = np.asarray(design).shape[1]
    terms = fits[0].terms if fits else tuple(term_names or (f"x{j + 1}" for j in range(p)))
    return CauseSpecificFit(causes, fits, terms)
