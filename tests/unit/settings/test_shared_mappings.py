"""One mapping for many cohorts, and a choice of analyses."""

from __future__ import annotations

from pathlib import Path

import pytest

from naturalistic.cli.plan import Plan
from naturalistic.errors import ConfigError, MappingError

ROOT = Path(__file__).resolve().parents[3]
SHARED = (ROOT / "config" / "cohorts" / "synthetic_services.yaml").read_text(encoding="utf-8")


def plan(folder: Path, config: str, mapping: str = SHARED) -> Plan:
    (folder / "cohorts").mkdir(exist_ok=True)
    (folder / "cohorts" / "services.yaml").write_text(mapping, encoding="utf-8")
    (folder / "config.yaml").write_text(config, encoding="utf-8")
    return Plan(folder / "config.yaml", project=folder)


def test_the_cohorts_of_a_run_are_those_of_its_shared_mappings(tmp_path):
    made = plan(tmp_path, "shared_mappings: {services: [north, south]}\n")
    assert made.cohorts == ("north", "south")
    chosen = plan(tmp_path, "cohorts: [south]\nshared_mappings: {services: [north, south]}\n")
    assert chosen.cohorts == ("south",)


def test_the_name_of_a_cohort_stands_where_the_mapping_leaves_room_for_it(tmp_path):
    made = plan(tmp_path, "shared_mappings: {services: [north, south]}\n")
    north, south = made.mapping("north"), made.mapping("south")
    assert north.title == "Synthetic service north"
    assert north.files["forms"].path == "results/north/restricted/extract/forms.csv"
    assert north.synthetic and south.synthetic
    assert north.synthetic.seed != south.synthetic.seed
    assert made.mapping_file("north") == made.mapping_file("south")
    assert made.instrument_folder("north") == tmp_path / "cohorts" / "services" / "instruments"
    again = plan(tmp_path, "shared_mappings: {services: [south, east, north]}\n")
    assert again.mapping("north") == north  # whatever else is in the run, and in whatever order


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ("shared_mappings: {services: [north, north]}\n", "north stands twice"),
        ("shared_mappings: {services: [../north]}\n", "a name is made of small letters"),
        ("shared_mappings: {services: north}\n", "shared_mappings"),
        ("shared_mappings: {}\n", "cohorts"),
        ("cohorts: [a]\nanalyses: [outcome_chnage]\n", "Did you mean 'outcome_change'?"),
        ("cohorts: [a]\nanalyses: everything\n", "analyses"),
    ],
)
def test_a_wrong_setting_says_what_is_wrong(tmp_path, config, words):
    with pytest.raises(ConfigError, match=r"config\.yaml") as caught:
        plan(tmp_path, config).analyses  # noqa: B018
    assert words in str(caught.value)


def test_a_shared_mapping_that_reads_one_extract_for_all_is_refused(tmp_path):
    made = plan(
        tmp_path,
        "shared_mappings: {services: [north, south]}\n",
        SHARED.replace("{cohort}", "north"),
    )
    with pytest.raises(MappingError, match="all would read the same files"):
        made.mapping("north")


def test_what_is_left_out_is_told_and_who_was_treated_never_is(tmp_path):
    made = plan(tmp_path, "cohorts: [a]\nanalyses: [dropout, outcome_change]\n")
    assert made.analyses == ("participant_flow", "outcome_change", "dropout")
    assert "bias" in made.left_out()["analyses_left_out"]
    assert plan(tmp_path, "cohorts: [a]\n").left_out() == {}
