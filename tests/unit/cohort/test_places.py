import numpy as np
import pandas as pd
import pytest

from naturalistic.cohort.conforming import conform
from naturalistic.cohort.places import in_own_order
from naturalistic.cohort.pseudonyms import Pseudonyms
from naturalistic.tables.cohort import COHORT_TABLES

IDS = ("patient_id", "referral_id", "therapist_id", "form_id")
N = 40


def made(key: bytes = b"k" * 32, order: int | None = None) -> dict[str, pd.DataFrame]:
    """Forty people with a referral each, half of them with a session and a form; some are alike in all but one link."""
    i = np.arange(N)
    months = np.array("2020-01", dtype="datetime64[M]") + i % 4
    days = months.astype("datetime64[D]").astype("datetime64[ms]")
    seen = i[::2]
    form = np.repeat(seen, 2)
    text = {kind: np.array([f"{kind}{j}" for j in i], dtype=object) for kind in IDS}
    number = {kind: Pseudonyms(key).of(kind, texts) for kind, texts in text.items()}
    led = number["therapist_id"][i % 3]
    held = number["referral_id"]
    tables = {
        "patients": {"patient_id": number["patient_id"], "age": 20.0 + i // 8},
        "referrals": {
            "referral_id": held,
            "patient_id": number["patient_id"],
            "received_date": days,
            "therapist_id": np.where(i % 5 == 0, 0, led),
        },
        "sessions": {
            "referral_id": held[seen],
            "date": days[seen],
            "contact_type": np.full(len(seen), "treatment", dtype=object),
            "therapist_id": led[seen],
        },
        "questionnaires": {
            "form_id": number["form_id"][form],
            "referral_id": held[form],
            "instrument": np.full(len(form), "core_om", dtype=object),
            "item": np.tile([1, 2], len(seen)),
            "value": 1.0 * (form % 5),
        },
        "ratings": {"referral_id": held[:0], "value": np.empty(0, dtype=np.int64)},
    }
    frames = {}
    for name, columns in tables.items():
        frame = conform(name, pd.DataFrame(columns))
        if order is not None:
            frame = frame.sample(frac=1, random_state=order, ignore_index=True)
        frames[name] = frame
    return frames


def by_place(tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Tables with the place of each id alone, in an order of what they hold."""
    shown = {}
    for name, frame in tables.items():
        places = {c: frame[c] // 2**32 for c in IDS if c in frame}
        plain = frame.assign(**places)
        columns = [c for c in plain if plain[c].notna().any()]
        shown[name] = plain[columns].sort_values(columns, ignore_index=True)
    return shown


@pytest.mark.parametrize(("key", "order"), [(b"k" * 32, 5), (b"j" * 32, None), (b"j" * 32, 6)])
def test_places_depend_neither_on_the_key_nor_on_the_order_of_rows(key, order):
    one, other = by_place(in_own_order(made())), by_place(in_own_order(made(key, order)))
    for name, frame in one.items():
        pd.testing.assert_frame_equal(frame, other[name])


def test_ids_stay_linked_and_rows_where_they_are():
    before, after = made(), in_own_order(made())
    for name, frame in before.items():
        assert COHORT_TABLES[name].problems(after[name]) == []
        rest = [c for c in frame if c not in IDS]
        pd.testing.assert_frame_equal(frame[rest], after[name][rest])
    for kind in IDS:
        old, new = (
            pd.concat([t[kind] for t in tables.values() if kind in t], ignore_index=True)
            for tables in (before, after)
        )
        assert list(old.isna()) == list(new.isna())
        pairs = pd.DataFrame({"old": old, "new": new}).dropna().drop_duplicates()
        assert pairs["old"].is_unique
        assert pairs["new"].is_unique
        assert (pairs["old"] % 2**32 == pairs["new"] % 2**32).all()
        assert sorted(pairs["new"] // 2**32) == list(range(1, len(pairs) + 1))


def test_therapists_are_told_apart_by_whom_they_see():
    orders = []
    for number in range(6):
        key = bytes([number]) * 32
        first_rows = [
            tables["sessions"]["therapist_id"].drop_duplicates().to_numpy()
            for tables in (made(key), in_own_order(made(key)))
        ]
        orders.append([tuple(np.argsort(ids.astype(np.int64))) for ids in first_rows])
    keyed, own = (set(order) for order in zip(*orders, strict=True))
    assert len(own) == 1
    assert len(keyed) > 1  # the keys alone would have numbered them otherwise


def test_nobody():
    empty = {name: table.empty() for name, table in COHORT_TABLES.items()}
    for name, frame in in_own_order(empty).items():
        pd.testing.assert_frame_equal(frame, empty[name])
