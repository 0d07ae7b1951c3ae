"""What is found out about one file, and the choice of a column for each canonical column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from naturalistic.cohort.guessing.column import Column
from naturalistic.cohort.guessing.columns import Guess
from naturalistic.cohort.guessing.forms import FormsFound
from naturalistic.cohort.guessing.profile import FileProfile
from naturalistic.cohort.guessing.ratings import RatingsFound

LEAST_SCORE = 0.45
_REPEATED = 1.2


@dataclass
class FileRoles:
    """What one file is and what its columns are.

    Attributes
    ----------
    file : FileProfile
    forms : FormsFound
        Questionnaires in its columns.
    guesses : dict of str to list of Guess
        Everything each other column may be, the best first.
    patient, referral : Column or None
        Columns that say whose row it is.
    roles : set of str
        Tables that the file feeds.
    picked : dict of str to Guess
        Target -> the column that was chosen.
    national : bool
        The file has the column names of a national data set.
    ratings : RatingsFound
        Therapists' ratings in its columns.
    long : dict of str to Guess
        Columns of a file with one row an answer or a score.
    redcap : dict of str to str
        Columns of a REDCap export that are not guessed at, with the reason; empty for every other file.
    """

    file: FileProfile
    forms: FormsFound
    guesses: dict[str, list[Guess]] = field(default_factory=dict)
    patient: Column | None = None
    referral: Column | None = None
    roles: set[str] = field(default_factory=set)
    picked: dict[str, Guess] = field(default_factory=dict)
    long: dict[str, Guess] = field(default_factory=dict)
    national: bool = False
    ratings: RatingsFound = field(default_factory=RatingsFound)
    redcap: dict[str, str] = field(default_factory=dict)

    @property
    def repeated(self) -> bool:
        """Several rows a person or referral."""
        own = [c for c in (self.patient, self.referral) if c is not None]
        return any(c.n_filled >= _REPEATED * max(1, c.n_distinct) for c in own)

    def used(self) -> set[str]:
        """Columns that something was made of."""
        own = {c.name for c in (self.patient, self.referral) if c is not None}
        taken = (
            own
            | self.ratings.names()
            | {g.column.name for g in self.picked.values()}
            | {g.column.name for g in self.long.values()}
        )
        parts = {n for i in self.forms.items for n in i.series.columns.values()}
        return (
            taken
            | parts
            | {s.column.name for s in self.forms.scores}
            | {c.name for c, _ in self.forms.dates}
        )

    @property
    def words_behind(self) -> bool:
        """Any score has words behind it, such as "12 (moderate)"."""
        return self.forms.words_behind or any(
            column.numerals.words_behind for column in self.file.columns.values()
        )

    def best(self, table: str) -> dict[str, Guess]:
        """The best column for each canonical column of a table, no column twice."""
        return assign(self.guesses, {table})


def assign(candidates: Mapping[str, list[Guess]], tables: set[str]) -> dict[str, Guess]:
    """Give every target at most one column and every column at most one target, the best fits first."""
    wanted = [
        guess
        for name in sorted(candidates)
        for guess in candidates[name]
        if guess.score >= LEAST_SCORE and guess.target.split(".")[0] in tables
    ]
    wanted.sort(
        key=lambda g: (-g.score, -g.name_score, -g.column.n_filled, g.target, g.column.name)
    )
    picked: dict[str, Guess] = {}
    taken: set[str] = set()
    for guess in wanted:
        base = guess.target.split(":")[0]
        if guess.column.name in taken or base in {t.split(":")[0] for t in picked}:
            continue
        picked[guess.target] = guess
        taken.add(guess.column.name)
    return picked
