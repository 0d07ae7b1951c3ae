"""Therapist ratings of problems and risks, long or wide."""

from __future__ import annotations

import numpy as np
import pandas as pd

from naturalistic.cohort.apply_mapping import ColumnReader, draft_table
from naturalistic.cohort.flow import Chain
from naturalistic.cohort.reading import tidy_name
from naturalistic.cohort.rows import Rows
from naturalistic.settings.mapping import ColumnMap, RatingMap
from naturalistic.tables.cohort import RATINGS

_KEY = ["referral_id", "kind", "subject", "occasion"]


def read_ratings(reader: ColumnReader, block: RatingMap, chain: Chain) -> Rows:
    """The ratings of one block of the mapping, one row each."""
    draft = draft_table(reader, block.columns)
    if block.ratings:
        draft.frame = _stacked(reader, block, draft.frame)
        n = len(draft.frame)
        chain.reshape(n, f"one row a rating: {chain.rows * len(block.ratings) - n:,} left empty")
    else:
        held = draft.frame["value"].notna()
        draft.frame = draft.frame[held]
        chain.drop(int(held.sum()), "rating empty or unreadable")
    return Rows(draft, chain, reader.log)


def _stacked(reader: ColumnReader, block: RatingMap, shared: pd.DataFrame) -> pd.DataFrame:
    parts = []
    for rating in block.ratings:
        spec = ColumnMap.model_construct(codes=rating.codes, missing_codes=rating.missing_codes)
        source = tidy_name(rating.source)
        cells = reader.raw.column(source)
        values = reader.numbers(source, cells, spec, RATINGS.column("value"))
        part = shared.assign(value=values).loc[~np.isnan(values)]
        words = {"kind": rating.kind, "subject": rating.subject, "occasion": rating.occasion}
        parts.append(part.assign(**words))
    frame = pd.concat(parts, ignore_index=True)
    return frame.astype(dict.fromkeys(("kind", "subject", "occasion"), "category"))


def check_ratings(blocks: list[Rows], cut: np.datetime64) -> pd.DataFrame:
    """The rules on ratings that are linked to a referral, and the ratings of all blocks in one frame.

    Parameters
    ----------
    blocks : list of Rows
    cut : datetime64
        The data cut.
    """
    for rows in blocks:
        rows.clear("date_after_data_cut", "date", rows.date("date") > cut)
        for name in ("kind", "subject", "occasion"):
            rows.set_aside("rating_incomplete", rows.frame[name].isna().to_numpy(), name)
    keys = pd.concat([rows.frame[[*_KEY, "value"]].astype({"subject": str}) for rows in blocks])
    group = keys.groupby(_KEY, observed=True)["value"]
    differ = (group.transform("nunique") > 1).to_numpy()
    repeated = keys.duplicated(_KEY).to_numpy() & ~differ
    start = 0
    for rows in blocks:
        own = slice(start, start + len(rows.frame))
        start = own.stop
        rows.set_aside("rating_conflict", differ[own])
        rows.set_aside("rating_repeated", repeated[own][~differ[own]])
    return pd.concat([rows.frame for rows in blocks], ignore_index=True)
