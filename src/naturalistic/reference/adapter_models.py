"""What an adapter looks like: the tables and columns of a national data set and where each canonical column comes from."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from naturalistic.reference.facts import Frozen, Key, Sourced, Status

Kind = Literal["patient", "referral", "contact", "activity"]
KINDS: tuple[Kind, ...] = ("patient", "referral", "contact", "activity")
Take = Literal["first", "last", "lowest", "most_frequent", "any"]
Reading = Literal[
    "plain",
    "leading_number",
    "therapy",
    "instrument",
    "scale",
    "item",
    "score",
    "problem",
    "contact_type_by_order",
]


class AdapterTable(Frozen):
    """One table of a data set.

    Attributes
    ----------
    code, name : str
        Such as ``IDS201`` and ``IDS201CareContact``; a file or sheet is the table when its name holds the code.
    id : str or None
        What one row is, where the table has an identifier of its own.
    parent : str or None
        What each row belongs to.
    record : tuple of str
        What makes two rows versions of one record: kinds of identifiers, and columns. The own identifier where empty.
    needed : bool
        Nothing can be made without the table.
    signature : tuple of str
        Columns that, all together in one file, show that the file holds this table whatever its name is.
    """

    code: str
    name: str
    id: Kind | None = None
    parent: Kind | None = None
    record: tuple[str, ...] = ()
    needed: bool = False
    signature: tuple[str, ...] = ()
    status: Status | None = None
    note: str = ""


class AdapterColumn(Frozen):
    """One way to fill a canonical column.

    Attributes
    ----------
    table : str or None
        Code of another table the cells are taken from; the view's own where None.
    source : tuple of str
        Columns, of which the first that is filled counts in each row (names changed between versions).
    id : str or None
        The column is an identifier of this kind.
    codes : tuple of str
        Code lists (``book/list``) that explain the cells.
    coarsen : str or None
        As in a mapping.
    take, by : str or None
        Which of several rows counts, and the column that orders them.
    only : str or None
        Only rows that belong to such contacts count.
    read : str
        How the cells become words: see `cohort.adapters`.
    """

    table: str | None = None
    source: tuple[str, ...] = Field(default=(), alias="from")
    id: Kind | None = None
    codes: tuple[str, ...] = ()
    coarsen: Literal["age_at_referral", "outward_postcode"] | None = None
    take: Take | None = None
    by: tuple[str, ...] = ()
    only: Literal["attended", "assessment"] | None = None
    read: Reading = "plain"
    status: Status | None = None
    note: str = ""

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if bool(self.source) == (self.id is not None) and self.read != "contact_type_by_order":
            raise ValueError("give either 'from' or 'id'")
        return self


class AdapterView(Frozen):
    """A canonical table (or one block of it) made from one table of the data set.

    ``columns`` holds the ways to fill each canonical column, the first of which that the files allow is taken.
    """

    canonical: Literal["patients", "referrals", "sessions", "questionnaires"]
    table: str
    columns: dict[str, tuple[AdapterColumn, ...]]


class Order(Frozen):
    """Columns that say which of two versions is the later one: first the period, then the submission in it."""

    period: tuple[str, ...]
    submission: tuple[str, ...]
    provider: tuple[str, ...]


class AdapterHeader(Frozen):
    """The table that describes a submission."""

    code: str
    name: str
    period: tuple[str, ...]
    submission: tuple[str, ...]


class AdapterFile(Sourced):
    """A national data set as its tables lie in files.

    ``teams`` names the columns that say which team a referral is to, by table; ``not_held`` the canonical columns that
    nothing in the data set can fill, each with the reason.
    """

    key: Key
    name: str
    about: str
    ids: dict[Kind, tuple[str, ...]]
    order: Order
    header: AdapterHeader
    tables: Annotated[tuple[AdapterTable, ...], Field(min_length=1)]
    views: Annotated[tuple[AdapterView, ...], Field(min_length=1)]
    teams: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    not_held: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _known_tables(self) -> Self:
        known = {table.code for table in self.tables}
        named = {view.table for view in self.views} | set(self.teams)
        named |= {
            way.table
            for view in self.views
            for ways in view.columns.values()
            for way in ways
            if way.table
        }
        if unknown := sorted(named - known):
            raise ValueError(f"tables that are not described: {', '.join(unknown)}")
        return self

    def table(self, code: str) -> AdapterTable:
        """One table by its code."""
        return next(table for table in self.tables if table.code == code)

    def record_table(self, kind: Kind) -> AdapterTable:
        """The table with one row for each identifier of a kind."""
        return next(table for table in self.tables if table.id == kind)
