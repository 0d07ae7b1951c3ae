"""Rules on completed forms, and the forms of all files as one canonical table."""

from __future__ import annotations

import datetime as dt
import hashlib

import numpy as np
import pandas as pd

from naturalistic.cohort.answers import NO_ITEM, Answers, Catalogue
from naturalistic.cohort.cells import categorical
from naturalistic.cohort.form_block import FormBlock, number_groups
from naturalistic.cohort.linking import Referrals, link, place_in_time
from naturalistic.cohort.pseudonyms import combine
from naturalistic.cohort.rows import OPTED_OUT, ORPHANS
from naturalistic.settings.mapping import RELATIVE_DAY_ZERO

_ZERO = np.datetime64(RELATIVE_DAY_ZERO, "ms")
_DAY = np.timedelta64(1, "D")
_TIME_KEY = ["referral_id", "instrument", "date", "occasion", "session_number"]


def link_forms(block: FormBlock, referrals: Referrals, *, relative: bool) -> None:
    """Give each form its referral and its date; set aside what has no referral.

    Parameters
    ----------
    block : FormBlock
        Changed in place.
    referrals : Referrals
    relative : bool
        Days are counted from `RELATIVE_DAY_ZERO`, not from the referral.
    """
    links = link(block.forms, referrals)
    orphan, most = ORPHANS["questionnaires"]
    orphans = links.why_not == "orphan"
    orphan = most if 2 * orphans.sum() > len(orphans) else orphan
    why = np.where(orphans, orphan, links.why_not).astype(object)
    block.draft.frame = block.forms.assign(_position=links.position)
    for rule in (orphan, "referral_of_another_person", "referral_ambiguous"):
        block.set_aside(rule, why == rule)
        why = why[why != rule]
    unused = referrals.why_not[block.forms["_position"].to_numpy()]
    if (unused == OPTED_OUT).any():
        block.drop(unused == OPTED_OUT, OPTED_OUT, step="opted_out")
        unused = unused[unused != OPTED_OUT]
    block.set_aside("referral_set_aside", unused != "")
    _place(block, referrals, relative=relative)


def _place(block: FormBlock, referrals: Referrals, *, relative: bool) -> None:
    frame = block.forms
    position = frame["_position"].to_numpy()
    frame["referral_id"] = referrals.frame["referral_id"].to_numpy()[position]
    received = referrals.date("received_date")[position]
    dates = frame["date"].to_numpy().astype("datetime64[ms]")
    days = frame["_days"].to_numpy()
    counted = ~np.isnan(days)
    if "date" in block.draft.counted_from_referral and not relative:
        placed = place_in_time(dates, received, _ZERO)
        block.note("days_without_start", ~np.isnat(dates) & np.isnat(placed), "date")
        dates = placed
    offset = np.where(counted, days, 0).astype(np.int64) * _DAY
    start = np.where(np.isnat(received) & relative, _ZERO, received) if relative else received
    dates = np.where(counted, start + offset, dates)
    frame["date"] = dates.astype("datetime64[ms]")


def check_forms(block: FormBlock, referrals: Referrals, cut: dt.date) -> None:
    """The rules on forms that are linked to a referral."""
    frame = block.forms
    undated = frame["date"].isna() & frame["session_number"].isna()
    nowhere = undated & (frame["occasion"].isna() | (frame["occasion"] == "session"))
    block.set_aside("form_without_time", nowhere.to_numpy())
    late = block.forms["date"].to_numpy() > np.datetime64(cut, "ms")
    block.set_aside("form_after_data_cut", late, "date")
    dates = block.forms["date"].to_numpy()
    position = referrals.position(block.forms["referral_id"])
    block.note("form_before_referral", dates < referrals.date("received_date")[position], "date")
    block.note("form_after_discharge", dates > referrals.date("discharge_date")[position], "date")
    _keep_one_form_a_time(block)


def _keep_one_form_a_time(block: FormBlock) -> None:
    """Of several forms at one time keep the most complete; of equally complete and different ones none."""
    # ASSUME A48: two equally complete, different forms at one time cannot both be right, and neither is used.
    forms = block.forms
    several = forms.duplicated(_TIME_KEY, keep=False).to_numpy()
    if not several.any():
        return
    n_answers = np.bincount(block.answers.form, minlength=len(forms))
    same = pd.DataFrame(
        {
            "key": forms.groupby(_TIME_KEY, dropna=False, observed=True, sort=False).ngroup(),
            "n": n_answers,
            "said": _what_was_said(block.answers, len(forms)),
            "at": np.arange(len(forms)),
        }
    )[several]
    best = same[same["n"] == same.groupby("key")["n"].transform("max")]
    alike = best.groupby("key")["said"].transform("nunique") == 1
    keep = best[alike].drop_duplicates("key")["at"].to_numpy()
    gone = several.copy()
    gone[keep] = False
    block.set_aside("two_forms_at_once", gone)


def _what_was_said(answers: Answers, n_forms: int) -> np.ndarray:
    """A number for each form that is the same for the same answers in any order."""
    one = combine(answers.scale, answers.item, answers.value.view(np.int64)).astype(np.uint64)
    said = np.zeros(n_forms, dtype=np.uint64)
    with np.errstate(over="ignore"):
        np.add.at(said, answers.form, one)
    return said


def join_blocks(blocks: list[FormBlock], catalogue: Catalogue) -> pd.DataFrame:
    """The forms of all blocks as rows of the canonical table.

    A form whose items and total lie in different files becomes one form: same referral, instrument, date, occasion and
    session number. An answer given twice is kept once; answers that contradict each other are set aside.
    """
    forms = pd.concat([block.forms[_TIME_KEY] for block in blocks], ignore_index=True)
    starts = np.cumsum([0, *(len(block.forms) for block in blocks)])
    number, form = _form_numbers(forms, catalogue)
    places = [form[start + b.answers.form] for start, b in zip(starts, blocks, strict=False)]
    key = np.concatenate([_answer_key(b.answers, p) for b, p in zip(blocks, places, strict=True)])
    value = np.concatenate([block.answers.value for block in blocks])
    _keep_one_answer_an_item(blocks, key, value)
    frames = [
        _rows_of(block, forms, number, start, catalogue)
        for start, block in zip(starts, blocks, strict=False)
    ]
    return frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)


def _form_numbers(forms: pd.DataFrame, catalogue: Catalogue) -> tuple[np.ndarray, np.ndarray]:
    """Pseudonym of each form, and its position among the distinct ones."""
    named = [hashlib.sha256(key.encode()).digest()[:8] for key in catalogue.keys]
    instruments = np.array([int.from_bytes(digest, "big") >> 1 for digest in named])
    parts = [
        forms["referral_id"].to_numpy(),
        instruments[forms["instrument"].cat.codes.to_numpy()],
        forms["date"].to_numpy().astype("datetime64[D]").view(np.int64),
        forms["occasion"].cat.codes.to_numpy().astype(np.int64),
        forms["session_number"].fillna(-1).to_numpy().astype(np.int64),
    ]
    group, _ = number_groups(parts)
    return combine(*parts), group


def _answer_key(answers: Answers, form: np.ndarray) -> np.ndarray:
    place = (answers.scale.astype(np.int64) + 1) * 10_000 + answers.item
    return form.astype(np.int64) * 100_000_000 + place


def _keep_one_answer_an_item(blocks: list[FormBlock], key: np.ndarray, value: np.ndarray) -> None:
    ordered = np.sort(key)
    if not (
        ordered[1:] == ordered[:-1]
    ).any():  # nearly always, and much faster than looking for them
        return
    again = pd.Series(key).duplicated(keep=False).to_numpy()
    rows = np.flatnonzero(again)
    said = pd.DataFrame({"key": key[rows], "value": value[rows]})
    differ = np.zeros(len(key), dtype=bool)
    differ[rows] = (said.groupby("key")["value"].transform("nunique") > 1).to_numpy()
    repeated = np.zeros(len(key), dtype=bool)
    repeated[rows] = said["key"].duplicated().to_numpy()
    start = 0
    for block in blocks:
        own = slice(start, start + len(block.answers))
        start = own.stop
        block.set_aside_answers("answer_conflict", differ[own])
        block.set_aside_answers("answer_repeated", (repeated & ~differ)[own][~differ[own]])


def _rows_of(
    block: FormBlock, forms: pd.DataFrame, number: np.ndarray, start: int, catalogue: Catalogue
) -> pd.DataFrame:
    answers = block.answers
    at = start + answers.form
    data: dict[str, object] = {"form_id": number[at]}
    for name in _TIME_KEY:
        data[name] = forms[name].array.take(at)
    data["scale"] = categorical(answers.scale, catalogue.scales)
    data["item"] = pd.arrays.IntegerArray(answers.item.astype(np.int32), answers.item == NO_ITEM)
    data["value"] = answers.value
    return pd.DataFrame(data, copy=False)
