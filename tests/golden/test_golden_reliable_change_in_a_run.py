"""From an extract to the rates of reliable change: the criterion that is shown judged them, and R has the same."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import yaml

from tests.pipeline import project, restricted, run_stages

HERE = Path(__file__).parent
GOLDEN = json.loads((HERE / "reliable_change_in_a_run.json").read_text())
COHORT = "beat_the_blues"
SCORES = ("bdi.pre", "bdi.2m", "bdi.4m", "bdi.6m", "bdi.8m")


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Beat the Blues with half a BDI point read as a clinical score of CORE-OM."""
    folder = tmp_path_factory.mktemp("criterion")
    mapping_file = project(folder).parent / "cohorts" / f"{COHORT}.yaml"
    text = mapping_file.read_text(encoding="utf-8").replace("bdi_ii", "core_om")
    mapping = yaml.safe_load(text)
    mapping["choices"]["primary"] = {"instrument": "core_om", "scale": "all"}
    mapping["choices"]["reliable_change"] = {"criterion": "sample"}
    mapping_file.write_text(yaml.safe_dump(mapping, sort_keys=False), encoding="utf-8")
    extract = pd.read_csv(HERE / "data" / "BtheB_extract.csv")
    extract[list(SCORES)] = extract[list(SCORES)] / 2.0
    (folder / "extracts" / COHORT).mkdir(parents=True)
    extract.to_csv(folder / "extracts" / COHORT / "BtheB.csv", index=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        found = restricted(
            run_stages(COHORT, ("participant_flow", "clinical_change")), "clinical_change"
        )
    return found[(found["instrument"] == "core_om") & (found["scale"] == "all")]


def test_the_criterion_is_that_of_everyone_who_started(rows: pd.DataFrame) -> None:
    shown = rows[(rows["estimand"] == "threshold") & (rows["term"] == "reliable_change")]
    own = shown.set_index("definition").loc["jacobson_truax_sample"]
    assert own["estimate"] == pytest.approx(GOLDEN["criterion"], rel=1e-12)
    assert abs(GOLDEN["criterion"] - GOLDEN["of_pairs_only"]) > 1e-3
    assert "judges the main rates" in own["note"]


@pytest.mark.parametrize("population", ["paired", "started"])
@pytest.mark.parametrize("term", ["reliable_improvement", "reliable_deterioration", "recovery"])
def test_rates_agree_with_r(rows: pd.DataFrame, term: str, population: str) -> None:
    chosen = rows[
        (rows["term"] == term) & (rows["population"] == population) & (rows["specification"] == "")
    ]
    (row,) = [row for _, row in chosen[chosen["definition"] == "jacobson_truax"].iterrows()]
    golden = GOLDEN[term][population]
    assert row["numerator"] == golden["numerator"] > 0
    assert row["denominator"] == golden["denominator"]
    assert [row["conf_low"], row["conf_high"]] == pytest.approx(golden["conf"], rel=1e-9)


def test_the_method_beside_the_main_rates_has_the_same_people(rows: pd.DataFrame) -> None:
    """The rows that compare methods judge as the table of outcomes did."""
    beside = rows[
        (rows["specification"] == "other_method")
        & (rows["definition"] == "jacobson_truax_sample")
        & (rows["estimand"] == "proportion")
    ].set_index("term")["numerator"]
    for term in ("reliable_improvement", "reliable_deterioration", "recovery"):
        assert beside[term] == GOLDEN[term]["paired"]["numerator"]
