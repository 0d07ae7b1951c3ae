"""Whether a missed session foretells leaving: at each session attended, from what was missed before it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from naturalistic.analyses.attending.bookings import IntArray
from naturalistic.analyses.attending.definitions import FloatArray
from naturalistic.analyses.attending.foretelling import PHASES, quarters
from naturalistic.analyses.attending.steps import TENTHS, Steps
from naturalistic.analyses.interface import EstimateRows
from naturalistic.analyses.model_rows import add_coefficients
from naturalistic.analyses.predictors import Term
from naturalistic.stats.generalised_mixed_model import (
    GeneralisedMixedModelFit,
    average_marginal_effects,
    fit_generalised_mixed_model,
)
from naturalistic.stats.marginal_models import fit_cluster_robust_glm
from naturalistic.stats.ratio import ratio_of_totals

MODEL, TWIN = "leaving_after_session", "leaving_population_averaged"
RECENT = Term("missed_before_session", "missed_before_session", "missed vs kept", 0)
EARLIER = Term("share_missed_earlier", "share_missed_earlier", "per 10 percentage points", 0)
NOTE = (
    "only sessions missed before one that was attended: those missed after the last attended session are the leaving "
    "itself; the share missed earlier tells people apart, the session just missed is the same person later"
)
FEWEST_EVENTS = 10


def add_leaving(
    rows: EstimateRows,
    steps: Steps,
    therapist: npt.NDArray[np.int64] | None,
    n_people: int,
    conf_level: float,
    **key: Any,
) -> None:
    """Share that left after a session with something missed just before it, and without; odds ratios of leaving.

    Parameters
    ----------
    rows : EstimateRows
        Where they go.
    steps : Steps
        From `steps_of`.
    therapist : (n_people,) int array or None
        Code of each person's therapist, where the model can have a therapist effect.
    n_people : int
        People who started.
    conf_level : float
        Coverage.
    **key
        Further key columns.
    """
    if steps.left.sum() < FEWEST_EVENTS or not steps.recent.any():
        note = f"fewer than {FEWEST_EVENTS} people dropped out after their second session, or nothing was missed"
        rows.add("odds_ratio", term="model", model=MODEL, status="not_estimable", note=note, **key)
        return
    for name, here in (("missed", steps.recent), ("kept", ~steps.recent)):
        total = np.bincount(steps.person[here], minlength=n_people).astype(float)
        left = np.bincount(steps.person[here], steps.left[here], minlength=n_people)
        some = total > 0
        if not some.any():
            continue
        rows.add(
            "proportion",
            ratio_of_totals(left[some], total[some], conf_level=conf_level),
            term="dropout_after_session",
            dimensions={"before_it": name},
            n_patients=int(some.sum()),
            n_events=int(left.sum()),
            note="share of sessions attended that were the last before dropping out",
            **key,
        )
    _models(rows, steps, therapist, conf_level, key)


@dataclass(frozen=True, eq=False)
class _Cells:
    cluster: IntArray
    left: FloatArray
    total: FloatArray
    matrix: FloatArray
    names: tuple[str, ...]


def _cells(steps: Steps, cluster: IntArray) -> _Cells:
    """Counts by cluster, quarter of the course, what was just missed and what was missed earlier."""
    phase = quarters(steps.number)
    code = ((cluster * PHASES + phase) * 2 + steps.recent) * (TENTHS + 1) + steps.earlier
    present, place = np.unique(code, return_inverse=True)
    earlier, rest = present % (TENTHS + 1), present // (TENTHS + 1)
    when = rest // 2 % PHASES
    found = [p for p in range(1, PHASES) if (when == p).any()]
    columns = [(when == p).astype(float) for p in found]
    return _Cells(
        rest // (2 * PHASES),
        np.bincount(place, steps.left).astype(float),
        np.bincount(place).astype(float),
        np.column_stack(
            [np.ones(len(present)), *columns, rest % 2, earlier * (10.0 / TENTHS)]
        ).astype(float),
        (
            "Intercept",
            *(f"quarter_of_course_{p + 1}" for p in found),
            RECENT.column,
            EARLIER.column,
        ),
    )


def _models(
    rows: EstimateRows,
    steps: Steps,
    therapist: npt.NDArray[np.int64] | None,
    conf_level: float,
    key: dict[str, Any],
) -> None:
    cells = _cells(steps, steps.person if therapist is None else therapist[steps.person])
    shared: dict[str, Any] = {
        "family": "binomial",
        "trials": cells.total,
        "term_names": cells.names,
        "conf_level": conf_level,
    }
    fit = fit_generalised_mixed_model(
        cells.left,
        cells.matrix,
        group=None if therapist is None else cells.cluster,
        group_label="therapist",
        **shared,
    )
    label = "patient" if therapist is None else "therapist"
    twin = fit_cluster_robust_glm(
        cells.left, cells.matrix, cluster=cells.cluster, cluster_label=label, **shared
    )
    key = {**key, "n_events": int(steps.left.sum())}
    _coefficients(rows, steps, fit, MODEL, fit.formula, key)
    _coefficients(rows, steps, twin, TWIN, f"{twin.formula}; {twin.method}", key)
    if fit.status == "ok":
        _differences(rows, steps, fit, cells, key)


def _coefficients(
    rows: EstimateRows, steps: Steps, fit: Any, model: str, method: str, key: dict[str, Any]
) -> None:
    people = {
        RECENT.column: len(np.unique(steps.person[steps.recent])),
        EARLIER.column: len(np.unique(steps.person)),
    }
    add_coefficients(
        rows,
        "odds_ratio",
        fit,
        (RECENT, EARLIER),
        counts=people,
        ratio=True,
        model=model,
        method=method,
        note="; ".join((NOTE, *fit.notes)),
        **key,
    )


def _differences(
    rows: EstimateRows,
    steps: Steps,
    fit: GeneralisedMixedModelFit,
    cells: _Cells,
    key: dict[str, Any],
) -> None:
    """The same as differences in the probability of leaving after a session."""
    terms = {term.column: term for term in (RECENT, EARLIER)}
    for effect in average_marginal_effects(
        fit, cells.matrix, terms=tuple(terms), weights=cells.total
    ):
        value = replace(effect.effect, note="") if effect.effect.status == "ok" else effect.effect
        rows.add(
            "risk_difference",
            value,
            term=terms[effect.term].term,
            contrast=terms[effect.term].contrast,
            model=MODEL,
            n_patients=len(np.unique(steps.person)),
            **key,
        )
