"""When people leave, over several services."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from naturalistic.release.bundle_model import Band, Bundle
from naturalistic.stats.meta_analysis import pool_incidence

COLUMNS = (
    "definition",
    "clock",
    "ending",
    "time",
    "incidence",
    "conf_low",
    "conf_high",
    "prediction_low",
    "prediction_high",
    "services",
    "k",
    "tau2",
    "note",
)
DEPENDS = ("episodes", "lost_contact_weeks")


def _key(item: tuple[str, Band]) -> tuple[str, str, str]:
    band = item[1]
    return band.definition, band.clock, band.ending


def pooled_curves(bundles: Sequence[Bundle], conf_level: float) -> list[dict[str, Any]]:
    """Cumulative incidence of each way of ending on each clock, from the bundles' counts by band.

    Bundles whose definition of an ending depends on another number are not mixed: the largest set that agrees is taken,
    and the note says who was left out.
    """
    chosen, note = _agreeing(bundles)
    items = sorted(((b.cohort, band) for b in chosen for band in b.endings), key=_key)
    rows: list[dict[str, Any]] = []
    for (definition, clock, ending), found in groupby(items, key=_key):
        bands = list(found)
        curve = pool_incidence(
            [cohort for cohort, _ in bands],
            [band.until for _, band in bands],
            [float(band.at_risk) for _, band in bands],
            [float(band.events) for _, band in bands],
            conf_level=conf_level,
        )
        k = len({cohort for cohort, _ in bands})
        rows += [
            {
                "definition": definition,
                "clock": clock,
                "ending": ending,
                "time": float(curve.times[i]),
                "incidence": float(curve.incidence[i]),
                "conf_low": float(curve.conf_low[i]),
                "conf_high": float(curve.conf_high[i]),
                "prediction_low": float(curve.prediction_low[i]),
                "prediction_high": float(curve.prediction_high[i]),
                "services": int(curve.services[i]),
                "k": k,
                "tau2": curve.tau2,
                "note": "; ".join(n for n in (curve.note, note) if n),
            }
            for i in range(len(curve.times))
        ]
    return rows


def _agreeing(bundles: Sequence[Bundle]) -> tuple[list[Bundle], str]:
    sets: dict[tuple[str, ...], list[Bundle]] = {}
    for bundle in bundles:
        found = (bundle.definitions.get(name) for name in DEPENDS)
        sets.setdefault(tuple(d.digest if d else "" for d in found), []).append(bundle)
    best = max(sets.values(), key=len)
    out = [b.cohort for b in bundles if b not in best]
    return best, f"left out, another definition: {', '.join(out)}" if out else ""
