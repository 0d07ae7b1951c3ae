"""The steps that turn the files of an extract into linked, checked canonical tables."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from naturalistic.cohort.answers import Catalogue
from naturalistic.cohort.apply_mapping import ColumnReader, draft_table
from naturalistic.cohort.calendar import latest_plausible_date
from naturalistic.cohort.conforming import conform, empty_table
from naturalistic.cohort.flow import Chain
from naturalistic.cohort.form_block import FormBlock
from naturalistic.cohort.forms import read_forms
from naturalistic.cohort.linking import Referrals, link, own_referral_ids, place_in_time
from naturalistic.cohort.people import (
    check_endings,
    check_referral_dates,
    check_therapists,
    referral_states,
    unique_patients,
    unique_referrals,
    work_out_ages,
)
from naturalistic.cohort.problems import ProblemLog
from naturalistic.cohort.pseudonyms import MISSING, Pseudonyms
from naturalistic.cohort.questionnaires import check_forms, join_blocks, link_forms
from naturalistic.cohort.ratings import check_ratings, read_ratings
from naturalistic.cohort.reading import RawFile
from naturalistic.cohort.rows import OPTED_OUT, Rows, follow_links
from naturalistic.cohort.sessions import check_sessions
from naturalistic.settings.mapping import RELATIVE_DAY_ZERO, ColumnMap, Mapping
from naturalistic.tables.cohort import COHORT_TABLES
from naturalistic.vocabulary import SEEN

_ZERO = np.datetime64(RELATIVE_DAY_ZERO, "ms")
_HAPPENED = (
    "received_date",
    "accepted_date",
    "assessment_date",
    "first_session_date",
    "last_session_date",
    "discharge_date",
)


@dataclass(frozen=True, slots=True)
class Extract:
    """An extract that was read and may be used.

    Attributes
    ----------
    mapping : Mapping
    files : dict of str to RawFile
    log : ProblemLog
    pseudonyms : Pseudonyms
    catalogue : Catalogue
    """

    mapping: Mapping
    files: dict[str, RawFile]
    log: ProblemLog
    pseudonyms: Pseudonyms
    catalogue: Catalogue

    @property
    def relative(self) -> bool:
        """Days are counted from a day zero."""
        return self.mapping.calendar == "relative"

    def reader(self, file: str, table: str) -> ColumnReader:
        """Reads the columns of a file for a table."""
        source = self.mapping.files[file]
        return ColumnReader(self.files[file], source, table, self.log, self.pseudonyms)


@dataclass(frozen=True, slots=True)
class Built:
    """The finished tables with their account of rows."""

    tables: dict[str, pd.DataFrame]
    chains: list[Chain]
    data_cut: dt.date


@dataclass(slots=True)
class TableBuilder:
    """Builds the five tables of one extract.

    Attributes
    ----------
    extract : Extract
    opted_out : ndarray of int64
        Pseudonyms of people whose rows are left out.
    """

    extract: Extract
    opted_out: np.ndarray
    chains: list[Chain] = field(default_factory=list)

    def build(self) -> Built:
        """Read, link and check every table.

        Raises
        ------
        BrokenExtractError
            A rule that stops the run is broken.
        """
        log, given = self.extract.log, self.extract.mapping.data_cut
        referral_rows, by_row = self._read_referrals()
        patients = self._read_patients()
        unique_referrals(referral_rows, listed=not self._holds_finer_rows())
        referrals = Referrals(referral_rows.frame, referral_rows.draft.file, by_row)
        people = patients.frame["patient_id"]
        referrals.why_not = referral_states(referral_rows, people, self.opted_out, given)
        sessions = self._read_sessions(referrals)
        blocks = self._read_forms(referrals)
        ratings = self._read_ratings(referrals)
        cut = given or self._latest(referrals, sessions, blocks)
        log.stop_if_needed()
        if given is None and not self.extract.relative:
            log.add("", referrals.file, "", "data_cut_assumed")
        self._leave_out_referrals(referral_rows, referrals.why_not)
        check_referral_dates(referral_rows, cut, assumed=given is None)
        check_endings(referral_rows)
        check_therapists(referral_rows, sessions)
        referrals = Referrals(referral_rows.frame, referrals.file, by_row)
        tables = {name: empty_table(name) for name in COHORT_TABLES}
        if sessions is not None:
            check_sessions(sessions, referrals, cut)
            tables["sessions"] = conform("sessions", sessions.frame)
        for block in blocks:
            check_forms(block, referrals, cut)
        if blocks:
            joined = join_blocks(blocks, self.extract.catalogue)
            tables["questionnaires"] = conform("questionnaires", joined)
        if ratings:
            tables["ratings"] = self._joined_ratings(ratings, cut)
        tables["referrals"] = conform("referrals", referral_rows.frame)
        tables["patients"] = self._finished_patients(patients, referral_rows)
        return Built(tables, self.chains, cut)

    def _chain(self, file: str, table: str) -> Chain:
        """A new account of rows, begun with the rows of the file."""
        raw = self.extract.files[file]
        chain = Chain(table, raw.path)
        chain.begin(raw.n_records, raw.wrong_length.size, raw.rows.size, raw.left_out)
        self.chains.append(chain)
        return chain

    def _read_referrals(self) -> tuple[Rows, pd.Series]:
        block = self.extract.mapping.tables.referrals
        draft = draft_table(self.extract.reader(block.file, "referrals"), block.columns)
        if "referral_id" not in draft.frame:
            draft.frame["referral_id"] = own_referral_ids(draft.frame)
        rows = Rows(draft, self._chain(block.file, "referrals"), self.extract.log)
        if not self.extract.relative:
            for name in sorted(draft.counted_from_referral):
                _count_from(rows, name, rows.date("received_date"))
        return rows, draft.frame.set_index("row")["referral_id"]

    def _read_patients(self) -> Rows:
        tables = self.extract.mapping.tables
        reader = self.extract.reader(tables.patients.file, "patients")
        draft = draft_table(reader, tables.patients.columns)
        rows = Rows(draft, self._chain(tables.patients.file, "patients"), self.extract.log)
        rows.set_aside("patient_id_missing", (rows.frame["patient_id"] == MISSING).to_numpy())
        earliest = self._dates_of_rows(tables.patients.file, rows.frame["row"])
        shared = [block.file for _, block in tables.blocks()].count(tables.patients.file) > 1
        unique_patients(rows, earliest, listed=not shared)
        return rows

    def _dates_of_rows(self, file: str, rows: pd.Series) -> np.ndarray | None:
        """Date of each row of the patients' file, where it also holds referrals, sessions or forms with a date."""
        for table, block in self.extract.mapping.tables.blocks():
            name = "received_date" if table == "referrals" else "date"
            spec = block.columns.get(name)
            if block.file == file and spec is not None and not spec.drop:
                reader = self.extract.reader(file, table)
                unheard = replace(
                    reader, log=ProblemLog("")
                )  # the block itself lists what is wrong
                dates = pd.Series(unheard.dates(name, spec), index=reader.raw.rows)
                return dates.reindex(rows).to_numpy()
        return None

    def _holds_finer_rows(self) -> bool:
        """The file of the referrals also has one row a session or a form, so that referrals repeat by design."""
        tables = self.extract.mapping.tables
        finer = [tables.sessions.file] if tables.sessions else []
        finer += [block.file for block in tables.questionnaires if not block.forms]
        finer += [block.file for block in tables.ratings if not block.ratings]
        return tables.referrals.file in finer

    def _with_ids(self, columns: dict[str, ColumnMap], file: str) -> dict[str, ColumnMap]:
        """The columns of a block, with the patient id of the patients' file where the block names none."""
        tables = self.extract.mapping.tables
        if {"referral_id", "patient_id"} & set(columns) or file == tables.referrals.file:
            return columns
        return {"patient_id": tables.patients.columns["patient_id"], **columns}

    def _read_sessions(self, referrals: Referrals) -> Rows | None:
        block = self.extract.mapping.tables.sessions
        if block is None:
            return None
        reader = self.extract.reader(block.file, "sessions")
        draft = draft_table(reader, self._with_ids(block.columns, block.file))
        rows = Rows(draft, self._chain(block.file, "sessions"), self.extract.log)
        self._link(rows, referrals)
        return rows

    def _link(self, rows: Rows, referrals: Referrals) -> None:
        position = follow_links(rows, link(rows.frame, referrals), referrals)
        ids = referrals.frame["referral_id"].to_numpy()
        rows.draft.frame = rows.frame.assign(referral_id=ids[position])
        if "date" in rows.draft.counted_from_referral and not self.extract.relative:
            _count_from(rows, "date", referrals.date("received_date")[position])

    def _read_forms(self, referrals: Referrals) -> list[FormBlock]:
        blocks = []
        for block in self.extract.mapping.tables.questionnaires:
            reader = self.extract.reader(block.file, "questionnaires")
            own = block.model_copy(update={"columns": self._with_ids(block.columns, block.file)})
            chain = self._chain(block.file, "questionnaires")
            forms = read_forms(
                reader, own, self.extract.catalogue, chain, alone=self._only_forms(block.file)
            )
            link_forms(forms, referrals, relative=self.extract.relative)
            blocks.append(forms)
        return blocks

    def _only_forms(self, file: str) -> bool:
        """The file feeds no other table than that of the questionnaires."""
        blocks = self.extract.mapping.tables.blocks()
        return all(table == "questionnaires" for table, block in blocks if block.file == file)

    def _read_ratings(self, referrals: Referrals) -> list[Rows]:
        blocks = []
        for block in self.extract.mapping.tables.ratings:
            reader = self.extract.reader(block.file, "ratings")
            own = block.model_copy(update={"columns": self._with_ids(block.columns, block.file)})
            rows = read_ratings(reader, own, self._chain(block.file, "ratings"))
            self._link(rows, referrals)
            blocks.append(rows)
        return blocks

    def _latest(
        self, referrals: Referrals, sessions: Rows | None, blocks: list[FormBlock]
    ) -> dt.date:
        used = referrals.why_not == ""
        dates = [referrals.date(name)[used] for name in _HAPPENED]
        if sessions is not None:
            frame, days = sessions.frame, sessions.date("date")
            booked_only = "attendance" in frame and frame["attendance"].notna().any()
            dates.append(days[frame["attendance"].isin(SEEN)] if booked_only else days)
        dates += [block.forms["date"].to_numpy().astype("datetime64[ms]") for block in blocks]
        latest = latest_plausible_date(np.concatenate(dates))
        return latest or RELATIVE_DAY_ZERO

    def _joined_ratings(self, ratings: list[Rows], cut: dt.date) -> pd.DataFrame:
        frame = check_ratings(ratings, np.datetime64(cut, "ms"))
        return conform("ratings", frame)

    def _leave_out_referrals(self, rows: Rows, why_not: np.ndarray) -> None:
        opted = why_not == OPTED_OUT
        if opted.any():
            rows.drop(opted, OPTED_OUT, step="opted_out")
            why_not = why_not[~opted]
        for rule in ("referral_without_patient", "referral_after_data_cut"):
            rows.set_aside(rule, why_not == rule)
            why_not = why_not[why_not != rule]
        rows.draft.frame = rows.frame.reset_index(drop=True)

    def _finished_patients(self, rows: Rows, referrals: Rows) -> pd.DataFrame:
        opted = rows.frame["patient_id"].isin(self.opted_out).to_numpy()
        if opted.any():
            rows.drop(opted, OPTED_OUT, step="opted_out")
        people = rows.frame["patient_id"]
        alone = ~people.isin(referrals.frame["patient_id"]).to_numpy()
        rows.note("patient_without_referral", alone)
        start = pd.Series(referrals.date("received_date"), index=referrals.frame["patient_id"])
        first = start.groupby(level=0).min().reindex(people)
        work_out_ages(rows, first.to_numpy().astype("datetime64[ms]"), ~alone)
        return conform("patients", rows.frame)


def _count_from(rows: Rows, name: str, start: np.ndarray) -> None:
    days = rows.date(name)
    placed = place_in_time(days, start, _ZERO)
    rows.note("days_without_start", ~np.isnat(days) & np.isnat(placed), name)
    rows.draft.frame[name] = placed
