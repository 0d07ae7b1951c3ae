"""Completed forms to scale scores, by the rules of the instrument files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.errors import MappingError
from naturalistic.reference.models import Instrument, Scale
from naturalistic.tables.derived import SCORES

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_FORM_COLUMNS = ["referral_id", "date", "occasion", "session_number"]


def score_questionnaires(
    questionnaires: pd.DataFrame, instruments: Mapping[str, Instrument]
) -> pd.DataFrame:
    """Score every scale of every completed form.

    A form with items gets one row for each scale whose items, range and direction are known: items listed as reversed
    become ``item_min + item_max - x``, then the scale's rule (`score_items`) applies. A scale score that the
    service delivers passes through unchanged, unless the same form holds items from which that scale is computed.

    Parameters
    ----------
    questionnaires : DataFrame
        Table ``questionnaires``; items are raw answers, never already reversed.
    instruments : mapping of str to Instrument
        Reference facts of every instrument that occurs.

    Returns
    -------
    DataFrame
        Table ``scores``, sorted by form and by the order of scales in the instrument file. ``score`` is missing where
        more items are missing than the rule allows.

    Raises
    ------
    MappingError
        An instrument or scale is not known, or items are given for an instrument whose key is not known.
    ValueError
        An item or score lies outside the range of its instrument (ingest sets such cells aside), a row names neither
        an item nor a scale, or the rows of one form belong to different referrals.
    """
    if nameless := int((questionnaires["item"].isna() & questionnaires["scale"].isna()).sum()):
        raise ValueError(f"questionnaires: {nameless} rows name neither an item nor a scale")
    used = _instruments_used(questionnaires["instrument"], instruments)
    parts: list[pd.DataFrame] = []
    for instrument in used:
        rows = questionnaires[(questionnaires["instrument"] == instrument.key).to_numpy()]
        is_item = rows["item"].notna().to_numpy()
        from_items = _scores_from_items(rows[is_item], instrument)
        delivered = _delivered_scores(rows[~is_item], instrument)
        parts += [*from_items, *_without(delivered, from_items)]
    if not parts:
        return SCORES.empty()
    # one list of categories for all parts, or putting them together would turn millions of words into objects
    for name in ("instrument", "scale"):
        words = sorted({word for part in parts for word in part[name].cat.categories})
        for part in parts:
            part[name] = part[name].cat.set_categories(words)
    scores = pd.concat(parts, ignore_index=True)
    scores = scores.sort_values(["form_id", "_order"], kind="stable").drop(columns="_order")
    return SCORES.conform(scores)


def score_items(answers: npt.ArrayLike, scale: Scale) -> tuple[FloatArray, IntArray]:
    """Scores of one scale from answers that all point the same way.

    With `m` answered of `k` items and their sum `s`: ``s / m`` (``mean_of_answered``) or ``s / k``
    (``sum_of_answered``), times 1 (``mean``), 10 (``mean_times_10``) or `k` (``sum``); missing where more than
    ``max_missing`` items are missing, or any where the facts hold no rule.

    Parameters
    ----------
    answers : array_like, shape (n_forms, k)
        Answers to the items of the scale, reversed where the instrument says so; NaN for a missing one.
    scale : Scale
        Scoring and missing rule.

    Returns
    -------
    score : ndarray, shape (n_forms,)
        In the unit of the scale, unrounded; NaN where not scorable.
    n_missing : ndarray of int, shape (n_forms,)
        Items left empty.

    Raises
    ------
    ValueError
        The scale is scored by a published conversion table, or `answers` has another number of items.
    """
    values = np.asarray(answers, dtype=np.float64)
    n_items = len(scale.items or ())
    if scale.scoring == "published_conversion" or values.ndim != 2 or values.shape[1] != n_items:
        raise ValueError(f"scale {scale.key} cannot be computed from answers of this shape")
    empty = np.isnan(values)
    n_missing = empty.sum(axis=1)
    answered = n_items - n_missing
    rule = scale.missing_rule
    prorate = rule is None or rule.method == "mean_of_answered"
    divisor = np.where(answered > 0, answered, 1) if prorate else n_items
    factor = {"mean": 1, "mean_times_10": 10, "sum": n_items}[scale.scoring]
    # the product first: a complete form then gives its sum exactly, without a rounded mean in between
    score = factor * np.where(empty, 0.0, values).sum(axis=1) / divisor
    allowed = rule.max_missing if rule else 0
    return np.where((n_missing <= allowed) & (answered > 0), score, np.nan), n_missing


def _instruments_used(column: pd.Series, instruments: Mapping[str, Instrument]) -> list[Instrument]:
    keys = sorted(column.dropna().unique())
    if unknown := [key for key in keys if key not in instruments]:
        raise MappingError(
            [f'questionnaires.instrument: no instrument "{key}" is known.' for key in unknown]
        )
    return [instruments[key] for key in keys]


@dataclass(frozen=True, slots=True)
class _Forms:
    """Distinct forms of one instrument and the form each row belongs to."""

    table: pd.DataFrame
    of_row: IntArray


def _distinct_forms(rows: pd.DataFrame, instrument: Instrument) -> _Forms:
    ids, first, of_row = np.unique(
        rows["form_id"].to_numpy(), return_index=True, return_inverse=True
    )
    referrals = rows["referral_id"].to_numpy()
    if not np.array_equal(referrals[first][of_row], referrals):
        raise ValueError(f"{instrument.key}: rows of one form belong to different referrals")
    table = rows[_FORM_COLUMNS].iloc[first].reset_index(drop=True)
    table.insert(0, "form_id", ids)
    return _Forms(table, of_row)


def _scores_from_items(rows: pd.DataFrame, instrument: Instrument) -> list[pd.DataFrame]:
    """One frame a scale that can be computed."""
    if rows.empty:
        return []
    scales = [scale for scale in instrument.scales if instrument.can_score_items(scale.key)]
    if not scales:
        raise MappingError(
            f"questionnaires: {instrument.name} cannot be computed from its items here, because its item key is not "
            "known; map its total or scale scores."
        )
    forms = _distinct_forms(rows, instrument)
    answers = _answer_matrix(rows, forms, instrument)
    parts = []
    for scale in scales:
        positions = np.asarray(scale.items, dtype=np.int64) - 1
        score, n_missing = score_items(answers[:, positions], scale)
        parts.append(_score_rows(forms.table, instrument, scale.key, score, n_missing))
    return parts


def _answer_matrix(rows: pd.DataFrame, forms: _Forms, instrument: Instrument) -> FloatArray:
    """Answers as forms by items, pointing one way; NaN where there is none."""
    built = instrument.structure
    low, high, n_items = built.item_min, built.item_max, built.n_items
    if low is None or high is None or n_items is None:  # can_score_items has seen to this
        raise ValueError(f"{instrument.key}: the range of its items is not known")
    item = rows["item"].to_numpy(dtype=np.int64)
    value = rows["value"].to_numpy(dtype=np.float64, copy=True)
    value[np.isin(value, built.not_known_codes)] = np.nan
    wrong = int(((value < low) | (value > high)).sum()) + int(((item < 1) | (item > n_items)).sum())
    if wrong:
        raise ValueError(f"{instrument.key}: {wrong} answers lie outside the range of its items")
    answers = np.full((len(forms.table), n_items), np.nan)
    answers[forms.of_row, item - 1] = value
    turned = np.asarray(built.reversed or (), dtype=np.int64) - 1
    answers[:, turned] = low + high - answers[:, turned]
    return answers


def _delivered_scores(rows: pd.DataFrame, instrument: Instrument) -> list[pd.DataFrame]:
    """One frame a scale that the service delivers."""
    parts = []
    scale_of_row = rows["scale"]
    known = {scale.key: scale for scale in instrument.scales}
    if strange := sorted(set(scale_of_row.dropna().unique()) - set(known)):
        raise MappingError(
            f'questionnaires.scale: {instrument.name} has no scale "{strange[0]}" '
            f"(it has: {', '.join(known)})."
        )
    for key, scale in known.items():
        chosen = rows[(scale_of_row == key).to_numpy()]
        if chosen.empty:
            continue
        forms = _distinct_forms(chosen, instrument)
        score = np.full(len(forms.table), np.nan)
        score[forms.of_row] = chosen["value"].to_numpy(dtype=np.float64)
        if wrong := int(((score < scale.minimum) | (score > scale.maximum)).sum()):
            raise ValueError(f"{instrument.key}.{key}: {wrong} scores lie outside its range")
        parts.append(_score_rows(forms.table, instrument, key, score, None))
    return parts


def _score_rows(
    forms: pd.DataFrame,
    instrument: Instrument,
    scale: str,
    score: FloatArray,
    n_missing: IntArray | None,
) -> pd.DataFrame:
    n_forms = len(forms)
    missing = pd.array([pd.NA] * n_forms if n_missing is None else n_missing, dtype="Int32")
    return forms.assign(
        instrument=_constant(instrument.key, n_forms),
        scale=_constant(scale, n_forms),
        n_items_missing=missing,
        score=score,
        _order=[each.key for each in instrument.scales].index(scale),
    )


def _constant(word: str, length: int) -> pd.Categorical[Any]:
    return pd.Categorical.from_codes(
        np.zeros(length, dtype=np.int8), dtype=pd.CategoricalDtype([word])
    )


def _without(delivered: list[pd.DataFrame], computed: list[pd.DataFrame]) -> list[pd.DataFrame]:
    """Delivered scores, without those forms for which the same scale was computed from items."""
    # ASSUME A30: where a form holds both items and a delivered score of the same scale, the score is computed from
    # the items, because only then is the rule for missing items known.
    forms_of = {part["scale"].cat.categories[0]: part["form_id"] for part in computed}
    kept = []
    for part in delivered:
        scale = part["scale"].cat.categories[0]
        kept.append(part[~part["form_id"].isin(forms_of[scale])] if scale in forms_of else part)
    return [part for part in kept if len(part)]
