import re
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from naturalistic.errors import MappingError
from naturalistic.settings import mapping as module
from naturalistic.settings.load import load_mapping
from naturalistic.settings.mapping import ColumnMap, Mapping
from tests.workflow.broken_inputs.extract import Extract

TEMPLATE = Path(__file__).parents[3] / "config" / "cohorts" / "TEMPLATE.yaml"


def load(tmp_path, text):
    path = tmp_path / "north.yaml"
    path.write_text(text, encoding="utf-8")
    return load_mapping(path)


def refused(tmp_path, change):
    """What is said about the clean mapping after a change to it."""
    extract = Extract()
    change(extract.mapping)
    with pytest.raises(MappingError) as caught:
        load(tmp_path, yaml.safe_dump(extract.mapping, sort_keys=False))
    return str(caught.value)


def column(table, name, **spec):
    def change(mapping):
        mapping["tables"][table]["columns"][name] = spec

    return change


def test_the_template_is_a_mapping():
    assert isinstance(load_mapping(TEMPLATE), Mapping)


def test_the_template_explains_every_key():
    text = TEMPLATE.read_text(encoding="utf-8")
    models = [m for m in vars(module).values() if isinstance(m, type) and issubclass(m, BaseModel)]
    keys = {field.alias or name for model in models for name, field in model.model_fields.items()}
    absent = {key for key in keys if not re.search(rf"\b{key}:", text)}
    assert absent == set()


def test_shipped_mappings_are_mappings():
    for path in TEMPLATE.parent.glob("*.yaml"):
        load_mapping(path)


def test_codes_are_text_whatever_yaml_makes_of_them(tmp_path):
    extract = Extract()
    text = yaml.safe_dump(extract.mapping, sort_keys=False)
    text = text.replace(
        "area: home",
        "medication: {from: d, codes: {1: yes, 0: no, 2.0: no}, missing_codes: [9, -1, null]}",
    )
    medication = load(tmp_path, text).tables.patients.columns["medication"]
    assert medication.codes == {"1": "yes", "0": "no", "2": "no"}
    assert medication.missing_codes == ("9", "-1", "null")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            column("patients", "gender", **{"from": "sex", "codes": {"F": "woman"}}),
            "'woman' is not a word of gender; accepted: female, male, other_gender",
        ),
        (column("patients", "gender", constant="woman"), "'woman' is not a word of gender"),
        (
            column("patients", "gendr", **{"from": "sex"}),
            "patients.columns.gendr is not a column of patients; accepted: patient_id, age",
        ),
        (
            column("patients", "gender", **{"from": "sex", "codes": {True: "female"}}),
            "put quotation marks around words such as 'yes'",
        ),
        (
            column("patients", "gender"),
            "give either 'from' (a source column) or 'constant', and not both",
        ),
        (column("patients", "gender", **{"from": "sex", "constant": "female"}), "and not both"),
        (
            column("patients", "gender", **{"from": "sex", "coarsen": "outward_postcode"}),
            "coarsen outward_postcode is meant for area",
        ),
        (column("patients", "age", **{"from": "born", "coarsen": "decade"}), "age_at_referral"),
        (
            column("patients", "patient_id", **{"from": "pid", "codes": {"1": "2"}}),
            "an id has no codes",
        ),
        (
            column("patients", "age", **{"from": "born", "codes": {"1": "old"}}),
            "codes of a number must stand for numbers",
        ),
        (
            column("patients", "area", **{"from": "home", "not_identifying_because": "ok"}),
            "at least 10 characters",
        ),
        (
            column("sessions", "date", **{"from": "day", "date_format": "mdy"}),
            "for month before day write '%m/%d/%Y'",
        ),
        (
            column("sessions", "date", **{"from": "day", "date_format": "%d/%m"}),
            "does not name a day, a month and a year",
        ),
        (column("sessions", "duration", **{"from": "minutes", "multiply_by": 0}), "greater than 0"),
        (
            column("referrals", "received_date", **{"from": "received", "date_format": "days"}),
            "days need a day zero",
        ),
        (
            lambda m: m["files"]["sessions"].pop("date_format"),
            "sessions.columns.date: say how its dates are written with 'date_format'",
        ),
        (lambda m: m["files"]["sessions"].update(delimiter="commas"), "'commas' is not one sign"),
        (lambda m: m["files"].pop("sessions"), "files: no entry named sessions"),
        (
            lambda m: m["tables"]["sessions"]["columns"].pop("date"),
            "sessions.columns.date is missing",
        ),
        (
            lambda m: m["tables"]["patients"]["columns"].pop("patient_id"),
            "patients.columns.patient_id is missing",
        ),
        (
            lambda m: [
                m["tables"]["sessions"]["columns"].pop(n) for n in ("referral_id", "patient_id")
            ],
            "sessions from file sessions: map referral_id or patient_id",
        ),
        (
            lambda m: m["tables"]["questionnaires"][0]["columns"].pop("item"),
            "give columns.item or columns.scale",
        ),
        (
            lambda m: m["tables"]["questionnaires"][0]["columns"].pop("instrument"),
            "name the 'instrument', or its column",
        ),
        (
            lambda m: m["tables"]["questionnaires"][1].pop("instrument"),
            "name the 'instrument', or its column",
        ),
        (
            lambda m: [m["tables"]["questionnaires"][1].pop(n) for n in ("total", "scales")],
            "say how the answers lie",
        ),
        (
            lambda m: m["tables"]["questionnaires"][1].update(items="Q{i}"),
            "'items' is a pattern such as",
        ),
        (
            lambda m: m["tables"]["questionnaires"][1].update(items="{item.__class__}"),
            "'items' is a pattern such as",
        ),
        (lambda m: m.update(calender="real"), "unknown key 'calender'. Did you mean 'calendar'?"),
        (
            lambda m: m["files"]["sessions"].update(seperator=","),
            "unknown key 'files.sessions.seperator'",
        ),
        (
            lambda m: m["files"]["sessions"].update(delimeter=","),
            "unknown key 'files.sessions.delimeter'. Did you mean 'delimiter'?",
        ),
    ],
)
def test_what_is_wrong_is_said_with_the_way_out(tmp_path, change, words):
    assert words in refused(tmp_path, change)


def test_unknown_keys_do_not_hide_what_else_is_wrong(tmp_path):
    def change(mapping):
        columns = mapping["tables"]["referrals"]["columns"]
        columns["ending"] = {"from": "EndReason", "codez": {"1": "planned_ending"}}
        columns["endng"] = "EndReason"

    said = refused(tmp_path, change)
    assert "unknown key 'tables.referrals.columns.ending.codez'. Did you mean 'codes'?" in said
    assert "referrals.columns.endng is not a column of referrals" in said


def test_a_wide_form_at_a_session_needs_a_place_in_time(tmp_path):
    def change(mapping):
        forms = [{"instrument": "core_om", "occasion": "session", "total": "total"}]
        mapping["tables"]["questionnaires"][1] = {
            "file": "scores",
            "columns": {"referral_id": "ref"},
            "forms": forms,
        }

    assert "needs 'session_number', 'days' or 'date'" in refused(tmp_path, change)


def test_a_wide_form_date_needs_a_format(tmp_path):
    def change(mapping):
        forms = [{"instrument": "core_om", "occasion": "pre", "total": "total", "date": "day"}]
        mapping["tables"]["questionnaires"][1] = {
            "file": "scores",
            "columns": {"referral_id": "ref"},
            "forms": forms,
        }
        mapping["files"]["scores"].pop("date_format")

    assert "forms.core_om.pre.date: say how its dates are written" in refused(tmp_path, change)


def test_typed_files_need_no_format(tmp_path):
    extract = Extract()
    for source in extract.mapping["files"].values():
        source.pop("date_format")
        source["path"] = source["path"].replace(".csv", ".xlsx")
    load(tmp_path, yaml.safe_dump(extract.mapping))


def test_a_column_name_is_short_for_where_it_comes_from():
    extract = Extract()
    tables = Mapping.model_validate(extract.mapping).tables
    assert tables.patients.columns["patient_id"] == ColumnMap(source="pid")


def test_every_problem_is_named_with_its_line(tmp_path):
    text = yaml.safe_dump(Extract().mapping, sort_keys=False)
    lines = text.splitlines()
    title = lines.index("title: A service that does not exist")
    lines[title] = "titel: x"
    lines.append("service: [1]")
    with pytest.raises(MappingError) as caught:
        load(tmp_path, "\n".join(lines))
    problems = caught.value.problems
    assert len(problems) == 3
    assert any(
        f"line {title + 1}: unknown key 'titel'. Did you mean 'title'?" in p for p in problems
    )
    assert any("title is missing" in p for p in problems)
    assert any(f"line {len(lines)}: service" in p for p in problems)
    assert caught.value.exit_code == 3
