"""The rows of one block on their way: dropped, listed and counted in one place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from naturalistic.cohort.apply_mapping import Draft
from naturalistic.cohort.flow import Chain
from naturalistic.cohort.linking import Links, Referrals
from naturalistic.cohort.problems import ProblemLog

ORPHANS = {
    "sessions": ("session_orphan", "most_sessions_orphan"),
    "questionnaires": ("form_orphan", "most_forms_orphan"),
    "ratings": ("rating_orphan", "most_ratings_orphan"),
}
OPTED_OUT = "person opted out"


@dataclass(slots=True)
class Rows:
    """The rows of one block with the means to drop or list them.

    Attributes
    ----------
    draft : Draft
    chain : Chain
        Account of the rows.
    log : ProblemLog
    """

    draft: Draft
    chain: Chain
    log: ProblemLog

    @property
    def frame(self) -> pd.DataFrame:
        """The rows that are left."""
        return self.draft.frame

    def note(self, rule: str, rows: np.ndarray, column: str = "") -> None:
        """List the marked rows."""
        numbers = self.frame["row"].to_numpy()[rows]
        self.log.add(self.draft.table, self.draft.file, column, rule, numbers, of=len(self.frame))

    def set_aside(self, rule: str, rows: np.ndarray, column: str = "") -> None:
        """List the marked rows and drop them."""
        if rows.any():
            self.note(rule, rows, column)
            self.drop(rows, rule)

    def drop(self, rows: np.ndarray, reason: str, step: str = "set_aside") -> None:
        """Drop the marked rows and count them."""
        self.draft.frame = self.frame[~rows]
        self.chain.drop(self.chain.rows - int(rows.sum()), reason, step)

    def clear(self, rule: str, column: str, rows: np.ndarray) -> None:
        """List the marked rows and set their cell to missing."""
        if rows.any():
            self.note(rule, rows, column)
            self.draft.frame[column] = self.frame[column].mask(rows)

    def date(self, name: str) -> np.ndarray:
        """A date column, NaT throughout where it is not mapped."""
        if name in self.frame:
            return self.frame[name].to_numpy().astype("datetime64[ms]")
        return np.full(len(self.frame), np.datetime64("NaT", "ms"))


def follow_links(rows: Rows, links: Links, referrals: Referrals) -> np.ndarray:
    """Set aside what belongs to no referral, or to one that is not used; the positions of the rest.

    Returns
    -------
    ndarray of int64, shape (n_rows_left,)
        Row of the referral in `referrals.frame`.
    """
    orphan, most = ORPHANS[rows.draft.table]
    orphans = links.why_not == "orphan"
    orphan = most if 2 * orphans.sum() > len(orphans) else orphan
    why = np.where(orphans, orphan, links.why_not).astype(object)
    found = links.position >= 0
    unused = np.full(len(found), "", dtype=object)
    unused[found] = referrals.why_not[links.position[found]]
    position = links.position
    for rule in (orphan, "referral_of_another_person", "referral_ambiguous"):
        broken = why == rule
        rows.set_aside(rule, broken)
        why, unused, position = why[~broken], unused[~broken], position[~broken]
    opted = unused == OPTED_OUT
    if opted.any():  # counted only: a list of their rows would single them out
        rows.drop(opted, OPTED_OUT, step="opted_out")
    unused, position = unused[~opted], position[~opted]
    rows.set_aside("referral_set_aside", unused != "")
    return position[unused == ""]
