"""Equity on a cohort small enough to count by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from naturalistic.analyses.equity import analyse
from naturalistic.analyses.interface import AnalysisInput
from naturalistic.reference.loader import load_instruments
from naturalistic.release.disclosure import protect
from naturalistic.settings.config import AnalysisSettings
from naturalistic.settings.equity import Equity
from naturalistic.tables.cohort import PATIENTS
from naturalistic.tables.derived import EPISODES, OUTCOMES

# gender, how many, of whom started, dropped out, reliably improved (of those who started and did not drop out)
GROUPS = (("female", 40, 30, 6, 15), ("male", 30, 15, 6, 3), (None, 5, 5, 0, 5))


def cohort() -> dict[str, pd.DataFrame]:
    people = [
        {
            "gender": gender,
            "started": i < started,
            "dropout": i < dropped,
            "improved": dropped <= i < dropped + improved,
            "decile": i % 10 + 1,
            "team": "north" if i % 2 else "south",
        }
        for gender, n, started, dropped, improved in GROUPS
        for i in range(n)
    ]
    f = pd.DataFrame(people)
    f["id"] = np.arange(len(f))
    paired = f["started"] & ~f["dropout"]
    first = 20.0 + f["id"] % 5
    return {
        "patients": PATIENTS.conform(
            pd.DataFrame(
                {
                    "patient_id": f["id"],
                    "gender": f["gender"],
                    "age": 30.0,
                    "deprivation_decile": f["decile"],
                }
            )
        ),
        "episodes": EPISODES.conform(
            pd.DataFrame(
                {
                    "referral_id": f["id"],
                    "patient_id": f["id"],
                    "episode_number": 1,
                    "counts": "yes",
                    "assessed": "yes",
                    "started": np.where(f["started"], "yes", "no"),
                    "ending": np.where(f["dropout"], "unplanned_ending", "planned_ending"),
                    "dropout_unplanned_ending": np.where(f["dropout"], "dropout", "other_end"),
                    "wait_to_first_session": (10 * f["decile"]).where(f["started"]).astype("Int64"),
                    "sessions_attended": pd.array(np.where(f["started"], 8, 0)),
                    "did_not_attend": pd.array(np.where(f["gender"] == "male", 2, 0)),
                    "cancelled_by_patient": 0,
                    "arrived_too_late": 0,
                    "team": f["team"],
                }
            )
        ),
        "outcomes": OUTCOMES.conform(
            pd.DataFrame(
                {
                    "referral_id": f["id"],
                    "patient_id": f["id"],
                    "instrument": "core_om",
                    "scale": "all",
                    "first_score": first,
                    "last_score": (first - np.where(f["improved"], 8.0, 1.0)).where(paired),
                    "pairing": np.where(paired, "paired", "no_last_form"),
                    "change_category": pd.Series(
                        np.where(f["improved"], "improved", "unchanged"), dtype="object"
                    ).where(paired),
                }
            )
        ),
    }


@pytest.fixture(scope="module")
def estimates() -> pd.DataFrame:
    return analyse(
        AnalysisInput("hand", cohort(), AnalysisSettings(), load_instruments())
    ).estimates


def one(frame: pd.DataFrame, **key: object) -> pd.Series:
    key = {"specification": "", "contrast": ""} | key
    rows = frame[np.logical_and.reduce([frame[name] == value for name, value in key.items()])]
    assert len(rows) == 1, (key, len(rows))
    return rows.iloc[0]


def test_levels_and_those_without_a_record(estimates: pd.DataFrame) -> None:
    row = one(estimates, estimand="proportion", term="access", dimensions="gender=female")
    assert (row.numerator, row.denominator, row.n_missing) == (30, 40, 5)
    row = one(estimates, estimand="proportion", term="access", dimensions="gender=not_recorded")
    assert (row.numerator, row.denominator) == (5, 5)
    row = one(
        estimates, estimand="proportion", term="reliable_improvement", dimensions="gender=male"
    )
    assert (row.numerator, row.denominator) == (3, 9)


def test_gaps_against_the_reference(estimates: pd.DataFrame) -> None:
    key = {"dimensions": "gender=male", "contrast": "male vs female"}
    gap = one(estimates, estimand="difference_from_reference", term="access", **key)
    assert gap.estimate == pytest.approx(15 / 30 - 30 / 40)
    assert gap.conf_low < gap.estimate < gap.conf_high
    ratio = one(estimates, estimand="ratio_to_reference", term="access", **key)
    assert ratio.estimate == pytest.approx((15 / 30) / (30 / 40))
    # dropped out: 6 of 15 against 6 of 30
    gap = one(estimates, estimand="difference_from_reference", term="dropout", **key)
    assert gap.estimate == pytest.approx(0.2)
    # of the nine men with both forms three improved by 8 and six by 1; of 24 women 15 and nine
    gap = one(estimates, estimand="difference_from_reference", term="change", **key)
    assert gap.estimate == pytest.approx((3 * 8 + 6) / 9 - (15 * 8 + 9) / 24)
    row = one(estimates, estimand="proportion", term="missed_sessions", dimensions="gender=male")
    assert row.estimate == pytest.approx(0.2)  # 2 of 10 offered


def test_nobody_is_compared_with_those_without_a_record(estimates: pd.DataFrame) -> None:
    gaps = estimates[estimates["estimand"] == "difference_from_reference"]
    assert not gaps["contrast"].str.contains("not_recorded").any()


def test_adjusted_for_baseline_stands_beside_unadjusted(estimates: pd.DataFrame) -> None:
    key = {"dimensions": "gender=male", "contrast": "male vs female", "term": "change"}
    row = one(
        estimates,
        estimand="difference_from_reference",
        specification="adjusted_for_baseline",
        **key,
    )
    # the score before therapy hardly differs between the groups: near the unadjusted 30/9 - 129/24
    assert row.estimate == pytest.approx(-2.04, abs=0.5)
    assert row.n_patients == 9
    access = estimates[(estimates["term"] == "access") & (estimates["specification"] != "")]
    assert access.empty  # there is no score before therapy to adjust for


def test_gradient_over_deprivation(estimates: pd.DataFrame) -> None:
    slope = one(estimates, estimand="slope_index", term="wait")
    # ten days a decile: from about 10 to about 100 days over the whole ranking
    assert slope.estimate == pytest.approx(95, abs=10)
    # the line through the waits begins near 0 days: no ratio of its ends, and the reason instead
    ratio = one(estimates, estimand="relative_index", term="wait")
    assert ratio.status == "not_estimable" and "not clear of 0" in ratio.note
    ratio = one(estimates, estimand="relative_index", term="access")
    assert 0.3 < ratio.conf_low < ratio.estimate < ratio.conf_high < 2
    row = one(estimates, estimand="mean", term="wait", dimensions="deprivation_fifth=1")
    assert 10 <= row.estimate <= 20


def test_funnel_of_teams_and_none_of_therapists(estimates: pd.DataFrame) -> None:
    rows = estimates[estimates["dimensions"].str.startswith("team=")]
    assert set(rows["term"]) == {"dropout", "reliable_improvement"}
    assert rows["statistic"].notna().all()
    assert not estimates["dimensions"].str.contains("therapist").any()
    service = one(estimates, estimand="overdispersion", term="dropout", contrast="service")
    assert service.status == "not_measured"


def test_a_characteristic_that_is_not_held_says_so(estimates: pd.DataFrame) -> None:
    row = one(estimates, dimensions="religion=not_recorded", term="access")
    assert row.status == "not_measured"
    assert row.note


def test_age_bands_are_made_from_age(estimates: pd.DataFrame) -> None:
    row = one(estimates, estimand="proportion", term="access", dimensions="age_band=from_26_to_35")
    assert row.denominator == 75


POPULATIONS = {
    "gender": {"female": 20_000, "male": 30_000},
    "deprivation_decile": {str(i): 5_000 for i in range(1, 11)},
    "religion": {"christian": 100, "no_religion": 100},
}


def uptake(calendar: str = "real", **settings: object) -> pd.DataFrame:
    tables = cohort()
    days = tables["episodes"]["referral_id"].astype(int)  # 0 to 74
    received = pd.Timestamp("2020-01-01") + pd.to_timedelta(days * 365.25 / 74, unit="D").dt.floor(
        "D"
    )
    started = received.where(tables["episodes"]["started"] == "yes")
    dated = tables["episodes"].assign(received_date=received, first_session_date=started)
    tables["episodes"] = EPISODES.conform(dated)
    settings = {"equity": Equity(populations=POPULATIONS), **settings}
    data = AnalysisInput(
        "hand", tables, AnalysisSettings(**settings), load_instruments(), calendar=calendar
    )
    frame = analyse(data).estimates
    return frame[frame["term"].str.startswith(("referred", "started"))]


def test_uptake_per_100000_of_each_group_and_the_ratio_of_groups() -> None:
    frame = uptake()
    years = 366 / 365.25
    women = one(frame, estimand="rate_per_100000", term="referred", dimensions="gender=female")
    assert women.estimate == pytest.approx(40 / 20_000 * 1e5 / years, rel=0.01)
    assert (women.n_patients, women.n_missing) == (40, 5)
    key = {"dimensions": "gender=male", "contrast": "male vs female"}
    ratio = one(frame, estimand="ratio_to_reference", term="referred", **key)
    assert ratio.estimate == pytest.approx((30 / 30_000) / (40 / 20_000))
    assert ratio.conf_high < 1
    ratio = one(frame, estimand="ratio_to_reference", term="started", **key)
    assert ratio.estimate == pytest.approx((15 / 30_000) / (30 / 20_000))
    others = one(frame, estimand="count", term="referred_other_or_unknown_gender")
    assert others.estimate == 5


def test_uptake_of_groups_that_are_not_small_may_leave() -> None:
    shown, _ = protect(uptake(), "opensafely")
    status = shown[shown["estimand"] == "rate_per_100000"].set_index(["term", "dimensions"])[
        "status"
    ]
    assert status["referred", "gender=female"] == status["referred", "gender=male"] == "ok"
    women = one(shown, estimand="rate_per_100000", term="referred", dimensions="gender=female")
    exact = one(uptake(), estimand="rate_per_100000", term="referred", dimensions="gender=female")
    assert women.estimate == pytest.approx(exact.estimate, rel=0.1)
    decile = one(
        shown, estimand="rate_per_100000", term="started", dimensions="deprivation_decile=1"
    )
    assert decile.status == "withheld"  # five people


def test_inequality_of_uptake_over_deciles_of_the_population() -> None:
    frame = uptake()
    slope = one(frame, estimand="slope_index", term="referred")
    ratio = one(frame, estimand="relative_index", term="referred")
    # seven or eight people of each decile
    assert slope.conf_low < 0 < slope.conf_high
    assert ratio.conf_low < 1 < ratio.conf_high
    assert slope.n_patients == 75
    deciles = frame[frame["dimensions"].str.startswith("deprivation_decile=")]
    assert len(deciles) == 20 and (deciles["contrast"] == "").all()


def test_uptake_is_not_measured_without_populations_dates_or_the_characteristic() -> None:
    assert set(uptake(equity=Equity())["note"]) == {
        "state equity.populations (people living in the area, by group) to have uptake"
    }
    rows = uptake(calendar="relative")
    assert set(rows["status"]) == {"not_measured"} and rows["note"].str.contains("dates").all()
    row = one(uptake(), term="referred", dimensions="religion=not_recorded")
    assert row.status == "not_measured"
