"""Booked contacts, summed up for each referral: counts, first and last dates, main therapist."""

from __future__ import annotations

import datetime as dt

import numpy as np
import numpy.typing as npt
import pandas as pd

from naturalistic.vocabulary import ATTENDANCE, SEEN, TREATMENT_CONTACTS

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

MISSED = tuple(state for state in ATTENDANCE if state not in SEEN)
_ASSESSMENT_CONTACTS = ("assessment", "assessment_and_treatment")
_DAY = "datetime64[D]"
_NO_DAY = np.iinfo(np.int64).min


def summarise_sessions(
    sessions: pd.DataFrame, referral_ids: npt.ArrayLike, data_cut: dt.date
) -> pd.DataFrame:
    """Sum up the contacts of each referral up to the data cut; later ones are bookings not yet due.

    Parameters
    ----------
    sessions : DataFrame
        Table ``sessions``, in any order.
    referral_ids : array_like of int, shape (n_referrals,)
        Referrals wanted, in the order wanted; no repeats.
    data_cut : date
        Last day of observation.

    Returns
    -------
    DataFrame
        One row a referral: ``sessions_booked``, ``sessions_attended`` and one column for each state of `MISSED`
        (treatment contacts only); ``assessment_date``, ``first_session_date``, ``last_session_date`` (attended);
        ``last_contact_date`` (any contact, attended or not); ``last_booking_attended`` (1, 0 or missing);
        ``therapist_id`` and ``n_therapists``. What the sessions cannot tell is missing.

    Raises
    ------
    ValueError
        A session belongs to none of the referrals (ingest sets those aside).
    """
    index = pd.Index(np.asarray(referral_ids))
    of_row = index.get_indexer(sessions["referral_id"])
    if orphans := int((of_row < 0).sum()):
        raise ValueError(f"sessions: {orphans} rows belong to no referral")
    contacts = _Contacts(sessions, of_row, len(index), data_cut)
    seen_treatment = contacts.treatment & contacts.seen
    out = contacts.counts()
    out["assessment_date"] = contacts.earliest(contacts.assessment & contacts.seen)
    out["first_session_date"] = contacts.earliest(seen_treatment)
    out["last_session_date"] = contacts.latest(seen_treatment)
    out["last_contact_date"] = contacts.latest(np.ones(len(contacts.day), dtype=bool))
    out["last_booking_attended"] = contacts.last_booking_attended()
    return pd.concat([out, contacts.main_therapist(seen_treatment)], axis="columns")


class _Contacts:
    """Arrays over the contacts on or before the data cut."""

    def __init__(
        self, sessions: pd.DataFrame, of_row: IntArray, n_referrals: int, data_cut: dt.date
    ) -> None:
        day = sessions["date"].to_numpy(dtype=_DAY)
        due = day <= np.datetime64(data_cut, "D")
        table = sessions[due]
        self.n = n_referrals
        self.held = len(sessions) > 0
        self.referral = of_row[due]
        self.day = day[due].astype(np.int64)
        state = pd.Categorical(table["attendance"], categories=list(ATTENDANCE))
        self.state = np.asarray(state.codes, dtype=np.int64)
        kind = table["contact_type"]
        self.treatment = kind.isin(TREATMENT_CONTACTS).to_numpy()
        self.assessment = kind.isin(_ASSESSMENT_CONTACTS).to_numpy()
        self.seen = self.is_state(*SEEN)
        self.therapist = table["therapist_id"]

    def is_state(self, *states: str) -> BoolArray:
        """Whether a contact has one of the attendance states."""
        return np.isin(self.state, [list(ATTENDANCE).index(state) for state in states])

    def counts(self) -> pd.DataFrame:
        """Treatment contacts booked, attended and missed in each way."""
        booked = self._count(self.treatment)
        known = self._count(self.treatment & (self.state >= 0))
        # a referral without bookings was offered none: that is a count of 0, where contacts are held at all
        told = (known > 0) | ((booked == 0) & self.held)
        misses = {state: self._count(self.treatment & self.is_state(state)) for state in MISSED}
        # ASSUME A31: where no missed contact of any kind occurs in the whole cohort, missed contacts are not recorded,
        # and the counts of bookings and misses are missing instead of suggesting that nobody was ever absent.
        records_misses = self.held and any(count.any() for count in misses.values())
        columns = {
            "sessions_booked": _integers(booked, np.full(self.n, records_misses)),
            "sessions_attended": _integers(self._count(self.treatment & self.seen), told),
        }
        for state, count in misses.items():
            columns[state] = _integers(count, told & records_misses)
        return pd.DataFrame(columns)

    def earliest(self, rows: BoolArray) -> pd.Series:
        """First day among `rows` of each referral."""
        return _days(-self._largest(-self.day[rows], self.referral[rows]))

    def latest(self, rows: BoolArray) -> pd.Series:
        """Last day among `rows` of each referral."""
        return _days(self._largest(self.day[rows], self.referral[rows]))

    def last_booking_attended(self) -> pd.Series:
        """Whether the last booked treatment session took place: 1, 0, or missing."""
        # ASSUME A32: sessions that the service cancelled are passed over, so that a cancelled last date does not make
        # a person who came to the end one who stayed away.
        rows = self.treatment & ~self.is_state("cancelled_by_service")
        referral, day = self.referral[rows], self.day[rows]
        last = day == self._largest(day, referral)[referral]
        seen = self._count(rows, last & self.seen[rows]) > 0
        unknown = self._count(rows, last & (self.state[rows] < 0)) > 0
        known = (self._count(rows) > 0) & (seen | ~unknown)
        only_attended = not (self.treatment & self.is_state(*MISSED)).any()
        return pd.Series(_integers(seen.astype(np.int64), known & (not only_attended)))

    def main_therapist(self, rows: BoolArray) -> pd.DataFrame:
        """The therapist of most attended sessions, and how many therapists there were."""
        table = pd.DataFrame(
            {"referral": self.referral, "day": self.day, "therapist_id": self.therapist.array}
        )[rows].dropna(subset=["therapist_id"])
        grouped = table.groupby(["referral", "therapist_id"], sort=False)["day"]
        pairs = grouped.agg(["size", "min"]).reset_index()
        pairs["caseload"] = pairs.groupby("therapist_id")["size"].transform("sum")
        # ties: the therapist seen first; then, for pairs who work together, the one with more sessions in the cohort.
        # The pseudonym decides only where nothing else can.
        pairs = pairs.sort_values(
            ["referral", "size", "min", "caseload", "therapist_id"],
            ascending=[True, False, True, False, True],
        )
        main = pairs.drop_duplicates("referral").set_index("referral")["therapist_id"]
        number = pairs.groupby("referral").size()
        wanted = range(self.n)
        return pd.DataFrame(
            {
                "therapist_id": main.reindex(wanted).astype("Int64"),
                "n_therapists": number.reindex(wanted).astype("Int32"),
            }
        )

    def _count(self, rows: BoolArray, among: BoolArray | None = None) -> IntArray:
        referral = self.referral[rows]
        return np.bincount(referral if among is None else referral[among], minlength=self.n)

    def _largest(self, values: IntArray, referral: IntArray) -> IntArray:
        out = np.full(self.n, _NO_DAY)
        np.maximum.at(out, referral, values)
        return out


def _integers(values: IntArray, known: BoolArray) -> pd.arrays.IntegerArray:
    return pd.arrays.IntegerArray(values.astype(np.int32), ~known)


def _days(values: IntArray) -> pd.Series:
    # the negative of the smallest integer is itself: "no day" survives the change of sign in `earliest`
    days = values.astype(_DAY)
    days[values == _NO_DAY] = np.datetime64("NaT")
    return pd.Series(days.astype("datetime64[ms]"))
