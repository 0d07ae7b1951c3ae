import pytest

from naturalistic.errors import ConfigError
from naturalistic.settings.config import Config, Disclosure
from naturalistic.settings.load import cohort_disclosure, cohort_settings, load_config
from naturalistic.settings.mapping import Mapping
from tests.workflow.broken_inputs.extract import Extract


def load(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "config.yaml"
    path.write_text(text, encoding=encoding)
    return load_config(path)


def with_choices(**choices):
    return Mapping.model_validate({**Extract().mapping, "choices": choices})


def test_a_config_may_be_short_and_have_a_byte_order_mark(tmp_path):
    config = load(tmp_path, "cohorts: [north]\n", encoding="utf-8-sig")
    assert config.cohorts == ("north",)
    assert config.form_windows.first_days == (-28, 14)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("cohorts: []\n", "line 1: cohorts"),
        ("", "must hold keys and values"),
        ("- north\n", "must hold keys and values"),
        ("cohorts: [north\n", "Check indentation, colons and quotes"),
        ("cohorts: [north]\ncohorts: [south]\n", "line 2: 'cohorts' stands twice"),
        (
            "cohorts: [north]\nprimary:\n  clok: x\n",
            "line 3: unknown key 'primary.clok'. Did you mean 'clock'?",
        ),
        (
            "cohorts: [north]\nprimary: {clock: years}\n",
            "'years' is not a clock; accepted: attended_sessions",
        ),
        ("cohorts: [north]\nform_windows: {first_days: [14, -28]}\n", "put the earlier day first"),
        ("cohorts: [north]\npredictors: [shoe_size]\n", "'shoe_size' is not a characteristic"),
        (
            "cohorts: [north]\nreference_levels: {gender: woman}\n",
            "'woman' is not a level of gender",
        ),
        ("cohorts: [north]\nconf_level: 95\n", "line 2: conf_level"),
        (
            "cohorts: [north]\nequity: {population: {}}\n",
            "unknown key 'equity.population'. Did you mean 'populations'?",
        ),
        (
            "cohorts: [north]\nequity: {populations: {gender: {woman: 5, male: 5}}}\n",
            "'woman' is not a level of gender",
        ),
        (
            "cohorts: [north]\nequity: {populations: {area: {North: 5, South: 5}}}\n",
            "stand under closing.area_populations",
        ),
        (
            "cohorts: [north]\nequity: {populations: {shoe_size: {1: 5, 2: 5}}}\n",
            "'shoe_size' is not a characteristic of people",
        ),
        ("cohorts: [north]\nequity: {populations: {gender: {male: 5}}}\n", "at least two groups"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path, text, words):
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    assert words in str(caught.value)
    assert caught.value.exit_code == 2


def test_populations_of_deciles_may_be_written_as_numbers(tmp_path):
    text = "cohorts: [north]\nequity: {populations: {deprivation_decile: {1: 52000, 2: 6e4}}}\n"
    assert load(tmp_path, text).equity.populations == {
        "deprivation_decile": {"1": 52_000.0, "2": 60_000.0}
    }


def test_every_problem_at_once(tmp_path):
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, "cohort: [north]\nconf_level: 2\nepisodes: some\n")
    assert len(caught.value.problems) == 4


def test_a_file_that_is_not_there_or_not_text(tmp_path):
    with pytest.raises(ConfigError, match="does not exist"):
        load_config(tmp_path / "nowhere.yaml")
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="save it as UTF-8"):
        load_config(tmp_path / "bytes.yaml")


def test_a_cohort_changes_what_it_names_and_nothing_else():
    config = Config(cohorts=("north",), episodes="last")
    mapping = with_choices(
        primary={"instrument": "bdi_ii", "scale": "total"},
        form_windows={"last": "end_form"},
        reference_levels={"gender": "male"},
    )
    found = cohort_settings(config, mapping)
    assert found.primary.instrument == "bdi_ii"
    assert found.primary.clock == "attended_sessions"
    assert found.form_windows.last == "end_form"
    assert found.episodes == "last"
    assert found.reference_levels["gender"] == "male"
    assert found.reference_levels["employment"] == "employed"


@pytest.mark.parametrize(
    ("run", "cohort", "found"),
    [
        ("opensafely", "none", "opensafely"),
        ("opensafely", "strict10", "strict10"),
        ("nhs_england", "opensafely", "opensafely"),
        ("strict10", None, "strict10"),
        ("none", "none", "none"),
    ],
)
def test_a_cohort_can_only_be_stricter(run, cohort, found):
    config = Config(cohorts=("north",), disclosure=Disclosure(profile=run))
    mapping = with_choices(**({"disclosure": {"profile": cohort}} if cohort else {}))
    assert cohort_disclosure(config, mapping).profile == found
