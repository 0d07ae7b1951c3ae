"""Only the referrals to some teams, with everything that belongs to them."""

from __future__ import annotations

import numpy as np

from naturalistic.cohort.adapters.values import Values
from naturalistic.cohort.cells import code_key
from naturalistic.cohort.problems import ProblemLog

OTHER_TEAM = "referral to another team"


def keep_teams(values: Values, log: ProblemLog) -> None:
    """Leave out what belongs to referrals to other teams than those of the mapping, each row counted."""
    wanted = {code_key(team) for team in values.choice.teams}
    if not wanted:
        return
    links, adapter = values.links, values.adapter
    code = adapter.record_table("referral").code
    table = links.tables[code]
    kept = np.zeros(len(table), dtype=bool)
    known = False
    for holder, names in adapter.teams.items():
        if holder in links.tables:
            for name in links.tables[holder].held(names):
                known = True
                cells = links.tables[holder].columns[name]
                ours = [code_key(text) in wanted for text in cells.values]
                rows = links.rows(holder, "referral")[np.array(ours, dtype=bool)[cells.codes]]
                kept[rows[rows >= 0]] = True
    if not known:
        asked = [name for each in adapter.teams.values() for name in each]
        hint = f"{' or '.join(map(repr, asked))}, for adapter.teams"
        log.add("referrals", table.label, asked[0], "table_column_absent", hint=hint)
        return
    if not kept.any():
        log.add("referrals", table.label, "team", "no_referral_to_teams")
        return
    out = _belonging_elsewhere(values, kept)
    for each, gone in out.items():
        if gone.any():
            links.keep(each, links.tables[each].take(~gone, OTHER_TEAM), ~gone)


def _belonging_elsewhere(values: Values, kept: np.ndarray) -> dict[str, np.ndarray]:
    """Rows of every table that belong to referrals which are not kept; people without any referral that is."""
    links = values.links
    out: dict[str, np.ndarray] = {}
    people = links.ids(values.adapter.record_table("referral").code, "patient")
    here, elsewhere = np.unique(people[kept]), np.unique(people[~kept])
    for code, table in links.tables.items():
        if table.spec.id == "patient" or (table.spec.parent == "patient" and not table.spec.id):
            own = links.ids(code, "patient")
            out[code] = np.isin(own, elsewhere) & ~np.isin(own, here)
        else:
            rows = links.rows(code, "referral")
            out[code] = (rows >= 0) & ~kept[np.maximum(rows, 0)]
    return out
