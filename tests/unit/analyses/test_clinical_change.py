"""Categories by every method, cut-offs, agreement between methods, and intervals that know therapists."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from naturalistic.analyses.clinical_change import analyse
from naturalistic.analyses.interface import AnalysisInput
from naturalistic.cohort.change_criteria import reliable_change_threshold
from naturalistic.reference.loader import load_instruments
from naturalistic.settings.config import AnalysisSettings, ReliableChange
from naturalistic.vocabulary import CHANGE_CATEGORIES, CHANGE_METHODS
from tests.unit.analyses.simulated_cohort import simulated_tables


def run(tables: dict[str, pd.DataFrame], **settings: object) -> pd.DataFrame:
    data = AnalysisInput(
        "made", tables, AnalysisSettings.model_validate(settings), load_instruments()
    )
    return analyse(data).estimates


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return run(simulated_tables(300))


def test_every_method_has_rows_or_a_reason(rows: pd.DataFrame) -> None:
    methods = rows[rows["specification"] == "other_method"]
    expected = set(CHANGE_METHODS) - {"talking_therapies"}
    assert set(methods["definition"]) == expected
    refused = methods[methods["status"] != "ok"].set_index("definition")
    assert set(refused.index) == {"hierarchical_linear_model", "minimal_important_difference"}
    assert "at least 3 forms" in refused.loc["hierarchical_linear_model", "note"]
    assert refused.loc["hierarchical_linear_model", "status"] == "not_run"


def test_categories_are_exhaustive_and_exclusive(rows: pd.DataFrame) -> None:
    shares = rows[rows["term"] == "category_by_method"]
    for _, method in shares.groupby("definition", observed=True):
        assert len(method) == len(CHANGE_CATEGORIES)
        assert method["numerator"].sum() == method["denominator"].iloc[0]
        assert method["estimate"].sum() == pytest.approx(1.0)


def test_main_method_agrees_with_the_outcomes_table(rows: pd.DataFrame) -> None:
    """The simulated categories were made with the same rule, but for crossing without reliable change."""
    key = (rows["population"] == "paired") & (rows["term"] == "reliable_improvement")
    plain = rows[key & (rows["specification"] == "")].iloc[0]
    again = rows[
        key & (rows["specification"] == "other_method") & (rows["definition"] == "jacobson_truax")
    ].iloc[0]
    assert plain["numerator"] == again["numerator"]
    assert plain["denominator"] == again["denominator"]


def test_moved_people_are_those_off_the_diagonal(rows: pd.DataFrame) -> None:
    pairs = rows[rows["term"] == "category_pair"]
    moved = rows[rows["term"] == "category_moved"].set_index("contrast")
    assert len(moved) >= 7
    for contrast, cells in pairs.groupby("contrast", observed=True):
        levels = cells["dimensions"].str.extract(r"category=(\w+);reference_category=(\w+)")
        off = (levels[0] != levels[1]).to_numpy()
        assert cells["estimate"].to_numpy()[off].sum() == moved.loc[contrast, "numerator"]
        assert cells["estimate"].sum() == moved.loc[contrast, "denominator"]


def test_cut_off_b_uses_the_spread_of_the_functional_norm(rows: pd.DataFrame) -> None:
    limits = rows[rows["term"] == "cut_off"].set_index("contrast")["estimate"]
    assert limits["b"] == pytest.approx(4.8 + 2 * 4.3)
    assert limits["c"] == pytest.approx((7.1 * 4.8 + 4.3 * 18.3) / (7.1 + 4.3))
    recovered = rows[(rows["term"] == "recovery") & (rows["population"] == "paired")]
    specs = set(recovered["specification"])
    assert {"", "cut_off_a", "cut_off_b", "cut_off_c"} <= specs


def test_sample_threshold_stands_beside_the_published_with_a_warning() -> None:
    tables = simulated_tables(300)
    wide = tables["outcomes"].assign(first_score=tables["outcomes"]["first_score"] * 1.7)
    limits = run({**tables, "outcomes": wide})
    limits = limits[limits["term"] == "reliable_change"].set_index("definition")
    assert limits.loc["jacobson_truax", "estimate"] == 5.0
    sd = wide["first_score"].std(ddof=1)  # everyone who started, with a last form or not
    expected = 1.96 * np.sqrt(2) * sd * np.sqrt(1 - 0.94)
    assert limits.loc["jacobson_truax_sample", "estimate"] == pytest.approx(expected)
    assert "disagree" in limits.loc["jacobson_truax", "note"]


def test_sample_criterion_makes_it_the_reference() -> None:
    rows = run(simulated_tables(300), reliable_change={"criterion": "sample"})
    moved = rows[rows["term"] == "category_moved"]
    assert moved["contrast"].str.endswith("vs jacobson_truax_sample").all()
    limits = rows[rows["term"] == "reliable_change"].set_index("definition")
    assert "judges the main rates" in limits.loc["jacobson_truax_sample", "note"]
    assert "beside the main rates" in limits.loc["jacobson_truax", "note"]


def test_the_criterion_shown_is_the_one_the_categories_were_made_with() -> None:
    """The spread of those with both forms, or of all referred, would be another criterion."""
    made = simulated_tables(300)
    started = made["episodes"].loc[made["episodes"]["started"] == "yes", "referral_id"]
    outcomes = made["outcomes"]
    first = outcomes.loc[outcomes["referral_id"].isin(started), "first_score"].to_numpy()
    rule = ReliableChange(criterion="sample")
    scale = load_instruments()["core_om"].scale("all")
    rows = run(made, reliable_change={"criterion": "sample"})
    shown = rows[
        (rows["term"] == "reliable_change") & (rows["definition"] == "jacobson_truax_sample")
    ]
    assert shown["estimate"].item() == pytest.approx(
        reliable_change_threshold(scale, rule, first), rel=1e-12
    )
    both = outcomes.loc[outcomes["pairing"] == "paired", "first_score"].to_numpy()
    assert shown["estimate"].item() != pytest.approx(
        reliable_change_threshold(scale, rule, both), rel=1e-3
    )


def test_hierarchical_model_judges_the_total_slope() -> None:
    """Everybody improves by about the same: with the deviation from the mean slope half would deteriorate."""
    tables = simulated_tables(120, missing=False)
    rng = np.random.default_rng(1)
    outcomes = tables["outcomes"]
    months = np.array([0.0, 2, 4, 6, 8])
    people = len(outcomes)
    slope = -1.2 + rng.normal(0, 0.25, people)
    scores = 25 + rng.normal(0, 3, (people, 1)) + slope[:, None] * months
    scores = np.clip(scores + rng.normal(0, 0.8, scores.shape), 0, 40)
    start = outcomes["first_date"].iloc[0]
    dates = [start + pd.Timedelta(days=round(30.4375 * m)) for m in months]
    long = pd.DataFrame(
        {
            "form_id": np.arange(scores.size),
            "referral_id": np.repeat(outcomes["referral_id"].to_numpy(), len(months)),
            "instrument": "core_om",
            "scale": "all",
            "date": dates * people,
            "score": scores.ravel(),
        }
    )
    from naturalistic.tables.derived import SCORES

    changed = outcomes.assign(
        first_score=scores[:, 0], last_score=scores[:, -1], last_date=dates[-1], n_scores=5
    )
    rows = run({**tables, "scores": SCORES.conform(long), "outcomes": changed})
    found = rows[
        (rows["definition"] == "hierarchical_linear_model")
        & (rows["specification"] == "other_method")
    ].set_index("term")
    assert found.loc["reliable_improvement", "estimate"] > 0.95
    assert found.loc["reliable_deterioration", "estimate"] == 0.0


def test_clustered_interval_is_wider_where_therapists_differ() -> None:
    tables = simulated_tables(300)
    frame = tables["episodes"]
    good = frame["therapist_id"] <= 7
    outcomes = tables["outcomes"].copy()
    gain = np.where(good, 9.0, -1.0)
    outcomes["last_score"] = (outcomes["first_score"] - gain).where(outcomes["last_score"].notna())
    outcomes["change_category"] = pd.Categorical(
        np.where(outcomes["last_score"].isna(), None, np.where(good, "improved", "unchanged")),
        categories=list(CHANGE_CATEGORIES),
    )
    rows = run({**tables, "outcomes": outcomes})
    chosen = rows[(rows["term"] == "reliable_improvement") & (rows["population"] == "paired")]
    chosen = chosen.set_index("specification")
    width = chosen["conf_high"] - chosen["conf_low"]
    assert width["therapist_clustered"] > 2 * width.loc[""]
