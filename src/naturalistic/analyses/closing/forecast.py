"""How the caseload runs off when the service is closed to new referrals, and how many people a decision reaches."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from naturalistic.analyses.closing.caseload import WAYS, Caseload
from naturalistic.analyses.interface import EstimateRows
from naturalistic.settings.closing import Closing
from naturalistic.stats.poisson_rates import expected_newcomers
from naturalistic.stats.result import Estimate
from naturalistic.stats.run_off import FEWEST_AT_RISK, RunOff, run_off, weekly_endings

DAYS_A_MONTH = 365.25 / 12
FEWEST_ENDINGS = 50  # of one format, for a forecast of its own
METHOD = "weekly probabilities of ending by length so far; limits by simulation"


def add_run_off(
    rows: EstimateRows, load: Caseload, asked: Closing, draws: int, rng: np.random.Generator
) -> None:
    """Share of those in therapy expected to have ended, by way, and to be cut short by each closing date."""
    n = len(load.in_therapy)
    seen = len(load.weeks)
    key: dict[str, Any] = {"time_unit": "months_after_notice", "n_patients": n}
    if n == 0 or seen < FEWEST_AT_RISK or not (load.way > 0).any():
        note = (
            "nobody is in therapy on the day of notice"
            if n == 0
            else (
                f"fewer than {FEWEST_AT_RISK} courses of therapy, or no ending, were seen by the day of notice"
            )
        )
        rows.add("expected_share", term="cut_short", status="not_estimable", note=note, **key)
        return
    parts = _by_format(load, asked, draws, rng)
    expected = np.sum([part.expected for part in parts], axis=0)
    drawn = np.sum([part.draws for part in parts], axis=0)
    note = _beyond(sum(part.beyond for part in parts))
    for i, months in enumerate(asked.months_to_closing):
        for j, way in enumerate(WAYS):
            value = _forecast(expected[i, j] / n, drawn[:, i, j] / n, asked.conf_level)
            rows.add("expected_share", value, term=way, time=months, note=note, **key)
        left = n - drawn[:, i].sum(axis=1)
        value = _forecast(1.0 - expected[i].sum() / n, left / n, asked.conf_level)
        rows.add("expected_share", value, term="cut_short", time=months, note=note, **key)


def _by_format(
    load: Caseload, asked: Closing, draws: int, rng: np.random.Generator
) -> list[RunOff]:
    """One forecast a format with enough endings of its own, one for all the others together."""
    # ASSUME A61 courses end after the notice as they ended before it, at the same length of therapy
    weeks = np.round(np.array(asked.months_to_closing) * DAYS_A_MONTH / 7).astype(np.int64)
    seen = load.seen["format"].astype("object").fillna("").to_numpy()
    here = load.in_therapy["format"].astype("object").fillna("").to_numpy()
    formats = sorted(set(seen))
    own = [f for f in formats if np.count_nonzero((seen == f) & (load.way > 0)) >= FEWEST_ENDINGS]
    others = [f for f in formats if f not in own]
    groups = [[f] for f in own] + ([others] if others else [])
    if others and np.isin(seen, others).sum() < FEWEST_AT_RISK:
        groups = [formats]  # too few of the others to stand alone: all formats together
    length = load.in_therapy["weeks_so_far"].to_numpy(dtype=float)
    parts = []
    for group in groups:
        chosen, people = np.isin(seen, group), np.isin(here, group)
        table = weekly_endings(load.weeks[chosen], load.way[chosen], len(WAYS))
        parts.append(run_off(length[people], table, weeks, draws=draws, rng=rng))
    return parts


def _forecast(expected: float, drawn: npt.NDArray[Any], level: float) -> Estimate:
    tail = 0.5 * (1.0 - level)
    low, high = np.quantile(drawn, [tail, 1.0 - tail], method="inverted_cdf")
    return Estimate(
        estimate=float(expected),
        std_error=float(np.std(drawn)),
        conf_low=float(low),
        conf_high=float(high),
        conf_level=level,
        method=METHOD,
    )


def _beyond(people: int) -> str:
    # the number itself could be small: only whether there are any is said
    return (
        "for the longest courses, later endings are taken from the last half-year seen"
        if people
        else ""
    )


def add_people_affected(
    rows: EstimateRows, load: Caseload, asked: Closing, draws: int, rng: np.random.Generator
) -> None:
    """People in therapy, waiting, and referred over the months asked about who would start if the service went on."""
    # ASSUME A62 as many people a month would be referred and start as started in the months before; who waits now is
    # counted apart and not among them
    on_books = len(load.in_therapy) + len(load.waiting)
    starts = load.seen["first_session_date"]
    months_ago = np.floor((load.day - starts).dt.days.to_numpy() / DAYS_A_MONTH)
    observed = (
        int(min(12, np.floor((load.day - starts.min()).days / DAYS_A_MONTH))) if len(starts) else 0
    )
    key: dict[str, Any] = {"time": asked.new_starters_months, "time_unit": "months_after_notice"}
    if observed < 3:
        rows.add(
            "expected_number",
            term="new_starters",
            status="not_estimable",
            note="fewer than three months of starts were seen before the day of notice",
            **key,
        )
        return
    recent = months_ago[months_ago < observed].astype(np.int64)
    monthly = np.bincount(recent, minlength=observed)
    mean, drawn = expected_newcomers(monthly, asked.new_starters_months, draws=draws, rng=rng)
    note = f"from the starts of the {observed} months before the day of notice"
    value = _forecast(mean, drawn, asked.conf_level)
    rows.add(
        "expected_number", value, term="new_starters", n_patients=len(recent), note=note, **key
    )
    value = _forecast(on_books + mean, on_books + drawn, asked.conf_level)
    rows.add("expected_number", value, term="affected", n_patients=on_books, note=note, **key)
