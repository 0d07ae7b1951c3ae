"""Pseudonyms that stand in an order of their own: what a record holds decides it, neither the key nor the file.

Whatever later sorts or groups by a pseudonym adds its sums in this order, so that two projects with different keys have
the same estimates to the last bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from naturalistic.cohort.pseudonyms import MISSING, combine

_KEYED_BITS = 32
_IDS = ("patient_id", "referral_id", "therapist_id", "form_id")
_ROUNDS = 3
"""A therapist is two links from the forms of a person: the third round brings what others there have."""


def in_own_order(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The canonical tables with pseudonyms whose order depends on nothing but content.

    A new pseudonym is ``place * 2**32`` + the last 32 bits of the keyed one. The place of a person, referral, therapist
    or form is its rank by a digest of what the tables hold about it, and about what that is linked with, some links
    far: the colour refinement of graphs (Weisfeiler and Lehman 1968). Records alike in all this can be exchanged; among
    them the order of the file decides.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        The five canonical tables, linked.

    Returns
    -------
    dict of str to DataFrame
        Same rows in the same order.
    """
    held = {kind: [_numbers(t[kind]) for t in tables.values() if kind in t] for kind in _IDS}
    distinct = {kind: pd.unique(np.concatenate(parts)) for kind, parts in held.items()}
    known = {kind: pd.Index(ids[ids != MISSING]) for kind, ids in distinct.items()}
    digests = _digests([_linked(name, frame, known) for name, frame in tables.items()], known)
    new = {kind: _with_places(known[kind], digests[kind]) for kind in _IDS}
    return {
        name: frame.assign(
            **{c: _translated(frame[c], known[c], new[c]) for c in _IDS if c in frame}
        )
        for name, frame in tables.items()
    }


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows that link records.

    Attributes
    ----------
    content : ndarray of uint64, shape (n,)
        Digest of each row without its ids.
    position : dict of str to ndarray of int64, shape (n,)
        By the name of an id column: which of the known ids stands there; the number of known ids where it is missing.
    """

    content: np.ndarray
    position: dict[str, np.ndarray]


def _linked(name: str, frame: pd.DataFrame, known: Mapping[str, pd.Index]) -> _Rows:
    content = _row_digests(name, frame)
    position = {}
    for kind in _IDS:
        if kind in frame:
            found = known[kind].get_indexer(pd.Index(_numbers(frame[kind])))
            position[kind] = np.where(found < 0, len(known[kind]), found)
    if "form_id" not in position:
        return _Rows(content, position)
    # many rows, one an answer: those of a form as one
    form = position["form_id"]
    total = np.zeros(len(known["form_id"]), dtype=np.uint64)
    np.add.at(total, form, content)
    rows = {kind: np.zeros(len(total), dtype=np.int64) for kind in position}
    for kind, row in rows.items():
        row[form] = position[kind]
    return _Rows(total, rows)


def _row_digests(name: str, frame: pd.DataFrame) -> np.ndarray:
    """A digest of each row without its ids; equal rows of different tables have different ones."""
    content = frame[[c for c in frame if c not in _IDS]]
    # words that nobody filled in have no type to be hashed by
    content = content[[c for c in content if content[c].notna().any()]]
    if content.empty:
        return np.zeros(len(frame), dtype=np.uint64)
    salt = np.full(len(frame), int.from_bytes(name.encode()[:7], "big"), dtype=np.uint64)
    return _mixed(salt, pd.util.hash_pandas_object(content, index=False).to_numpy())


def _digests(tables: list[_Rows], known: Mapping[str, pd.Index]) -> dict[str, np.ndarray]:
    """A digest (uint64) of every known id; sums wrap around, so that the order of rows does not enter."""
    digests = {kind: np.zeros(len(ids) + 1, dtype=np.uint64) for kind, ids in known.items()}
    for _ in range(_ROUNDS):
        told = {kind: np.zeros_like(digest) for kind, digest in digests.items()}
        for table in tables:
            linked = [digests[kind][rows] for kind, rows in table.position.items()]
            row = _mixed(table.content, *linked)
            for kind, rows in table.position.items():
                np.add.at(told[kind], rows, row)
        for kind, digest in digests.items():
            digests[kind] = _mixed(digest, told[kind])
            digests[kind][-1] = 0  # a missing id links nobody
    return {kind: digest[:-1] for kind, digest in digests.items()}


def _mixed(*parts: np.ndarray) -> np.ndarray:
    return combine(*(part.view(np.int64) for part in parts)).view(np.uint64)


def _numbers(ids: pd.Series) -> np.ndarray:
    return ids.to_numpy(dtype=np.int64, na_value=MISSING)


def _with_places(known: pd.Index, digests: np.ndarray) -> np.ndarray:
    """Keyed pseudonyms led by their place; places begin with 1, so that none is `MISSING`."""
    place = np.empty(len(known), dtype=np.int64)
    place[np.argsort(digests, kind="stable")] = np.arange(1, len(known) + 1)
    return place << _KEYED_BITS | (known.to_numpy(dtype=np.int64) & (2**_KEYED_BITS - 1))


def _translated(ids: pd.Series, known: pd.Index, new: np.ndarray) -> pd.Series:
    position = known.get_indexer(pd.Index(_numbers(ids)))
    missing = position < 0
    numbers = np.append(new, MISSING)[position]
    if ids.dtype == "Int64":
        return pd.Series(pd.arrays.IntegerArray(numbers, missing), index=ids.index)
    return pd.Series(numbers, index=ids.index)
