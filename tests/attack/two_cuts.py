"""The attack on two releases of one cohort: an earlier data cut and a later one."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from naturalistic.release.disclosure import protect_cohort
from naturalistic.release.ledger import differences, ledger_entry
from naturalistic.release.profiles import load_profile
from tests.attack.attacker import Attacker
from tests.attack.cohorts import NAMED, Truth, small_and_withheld
from tests.attack.reading import KEY, read_release
from tests.attack.releasing import Exact, write_release
from tests.attack.solver import narrowed
from tests.attack.system import Slot, System

GROWING = ("n_patients", "n_episodes", "n_events", "numerator", "denominator")


@dataclass(frozen=True)
class Together:
    """What an attack on two releases came to."""

    withheld: int  # small counts withheld in either
    recovered: list[tuple[str, str, str]]  # which release, key and column of those narrowed down
    warned: int  # cells that the ledger warns of
    given: int  # figures of the later cut
    withheld_for_others: int  # figures withheld in the later release for others' sake
    withheld_alone: int  # and how many would be, without the earlier release


@dataclass(frozen=True)
class _Cut:
    attacker: Attacker
    truth: Truth
    targets: list[Slot]


def attack_both(
    first: Exact, second: Exact, profile_name: str = "opensafely", *, compared: bool = True
) -> Together:
    """Release an earlier cut, then a later one in knowledge of it, and attack both together.

    Without `compared` the later release knows nothing of the earlier one (for the proof that it must).
    """
    profile = load_profile(profile_name)
    lead = second.settings.primary
    cuts: list[_Cut] = []
    entries: dict[str, pd.DataFrame] = {}
    warned, losses = 0, []
    for name, exact in (("first", first), ("second", second)):
        protected = protect_cohort(
            exact.estimates,
            profile_name,
            primary=(lead.instrument, lead.scale),
            earlier=dict(entries) if compared else None,
        )
        with tempfile.TemporaryDirectory() as folder:
            write_release(Path(folder), exact, protected, profile_name, pages=False)
            released = read_release(Path(folder), profile.threshold, profile.rounding_base)
        truth = Truth.of(exact.estimates)
        targets = small_and_withheld(released.rows, truth.values, profile.threshold)
        cuts.append(_Cut(Attacker(released, truth.says), truth, targets))
        entry = ledger_entry(
            exact.estimates, protected.estimates, protected.coarser, profile.rounding_base
        )
        warned = len(differences(entry, entries, profile_name))
        entries[name] = entry
        losses.append(protected.loss)
    alone = protect_cohort(
        second.estimates, profile_name, primary=(lead.instrument, lead.scale)
    ).loss.withheld_secondary
    lost = _recovered(cuts[0], cuts[1], profile.threshold)
    found = sum(len(cut.targets) for cut in cuts)
    return Together(found, lost, warned, losses[1].given, losses[1].withheld_secondary, alone)


def _recovered(first: _Cut, second: _Cut, threshold: int) -> list[tuple[str, str, str]]:
    """Targets of either release that both together narrow down."""
    system, shift = _joined(first, second)
    slots: dict[int, list[tuple[str, Slot]]] = {}
    floor: dict[int, int] = {}
    for name, cut, offset in (("first", first, 0), ("second", second, shift)):
        for slot in cut.targets:
            unknown = cut.attacker.system.name[slot] + offset
            slots.setdefault(unknown, []).append((name, slot))
            least = 1 if slot[1] == "n_missing" else 0
            floor[unknown] = min(floor.get(unknown, least), least)
    rows = {"first": first.attacker.rows, "second": second.attacker.rows}
    return [
        (
            name,
            ",".join(str(rows[name].at[row, c]) for c in NAMED),
            column,
        )
        for unknown in narrowed(system, floor, threshold)
        for name, (row, column) in slots[unknown]
    ]


def _joined(first: _Cut, second: _Cut) -> tuple[System, int]:
    """Both systems, and that what only grows was no larger before."""
    one, two = first.attacker.system, second.attacker.system
    shift = len(one.low)
    moved = [({u + shift: c for u, c in row.items()}, low) for row, low in two.equations]
    system = System([*one.low, *two.low], [*one.high, *two.high], [*one.equations, *moved], {})
    place = {
        tuple(r[k] for k in KEY): i for i, r in enumerate(second.attacker.rows.to_dict("records"))
    }
    for row, record in enumerate(first.attacker.rows.to_dict("records")):
        now = place.get(tuple(record[k] for k in KEY))
        if now is None:
            continue
        for column in GROWING:
            then = (row, column)
            if then not in one.name or (now, column) not in two.name:
                continue
            if first.truth.values[column][row] <= second.truth.values[column][now]:
                terms = {one.name[then]: 1.0, two.name[now, column] + shift: -1.0}
                system.equations.append((terms, -float("inf")))
    return system, shift
