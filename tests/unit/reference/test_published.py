from __future__ import annotations

from pathlib import Path

import pytest

from naturalistic.errors import ConfigError
from naturalistic.reference.loader import instrument, load_published
from naturalistic.vocabulary import ESTIMANDS, POPULATIONS

FOLDER = Path(__file__).parents[3] / "config" / "published"
HIRSCHFELD = FOLDER / "hirschfeld_2024.yaml"


def figures():
    return {each.key: each for each in load_published(HIRSCHFELD).figures}


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.name)
def test_every_file_is_valid_and_speaks_our_words(path):
    study = load_published(path)
    assert study.key == path.stem
    for figure in study.figures:
        match = figure.match
        assert match.get("estimand", "count") in ESTIMANDS
        assert match.get("population", "paired") in POPULATIONS
        if "scale" in match:
            instrument(match["instrument"]).scale(match["scale"])


def test_what_was_published():
    known = {key: each.value for key, each in figures().items() if not each.not_known}
    assert known == {
        "n_paired": 474,
        "mean_first": 22.7,
        "mean_last": 17.8,
        "mean_change": 4.9,
        "sessions_attended_mean": 31.7,
        "absence_share": 0.26,
        "period": 10,
    }
    assert known["mean_change"] == pytest.approx(known["mean_first"] - known["mean_last"])


def test_what_was_not_published_is_never_filled_in():
    unknown = {key for key, each in figures().items() if each.not_known}
    assert {"sd_first", "sd_last", "standardised_mean_change", "planned_endings"} <= unknown
    assert all(figures()[key].value is None for key in unknown)


def test_only_the_abstract_counts_as_read():
    for each in figures().values():
        if each.status == "verified":
            assert "abstract" in each.source


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("value: 22.7", "not_known: true", "has source and status; one not known has neither"),
        ("value: 22.7", "value: 22.7\n    not_known: true", "and not both"),
        ("value: 22.7", "valu: 22.7", "unknown key"),
        (
            "{analysis: attendance, estimand: mean, ",
            "{analyse: attendance, estimand: mean, ",
            "not key columns",
        ),
        ("basis: computed", "digits: 1", "needs a basis"),
        ("key: mean_last", "key: mean_first", "same key"),
    ],
)
def test_faults_are_named(tmp_path, old, new, fault):
    text = HIRSCHFELD.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "study.yaml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigError, match=fault):
        load_published(path)


def test_a_missing_file_is_a_user_error(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        load_published(tmp_path / "absent.yaml")
