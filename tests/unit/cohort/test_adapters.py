"""Versions of records, shapes of files, and what is said of tables that are not what they should be."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from naturalistic.cohort.adapters.files import table_named
from naturalistic.cohort.ingest import IngestResult
from naturalistic.cohort.problems import BrokenExtractError
from naturalistic.cohort.rules import RULES
from naturalistic.cohort.rules_adapters import ADAPTERS
from naturalistic.cohort.synthetic import make_cohort, write_extract
from naturalistic.errors import MappingError
from naturalistic.reference.loader import load_adapters, load_codes
from naturalistic.settings.mapping import Mapping
from naturalistic.settings.mapping_adapter import Adapter
from naturalistic.tables.cohort import COHORT_TABLES
from tests.unit.cohort.national_extract import FOLDER, comparable, mapping, read

TALKING, HEALTH = "talking_therapies_v2_1", "mhsds_v6"


# ------------------------------------------------------------------------------------------- a hand-written extract

TABLES: dict[str, dict[str, list[str]]] = {
    "IDS001MPI": {
        "LocalPatientId": ["0007", "0008"],
        "NHSNumber": ["9434765919", "9434765870"],
        "PersonBirthDate": ["1980-05-04", "1990-01-31"],
        "Gender": ["2 ", " 01"],
        "EthnicCategory": ["A", "Z"],
    },
    "IDS101Referral": {
        "ServiceRequestId": ["R1", "R2"],
        "LocalPatientId": ["0007", "0008"],
        "ReferralRequestReceivedDate": ["2024-01-10", "2024-01-12"],
        "SourceOfReferralMH": ["B1", "I2"],
        "ServDischDate": ["", ""],
        "EndCode": ["", ""],
    },
    "IDS201CareContact": {
        "CareContactId": ["C1", "C2", "C3"],
        "ServiceRequestId": ["R1", "R1", "R2"],
        "CareContDate": ["2024-01-20", "2024-01-27", "2024-01-22"],
        "AttendOrDNACode": ["5", "05", " 3"],
        "AppType": ["1", "02", "01"],
        "ConsMediumUsed": ["01", "2", "11 "],
    },
    "IDS202CareActivity": {
        "CareActId": ["A1", "A2"],
        "CareContactId": ["C1", "C2"],
        "CarePersLocalId": ["T1", "T1"],
        "CodeProcAndProcStatus": ["", "314034001"],
    },
    "IDS607CodedScoreAssessmentAct": {
        "CareActId": ["A1", "A2", "A2"],
        "CodedAssToolType": ["720433000", "720433000", "747901000000107"],
        "PersScore": [" 18", "12 ", "3"],
    },
}


def tables(**changes: dict[str, list[str]] | None) -> dict[str, dict[str, list[str]]]:
    """The hand-written tables with some columns of some changed."""
    out = {name: dict(columns) for name, columns in TABLES.items()}
    for name, columns in changes.items():
        if columns is None:
            del out[name]
        else:
            out[name] = {**out.get(name, {}), **columns}
    return out


def write(project: Path, sets: dict[str, dict[str, dict[str, list[str]]]]) -> None:
    """Submissions as folders of CSV files."""
    for folder, held in sets.items():
        place = project / FOLDER / folder
        place.mkdir(parents=True, exist_ok=True)
        for name, columns in held.items():
            pd.DataFrame(columns).to_csv(place / f"{name}.csv", index=False)


def header(month: str, made: str) -> dict[str, dict[str, list[str]]]:
    end = (dt.date.fromisoformat(f"{month}-28") + dt.timedelta(days=4)).replace(day=1)
    last = (end - dt.timedelta(days=1)).isoformat()
    return {
        "IDS000Header": {"ReportingPeriodEndDate": [last], "DateTimeDatSetCreate": [made]},
    }


def ingested(project: Path, data_set: str = TALKING, **more: Any) -> IngestResult:
    return read(project, mapping(data_set, **more))


def left_out(result: IngestResult, table: str) -> dict[str, int]:
    """Reasons and counts of rows left out of a canonical table."""
    flow = result.flow
    own = flow[(flow["table"] == table) & (flow["step"] == "set_aside")]
    return own.groupby("reason")["count"].sum().to_dict()


def refused(project: Path, **more: Any) -> str:
    with pytest.raises(BrokenExtractError) as caught:
        ingested(project, **more)
    return str(caught.value)


def test_tables_as_they_are(tmp_path: Path) -> None:
    write(tmp_path, {"": tables()})
    result = ingested(tmp_path)
    patients, referrals, sessions = (
        result.tables[name] for name in ("patients", "referrals", "sessions")
    )
    assert patients["age"].tolist() == [43, 33]
    assert patients["gender"].tolist() == ["female", "male"]
    assert patients["ethnicity"].astype(object).where(
        patients["ethnicity"].notna(), None
    ).tolist() == [
        "white",
        None,
    ]
    # a code of a group by its letter; the column of version 2.0
    assert referrals["referral_source"].tolist() == [
        "Self",
        "Other mental health provider or transfer",
    ]
    assert referrals["therapy_model"].iloc[0] == "Psychodynamic psychotherapy"
    assert referrals["assessment_date"].iloc[0] == pd.Timestamp("2024-01-20")
    assert sessions["attendance"].tolist() == ["attended", "attended", "did_not_attend"]
    assert sessions["contact_type"].tolist() == ["assessment", "treatment", "assessment"]
    assert sessions["mode"].tolist() == ["Face to face", "Telephone", "Video"]
    forms = result.tables["questionnaires"]
    assert forms["value"].tolist() == [18, 12]
    assert left_out(result, "questionnaires") == {"assessment that no analysis uses": 1}
    assert set(result.problems["rule"]) == {"data_cut_assumed", "table_columns_unread"}


def test_nothing_identifying_is_read(tmp_path: Path) -> None:
    write(tmp_path, {"": tables()})
    result = ingested(tmp_path)
    text = repr(result.tables) + repr(result.problems) + repr(result.flow) + repr(result.summary)
    for canary in ("9434765919", "0007", "1980-05-04"):
        assert canary not in text


# ----------------------------------------------------------------------------------------------------------- versions


def corrected() -> dict[str, dict[str, dict[str, list[str]]]]:
    """January; February as first sent with a contact that never was; February again; March with corrections."""
    phantom = {
        "CareContactId": ["C9"],
        "ServiceRequestId": ["R1"],
        "CareContDate": ["2024-02-10"],
        "AttendOrDNACode": ["5"],
        "AppType": ["02"],
        "ConsMediumUsed": ["01"],
    }
    closed = {
        "ServiceRequestId": ["R1"],
        "LocalPatientId": ["0007"],
        "ReferralRequestReceivedDate": ["2024-01-10"],
        "SourceOfReferralMH": ["B1"],
        "ServDischDate": ["2024-03-20"],
        "EndCode": ["46"],
    }
    score = {"CareActId": ["A2"], "CodedAssToolType": ["720433000"], "PersScore": ["9"]}
    contact = {name: column[:1] for name, column in TABLES["IDS201CareContact"].items()}
    return {
        "2024-01": header("2024-01", "2024-02-10T08:00:00") | tables(),
        "2024-02_primary": header("2024-02", "2024-03-10T08:00:00")
        | {"IDS201CareContact": phantom},
        "2024-02_refresh": header("2024-02", "2024-04-10T08:00:00"),
        "2024-03": header("2024-03", "2024-04-11T08:00:00")
        | {
            "IDS101Referral": closed,
            "IDS607CodedScoreAssessmentAct": score,
            "IDS201CareContact": contact,
        },
    }


def test_the_latest_version_of_each_record_counts(tmp_path: Path) -> None:
    write(tmp_path, corrected())
    result = ingested(tmp_path)
    referrals = result.tables["referrals"].sort_values("received_date")
    assert referrals["ending"].astype(object).iloc[0] == "planned_ending"
    assert sorted(result.tables["questionnaires"]["value"]) == [9, 18]
    assert len(result.tables["sessions"]) == 3
    assert left_out(result, "sessions") == {
        "in a submission that a later one for the same period replaced": 1,
        "earlier version of the record": 1,
    }
    assert left_out(result, "referrals")["earlier version of the record"] == 1
    assert result.data_cut == dt.date(2024, 3, 31)
    assert "submissions_by_name" not in set(result.problems["rule"])


def test_periods_in_columns_of_one_file_say_the_same(tmp_path: Path) -> None:
    """Flattened extracts hold all submissions in one file, in any order."""
    write(tmp_path / "a", corrected())
    flat: dict[str, list[pd.DataFrame]] = {}
    for folder, held in corrected().items():
        told = pd.DataFrame(held["IDS000Header"])
        for name, columns in held.items():
            if name != "IDS000Header":
                frame = pd.DataFrame(columns).assign(
                    ReportingPeriodEndDate=told["ReportingPeriodEndDate"][0],
                    UniqueSubmissionID=1000 + sorted(corrected()).index(folder),
                )
                flat.setdefault(name, []).append(frame)
    # the refresh without any row is only known by its header
    place = tmp_path / "b" / FOLDER
    place.mkdir(parents=True)
    for name, frames in flat.items():
        joined = pd.concat(frames).iloc[::-1]
        if name == "IDS201CareContact":
            joined = joined[joined["CareContactId"] != "C9"]
        joined.to_csv(place / f"{name.upper()}.csv", index=False)
    one, other = ingested(tmp_path / "a").tables, ingested(tmp_path / "b").tables
    for name in ("patients", "referrals", "sessions", "questionnaires"):
        columns = [c for c in COHORT_TABLES[name].names if one[name][c].notna().any()]
        pd.testing.assert_frame_equal(
            comparable(one[name], columns), comparable(other[name], columns)
        )


def test_without_headers_the_names_decide_and_that_is_said(tmp_path: Path) -> None:
    write(tmp_path, without_headers())
    result = ingested(tmp_path)
    assert sorted(result.tables["questionnaires"]["value"]) == [9, 18]
    assert "submissions_by_name" in set(result.problems["rule"])


def test_rows_are_named_by_their_own_file(tmp_path: Path) -> None:
    sets = corrected()
    sets["2024-03"]["IDS607CodedScoreAssessmentAct"]["PersScore"] = ["99"]
    write(tmp_path, sets)
    result = ingested(tmp_path)
    wrong = result.problems[result.problems["rule"] == "score_out_of_range"]
    assert wrong["file"].tolist() == [f"{FOLDER}/2024-03/IDS607CodedScoreAssessmentAct.csv"]
    assert wrong["row"].tolist() == [2]
    assert any(
        "Row 2 of extracts/north/2024-03/IDS607CodedScoreAssessmentAct.csv" in s
        for s in result.summary
    )


# ------------------------------------------------------------------------------------------------------------- shapes


def as_workbook(source: Path, target: Path) -> None:
    target.mkdir(parents=True)
    for folder in sorted(source.iterdir()):
        if folder.is_dir():
            with pd.ExcelWriter(target / f"{folder.name}.xlsx") as book:
                for path in sorted(folder.glob("*.csv")):
                    pd.read_csv(path, dtype=str).to_excel(
                        book, sheet_name=path.stem[:31], index=False
                    )


def as_parquet(source: Path, target: Path) -> None:
    target.mkdir(parents=True)
    for path in sorted(source.rglob("*.csv")):
        frame = pd.read_csv(path, dtype=str)
        frame.columns = [c.lower() for c in frame.columns]
        frame.to_parquet(target / f"{path.parent.name}_{path.stem}.parquet")


@pytest.mark.parametrize("shape", [as_workbook, as_parquet])
def test_other_kinds_of_files_hold_the_same(shape: Any, tmp_path: Path) -> None:
    cohort = make_cohort("talking_therapies", 3, n=40)
    write_extract(cohort, tmp_path / "csv" / FOLDER, TALKING)
    shape(tmp_path / "csv" / FOLDER, tmp_path / "other" / FOLDER)
    one, other = ingested(tmp_path / "csv").tables, ingested(tmp_path / "other").tables
    for name in ("patients", "referrals", "sessions", "questionnaires"):
        columns = [c for c in COHORT_TABLES[name].names if one[name][c].notna().any()]
        pd.testing.assert_frame_equal(
            comparable(one[name], columns), comparable(other[name], columns)
        )


def test_tables_joined_into_one_file_are_taken_apart(tmp_path: Path) -> None:
    """One row a contact, with referral and person repeated; scores in a file of their own without a telling name."""
    write(tmp_path / "a", {"": tables()})
    contacts = pd.DataFrame(TABLES["IDS201CareContact"])
    whole = contacts.merge(pd.DataFrame(TABLES["IDS101Referral"]), on="ServiceRequestId")
    whole = whole.merge(
        pd.DataFrame(TABLES["IDS001MPI"]).drop(columns="NHSNumber"), on="LocalPatientId"
    )
    place = tmp_path / "b" / FOLDER
    place.mkdir(parents=True)
    whole.to_csv(place / "contacts_flattened.csv", index=False)
    scores = pd.DataFrame(TABLES["IDS607CodedScoreAssessmentAct"])
    activities = pd.DataFrame(TABLES["IDS202CareActivity"])
    activities.merge(scores, on="CareActId").to_csv(place / "scores.csv", index=False)
    one, other = ingested(tmp_path / "a"), ingested(tmp_path / "b")
    for name in ("patients", "referrals", "sessions", "questionnaires"):
        columns = [c for c in COHORT_TABLES[name].names if one.tables[name][c].notna().any()]
        pd.testing.assert_frame_equal(
            comparable(one.tables[name], columns), comparable(other.tables[name], columns)
        )
    assert left_out(other, "referrals")["the same record again in its submission"] == 2


_NAMES_BEFORE = {
    "AttendStatus": "AttendOrDNACode",
    "ConsMechanismMH": "ConsMediumUsed",
    "Procedure": "CodeProcAndProcStatus",
    "AssToolCompTimestamp": "AssToolCompDate",
    "CodedDiagTimestamp": "DiagDate",
    "GenderIDCode": "Gender",
}
_MOVED = ["CareProfTeamLocalID", "ServTeamType", "ReferClosReason"]


def test_the_version_before_has_other_names_and_holds_teams_and_endings_elsewhere(
    tmp_path: Path,
) -> None:
    cohort = make_cohort("talking_therapies", 3, n=60)
    write_extract(cohort, tmp_path / "new" / FOLDER, HEALTH)
    shutil.copytree(tmp_path / "new", tmp_path / "old")
    for path in (tmp_path / "old" / FOLDER).rglob("*.csv"):
        frame = pd.read_csv(path, dtype=str).rename(columns=_NAMES_BEFORE)
        if path.stem == "MHS101Referral":
            moved = frame[["ServiceRequestId", *_MOVED]].rename(
                columns={"ServTeamType": "ServTeamTypeRefToMH"}
            )
            moved.to_csv(path.with_name("MHS102ServiceTypeReferredTo.csv"), index=False)
            frame = frame.drop(columns=_MOVED)
        frame.to_csv(path, index=False)
    one = ingested(tmp_path / "new", HEALTH, teams=["A12"]).tables
    other = ingested(tmp_path / "old", HEALTH, teams=["A12"]).tables
    for name in ("patients", "referrals", "sessions", "questionnaires"):
        columns = [c for c in COHORT_TABLES[name].names if one[name][c].notna().any()]
        pd.testing.assert_frame_equal(
            comparable(one[name], columns), comparable(other[name], columns)
        )


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("IDS101Referral", "IDS101"),
        ("ids_101_referral_2024-03", "IDS101"),
        ("export IDS101", "IDS101"),
        ("2024-03 IDS201carecontact", "IDS201"),
        ("KIDS1012", ""),
        ("IDS1012", ""),
        ("IDS101_and_IDS201", ""),
        ("clients", ""),
    ],
)
def test_the_table_a_name_holds(name: str, code: str) -> None:
    assert table_named(name, ["IDS101", "IDS201"]) == code


# ------------------------------------------------------------------------------------------------- what can be wrong


def without(name: str, column: str) -> dict[str, dict[str, list[str]]]:
    held = tables()
    del held[name][column]
    return held


def several_providers() -> dict[str, dict[str, list[str]]]:
    held = tables()
    for columns in held.values():
        n = len(next(iter(columns.values())))
        columns["OrgID_Provider"] = ["RXX"] * (n - 1) + ["RYY"]
    return held


def without_headers() -> dict[str, dict[str, dict[str, list[str]]]]:
    sets = corrected()
    for held in sets.values():
        del held["IDS000Header"]
    return sets


TOOL = {"CodedAssToolType": ["720433000", "123456789", "123456789"]}
PROCEDURE = {"CodeProcAndProcStatus": ["", "555555555"]}
BROKEN: dict[str, dict[str, dict[str, dict[str, list[str]]]]] = {
    "table_absent": {"": tables(IDS101Referral=None)},
    "table_column_absent": {"": without("IDS201CareContact", "CareContDate")},
    "table_columns_unread": {"": without("IDS101Referral", "EndCode")},
    "assessments_absent": {"": tables(IDS607CodedScoreAssessmentAct=None)},
    "submissions_by_name": without_headers(),
    "several_providers": {"": several_providers()},
    "tool_code_unknown": {"": tables(IDS607CodedScoreAssessmentAct=TOOL)},
    "therapy_code_unknown": {"": tables(IDS202CareActivity=PROCEDURE)},
}


def test_every_rule_is_broken_here() -> None:
    elsewhere = {"no_referral_to_teams"}  # only of the other data set: below, under teams
    assert set(BROKEN) | elsewhere == {rule.name for rule in ADAPTERS}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_rule_is_named_with_what_to_do(name: str, tmp_path: Path) -> None:
    write(tmp_path, BROKEN[name])
    rule = RULES[name]
    if rule.severity == "stops":
        with pytest.raises(BrokenExtractError) as caught:
            ingested(tmp_path)
        problems, said = caught.value.table, str(caught.value)
    else:
        result = ingested(tmp_path)
        problems, said = result.problems, "\n".join(result.summary)
    assert name in set(problems["rule"])
    assert rule.advice.removesuffix(".") in said


def test_absent_tables_and_columns_are_all_named_at_once(tmp_path: Path) -> None:
    write(tmp_path, {"": tables(IDS201CareContact=None, IDS101Referral=None)})
    said = refused(tmp_path)
    assert "IDS101Referral" in said
    assert "IDS201CareContact" in said
    assert "found: IDS001, IDS202, IDS607" in said


def test_absent_columns_are_named_with_those_that_would_do(tmp_path: Path) -> None:
    held = tables()
    del held["IDS201CareContact"]["CareContDate"]
    del held["IDS607CodedScoreAssessmentAct"]["PersScore"]
    del held["IDS101Referral"]["LocalPatientId"]
    write(tmp_path, {"": held})
    said = refused(tmp_path)
    for words in ("'CareContDate'", "'PersScore'", "'Person_ID' or 'LocalPatientId'"):
        assert words in said
    assert "sessions.date" in said


def test_what_can_be_done_without_is_named_with_what_is_written_alike(tmp_path: Path) -> None:
    held = tables()
    held["IDS101Referral"]["Serv_DischargeDate"] = held["IDS101Referral"].pop("ServDischDate")
    write(tmp_path, {"": held})
    said = "\n".join(ingested(tmp_path).summary)
    assert (
        "'ServDischDate' (did you mean 'Serv_DischargeDate'?), for referrals.discharge_date" in said
    )
    assert "IDS004" in said  # a table that is not there at all


def test_an_empty_folder_is_no_extract(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir(parents=True)
    assert "found: none" in refused(tmp_path)


def test_codes_of_questionnaires_nobody_knows_are_counted_without_values(tmp_path: Path) -> None:
    tool = {"CodedAssToolType": ["720433000", "123456789", "987654321012"]}
    write(tmp_path, {"": tables(IDS607CodedScoreAssessmentAct=tool)})
    result = ingested(tmp_path)
    assert left_out(result, "questionnaires") == {"tool_code_unknown": 2}
    (said,) = [s for s in result.summary if "nobody mapped" in s]
    assert "2 of 3 rows" in said
    assert "123456789" not in said  # held by fewer than ten rows
    named = ingested(tmp_path, tools={"123456789": "phq_9", "987654321012": "none"})
    assert sorted(named.tables["questionnaires"]["value"]) == [12, 18]
    assert "tool_code_unknown" not in set(named.problems["rule"])


def test_answers_with_codes_of_their_own_are_items(tmp_path: Path) -> None:
    dialog = ["1037651000000100", "1037661000000102", "1037671000000109"]
    score = {
        "CareActId": ["A1", "A2", "A2", "A2"],
        "CodedAssToolType": ["720433000", *dialog],
        "PersScore": ["18", "4", "6", "8"],
    }
    write(tmp_path, {"": tables() | {"IDS607CodedScoreAssessmentAct": score}})
    result = ingested(tmp_path)
    forms = result.tables["questionnaires"]
    items = forms[forms["item"].notna()].sort_values("item")
    assert items["instrument"].astype(str).tolist() == ["dialog", "dialog"]
    assert items["item"].tolist() == [1, 2]
    assert items["value"].tolist() == [4, 6]
    assert set(result.problems["rule"]) == {
        "data_cut_assumed",
        "table_columns_unread",
    }  # 8 says that it is not known
    assert forms.loc[forms["item"].isna(), "value"].tolist() == [18]
    named = ingested(tmp_path, tools={dialog[0]: "honos.item_2", "720433000": "none"})
    kinds = named.tables["questionnaires"].astype({"instrument": str})[["instrument", "item"]]
    assert sorted(map(tuple, kinds.to_numpy().tolist())) == [("dialog", 2), ("honos", 2)]


def test_frequent_unknown_codes_are_shown(tmp_path: Path) -> None:
    n = 12
    score = {
        "CareActId": [f"B{i}" for i in range(n)],
        "CodedAssToolType": ["123456789"] * n,
        "PersScore": ["7"] * n,
    }
    activity = {
        "CareActId": [f"B{i}" for i in range(n)],
        "CareContactId": ["C2"] * n,
        "CarePersLocalId": ["T1"] * n,
        "CodeProcAndProcStatus": ["555555555"] * n,
    }
    held = tables() | {"IDS607CodedScoreAssessmentAct": score, "IDS202CareActivity": activity}
    write(tmp_path, {"": held})
    result = ingested(tmp_path)
    assert any("'123456789' in 12 rows" in s for s in result.summary)
    assert any("'555555555' in 12 rows" in s for s in result.summary)
    named = ingested(tmp_path, therapies={"555555555": "Dynamic interpersonal therapy"})
    assert "Dynamic interpersonal therapy" in set(named.tables["referrals"]["therapy_model"])


def test_codes_of_the_cohort_come_before_the_lists(tmp_path: Path) -> None:
    done = {"ServDischDate": ["2024-02-01", "2024-02-01"], "EndCode": ["46", "77"]}
    write(tmp_path, {"": tables(IDS101Referral=done)})
    own = {"referrals.ending": {"77": "service_ended", "46": "referred_on"}}
    endings = ingested(tmp_path, codes=own).tables["referrals"]["ending"].tolist()
    assert endings == ["referred_on", "service_ended"]


def test_several_providers_with_local_identifiers_are_refused(tmp_path: Path) -> None:
    held = several_providers()
    write(tmp_path, {"": held})
    assert "LocalPatientId" in refused(tmp_path)
    for name, columns in held.items():
        for local, unique in (
            ("LocalPatientId", "Person_ID"),
            ("ServiceRequestId", "Unique_ServiceRequestID"),
            ("CareContactId", "Unique_CareContactID"),
            ("CareActId", "Unique_CareActivityID"),
        ):
            if local in columns:
                held[name][unique] = columns[local]
    shutil.rmtree(tmp_path / FOLDER)
    write(tmp_path, {"": held})
    assert len(ingested(tmp_path).tables["patients"]) == 2


# -------------------------------------------------------------------------------------------------------------- teams


def test_only_the_teams_of_the_mapping_are_read(tmp_path: Path) -> None:
    cohort = make_cohort("talking_therapies", 3, n=60)
    write_extract(cohort, tmp_path / FOLDER, HEALTH)
    every = ingested(tmp_path, HEALTH).tables
    team = every["referrals"]["team"].value_counts().index[0]
    result = ingested(tmp_path, HEALTH, teams=[team])
    wanted = every["referrals"][every["referrals"]["team"] == team]
    assert set(result.tables["referrals"]["referral_id"]) == set(wanted["referral_id"])
    assert set(result.tables["patients"]["patient_id"]) == set(wanted["patient_id"])
    belongs = every["sessions"]["referral_id"].isin(wanted["referral_id"])
    assert len(result.tables["sessions"]) == belongs.sum()
    assert left_out(result, "sessions")["referral to another team"] >= (~belongs).sum()
    by_type = ingested(tmp_path, HEALTH, teams=["A12"]).tables
    assert len(by_type["referrals"]) == len(every["referrals"])
    assert "no referral is to one of the teams" in refused(tmp_path, data_set=HEALTH, teams=["A99"])


# ----------------------------------------------------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"teams": ["A12"]}, "'teams' is only for mhsds_v6"),
        ({"assessment_contacts": 1}, "'assessment_contacts' is only for mhsds_v6"),
        ({"codes": {"referrals.endng": {"1": "died"}}}, "did you mean 'referrals.ending'?"),
        ({"codes": {"referrals.ending": {"1": "dead"}}}, "'dead' is not a word of ending"),
        ({"tools": {"12": "phq_9"}}, "a SNOMED CT code has 6 to 18 digits"),
        ({"data_set": "iapt"}, "talking_therapies_v2_1"),
    ],
)
def test_the_settings_are_closed(more: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words.replace("?", r"\?")):
        Adapter.model_validate({"data_set": TALKING, "folder": "x", **more})


def test_an_unknown_instrument_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    write(tmp_path, {"": tables()})
    with pytest.raises(MappingError, match=r"adapter\.tools\.123456: 'phq9' is no instrument"):
        ingested(tmp_path, tools={"123456": "phq9"})


def test_an_adapter_stands_in_place_of_tables() -> None:
    adapter = {"data_set": TALKING, "folder": "x"}
    with pytest.raises(ValueError, match="leave out 'tables'"):
        Mapping.model_validate({"title": "t", "adapter": adapter, "tables": {}})


def test_people_who_opted_out_are_left_out(tmp_path: Path) -> None:
    write(tmp_path, {"": tables()})
    (tmp_path / "out.csv").write_text("LocalPatientId\n0008\n", encoding="utf-8")
    made = mapping(TALKING).model_dump(exclude={"tables"}, exclude_none=True, by_alias=True)
    made["files"] = {"opted_out": {"path": "out.csv"}}
    made["opt_out"] = {"file": "opted_out", "column": "LocalPatientId"}
    result = read(tmp_path, Mapping.model_validate(made))
    assert len(result.tables["patients"]) == 1


# ---------------------------------------------------------------------------------------------------------- reference


def test_descriptions_and_settings_know_the_same_data_sets() -> None:
    field = Adapter.model_fields["data_set"].annotation
    assert set(load_adapters()) == set(field.__args__)  # type: ignore[union-attr]  # a literal


@pytest.mark.parametrize("key", [TALKING, HEALTH])
def test_descriptions_name_columns_and_lists_that_exist(key: str) -> None:
    adapter = load_adapters()[key]
    for view in adapter.views:
        for name, ways in view.columns.items():
            assert name == "patient_id" or name in COHORT_TABLES[view.canonical].names
            for way in ways:
                for each in way.codes:
                    book, _, listed = each.partition("/")
                    load_codes(book).list_of(listed)
