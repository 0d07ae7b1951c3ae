"""Attendance on people written by hand and on simulated ones: counts on paper, models against their engines."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from naturalistic.analyses import attendance, attendance_over_time
from naturalistic.analyses.attending.bins import bins_of
from naturalistic.analyses.attending.bookings import bookings_of
from naturalistic.analyses.attending.course import _streak
from naturalistic.analyses.attending.effects import add_therapists
from naturalistic.analyses.attending.steps import steps_of
from naturalistic.analyses.interface import AnalysisInput, EstimateRows
from naturalistic.analyses.registry import REGISTRY
from naturalistic.reference.loader import load_instruments
from naturalistic.settings.config import AnalysisSettings
from naturalistic.stats.generalised_mixed_model import fit_generalised_mixed_model
from naturalistic.tables.cohort import SESSIONS
from tests.unit.analyses.simulated_cohort import DAY, simulated_tables

STATES = ("attended", "did_not_attend", "cancelled_by_patient", "cancelled_by_service")


def simulated(n: int = 240, *, minutes: float | None = 50.0, seed: int = 9) -> AnalysisInput:
    """People with weekly bookings; those out of work miss far more."""
    rng = np.random.default_rng(seed)
    tables = simulated_tables(n)
    people = tables["patients"].set_index("patient_id").loc[tables["episodes"]["patient_id"]]
    out_of_work = (people["employment"] == "unemployed").to_numpy()
    booked = tables["episodes"]["sessions_booked"].to_numpy(dtype=int)
    who = np.repeat(np.arange(n), booked)
    number = np.arange(len(who)) - np.repeat(np.cumsum(booked) - booked, booked)
    own = 1 / (1 + np.exp(-(-1.6 + 0.9 * out_of_work + rng.normal(0, 0.5, n))))
    draw = rng.random(len(who))
    state = np.where(
        draw < own[who],
        rng.choice(["did_not_attend", "cancelled_by_patient"], len(who)),
        "attended",
    )
    state = np.where(draw > 0.96, "cancelled_by_service", state)
    state[number == 0] = "attended"
    sessions = pd.DataFrame(
        {
            "referral_id": who + 1,
            "date": DAY + pd.to_timedelta(7 * number, unit="D"),
            "contact_type": "treatment",
            "attendance": state,
            "duration": np.where(state == "attended", minutes, np.nan) if minutes else np.nan,
        }
    )
    return with_sessions(tables, sessions)


def with_sessions(tables: dict[str, pd.DataFrame], sessions: pd.DataFrame) -> AnalysisInput:
    """Episodes counted again from these sessions."""
    counts = pd.crosstab(sessions["referral_id"], sessions["attendance"]).reindex(
        index=tables["episodes"]["referral_id"], columns=list(STATES), fill_value=0
    )
    last = sessions.groupby("referral_id")["date"].max()
    episodes = tables["episodes"].assign(
        sessions_booked=pd.array(counts.sum(axis=1), dtype="Int32"),
        sessions_attended=pd.array(counts["attended"], dtype="Int32"),
        **{s: pd.array(counts[s], dtype="Int32") for s in STATES[1:]},
        last_contact_date=tables["episodes"]["referral_id"].map(last).to_numpy(),
        wait_to_first_session=pd.array(20 + tables["episodes"]["referral_id"] % 60, dtype="Int32"),
    )
    everything = {**tables, "episodes": episodes, "sessions": SESSIONS.conform(sessions)}
    return AnalysisInput("hand", everything, AnalysisSettings(), load_instruments())


def by_hand(
    *courses: tuple[str, ...], dropout: tuple[str, ...] = (), minutes: float = 60.0
) -> AnalysisInput:
    """One person a course: a for attended, n did not attend, c cancelled by the patient, s by the service."""
    words = dict(zip("ancs", STATES, strict=True))
    tables = {k: v.head(len(courses)) for k, v in simulated_tables(40).items()}
    rows = [
        {
            "referral_id": i + 1,
            "date": DAY + pd.Timedelta(weeks=week),
            "contact_type": "treatment",
            "attendance": words[letter],
            "duration": minutes if letter == "a" else None,
        }
        for i, course in enumerate(courses)
        for week, letter in enumerate(course)
    ]
    state = dropout or ("other_end",) * len(courses)
    tables["episodes"] = tables["episodes"].assign(
        dropout_unplanned_ending=list(state), ending="planned_ending"
    )
    return with_sessions(tables, pd.DataFrame(rows))


@pytest.fixture(scope="module")
def data() -> AnalysisInput:
    return simulated()


@pytest.fixture(scope="module")
def rows(data: AnalysisInput) -> pd.DataFrame:
    return attendance.analyse(data).estimates


def one(frame: pd.DataFrame, **key: Any) -> pd.Series:
    for column, value in key.items():
        frame = frame[frame[column] == value]
    assert len(frame) == 1, (len(frame), key)
    return frame.iloc[0]


@pytest.mark.parametrize(
    ("values", "names"),
    (
        ([1, 2, 3, 4, 5, 6], ["1", "2", "3", "4", "5", "6"]),
        ([1, 8, 15, 18], ["1 to 2", "7 to 8", "15 to 16", "17 to 18"]),
        ([1] * 200 + [40, 90], ["1", "2 or more"]),
        ([3, 44, 71], ["1 to 10", "41 to 50", "71 to 80"]),
    ),
)
def test_bins_are_narrow_in_short_services_and_never_many(
    values: list[int], names: list[str]
) -> None:
    bins = bins_of(values)
    assert bins.count <= 10
    assert list(dict.fromkeys(bins.name(b) for b in bins.of(values))) == names


def test_absence_and_bins_add_up(data: AnalysisInput, rows: pd.DataFrame) -> None:
    episodes = data.tables["episodes"]
    missed = episodes["did_not_attend"] + episodes["cancelled_by_patient"]
    found = one(rows, term="absence", definition="patient_side")
    assert found["estimate"] == pytest.approx(
        missed.sum() / (missed + episodes["sessions_attended"]).sum()
    )
    people = rows[(rows["estimand"] == "count") & (rows["term"] == "sessions_attended")]
    assert people["estimate"].sum() == len(episodes)


def test_who_misses_more_comes_as_ratio_probability_and_sessions(rows: pd.DataFrame) -> None:
    key = {"model": "absence", "term": "employment", "contrast": "unemployed vs employed"}
    ratio = one(rows, estimand="odds_ratio", **key)
    chance = one(rows, estimand="risk_difference", **key)
    lost = one(rows, estimand="sessions_difference", **key)
    assert ratio["conf_low"] < np.exp(0.9) < ratio["conf_high"]
    assert 0.05 < chance["conf_low"] < chance["estimate"] < 0.25
    offered = one(rows, estimand="mean", model="absence", term="sessions_offered")["estimate"]
    for column in ("estimate", "std_error", "conf_low", "conf_high"):
        assert lost[column] == pytest.approx(offered * chance[column])
    levels = rows[(rows["estimand"] == "standardised_risk") & (rows["term"] == "employment")]
    risk = levels.set_index("contrast")["estimate"]
    assert risk["unemployed"] - risk["employed"] == pytest.approx(chance["estimate"])
    twin = one(rows, estimand="odds_ratio", **{**key, "model": "absence_population_averaged"})
    assert "population averaged" in twin["note"] and "sandwich" in twin["method"]


def test_season_format_wait_and_time_of_day_are_in_the_model_or_said_to_be_missing(
    data: AnalysisInput, rows: pd.DataFrame
) -> None:
    model = rows[(rows["model"] == "absence") & (rows["estimand"] == "odds_ratio")]
    assert {"season", "wait_to_first_session", "baseline"} <= set(model["term"])
    assert one(model, term="time_of_day")["status"] == "not_measured"
    assert "format: not held" in model.iloc[0]["note"]
    relative = attendance.analyse(replace(data, calendar="relative")).estimates
    season = one(relative, estimand="odds_ratio", model="absence", term="season")
    assert season["status"] == "not_measured" and "calendar" in season["note"]


def test_time_of_day_is_in_the_model_where_it_is_held(data: AnalysisInput) -> None:
    """Evenings are missed far more often; the counts are taken apart by it."""
    sessions = data.tables["sessions"]
    rng = np.random.default_rng(4)
    missed = sessions["attendance"].isin(("did_not_attend", "cancelled_by_patient")).to_numpy()
    evening = rng.random(len(sessions)) < np.where(missed, 0.6, 0.3)
    part = np.where(evening, "evening", "morning")
    part = np.where(rng.random(len(sessions)) < 0.05, None, part)
    tables = {**data.tables, "sessions": SESSIONS.conform(sessions.assign(time_of_day=part))}
    found = attendance.analyse(replace(data, tables=tables)).estimates
    key = {"estimand": "odds_ratio", "model": "absence", "term": "time_of_day"}
    truth = (0.6 / 0.4) / (0.3 / 0.7)
    ratio = one(found, **key, contrast="evening vs morning")
    assert ratio["conf_low"] < truth < ratio["conf_high"]
    assert one(found, **key, contrast="not_recorded vs morning")["n_patients"] > 50


def test_counts_by_season_give_the_same_answer_as_counts_by_person(
    data: AnalysisInput, rows: pd.DataFrame
) -> None:
    """Splitting a person's counts loses nothing: without an effect of season the other coefficients stay."""
    whole = attendance.analyse(replace(data, calendar="relative")).estimates
    key = {"estimand": "odds_ratio", "model": "absence", "contrast": "unemployed vs employed"}
    assert one(whole, **key)["estimate"] == pytest.approx(one(rows, **key)["estimate"], rel=0.02)


def test_poisson_or_nb2_by_the_stated_test(rows: pd.DataFrame) -> None:
    test = one(rows, estimand="overdispersion", model="sessions_attended")
    assert test["p_value"] < 0.05 and "NB2 chosen" in test["note"]
    fitted = rows[(rows["estimand"] == "rate_ratio") & (rows["model"] == "sessions_attended")]
    assert fitted["method"].str.contains("nb2").all()
    assert one(rows, term="nb2_against_poisson")["p_value"] < 1e-6
    tables = dict(simulated(160, seed=2).tables)
    rng = np.random.default_rng(1)
    tables["episodes"] = tables["episodes"].assign(
        sessions_attended=pd.array(1 + rng.poisson(9, len(tables["episodes"])), dtype="Int32")
    )
    even = replace(simulated(160, seed=2), tables=tables)
    kept = attendance.analyse(even).estimates
    assert "Poisson kept" in one(kept, estimand="overdispersion", model="sessions_attended")["note"]


def test_hours_by_hand() -> None:
    # two hours attended and one missed; one hour attended and two missed, one more cancelled by the service
    found = attendance.analyse(by_hand("ana", "anncs", minutes=60.0)).estimates
    hours = one(found, estimand="clinician_hours", definition="patient_side")
    assert hours["estimate"] == pytest.approx(1 + 3)
    assert one(found, estimand="clinician_hours", definition="did_not_attend")["estimate"] == 3
    assert one(found, estimand="clinician_hours", definition="all_non_delivery")["estimate"] == 5
    share = one(found, term="share_of_hours_missed", definition="patient_side")
    assert share["estimate"] == pytest.approx(4 / 7)
    assert "no unit cost" in hours["note"]


def test_no_lengths_no_hours(rows: pd.DataFrame) -> None:
    assert one(rows, estimand="clinician_hours", definition="patient_side")["status"] == "ok"
    none = attendance.analyse(simulated(60, minutes=None)).estimates
    hours = none[none["estimand"] == "clinician_hours"]
    assert (hours["status"] == "not_measured").all() and len(hours) == 3


def test_first_sessions_and_gaps_by_hand() -> None:
    found = attendance.analyse(by_hand("aana", "nnaa", "anaa", "saaa", "a")).estimates
    first = found[found["term"] == "attended_of_first_two"].set_index("dimensions")
    assert first["numerator"].to_dict() == {
        "attended_of_first_two=none": 1,
        "attended_of_first_two=one": 1,
        "attended_of_first_two=both": 2,
    }
    later = found[found["term"] == "absence_from_third"].set_index("dimensions")["estimate"]
    assert later["attended_of_first_two=both"] == pytest.approx(1 / 3)
    gaps = found[found["term"] == "gap_between_sessions"].set_index("dimensions")["n_events"]
    assert gaps.to_dict() == {
        "gap=up to 1 week": 5,
        "gap=up to 2 weeks": 2,
        "gap=up to 4 weeks": 0,
        "gap=longer": 0,
    }


def bookings(given: AnalysisInput) -> Any:
    frame = given.tables["episodes"].reset_index(drop=True)
    return bookings_of(given.tables["sessions"], frame, "patient_side")


def test_runs_of_missed_sessions_by_hand() -> None:
    held = bookings(by_hand("annana", "nnsn", "aan"))
    assert _streak(held).tolist() == [0, 1, 2, 0, 1, 0, 1, 2, 3, 0, 0, 1]
    assert held.last_seen.tolist() == [6, 0, 2]
    assert held.before_last_seen.sum() == 5 + 0 + 1


def test_steps_towards_leaving_by_hand() -> None:
    """What was missed just before a session attended, what earlier, and whether the person left after it."""
    given = by_hand("annaaan", "aana", "aa", dropout=("dropout", "open", "other_end"))
    state = given.tables["episodes"]["dropout_unplanned_ending"].astype("object").to_numpy()
    steps = steps_of(bookings(given), state)
    # the last session of somebody still in therapy tells nothing about leaving
    assert steps.person.tolist() == [0, 0, 0, 1, 2]
    assert steps.number.tolist() == [2, 3, 4, 2, 2]
    assert steps.recent.tolist() == [True, False, False, False, False]
    assert steps.earlier.tolist() == [0, 5, 4, 0, 0]
    assert steps.left.tolist() == [False, False, True, False, False]


def test_a_missed_session_before_leaving_is_found() -> None:
    """People who leave right after a session that followed a missed one."""
    rng = np.random.default_rng(5)
    courses, ends = [], []
    for _ in range(40):
        course, left = "a", False
        while len(course) < 14 and not left:
            missed = rng.random() < 0.3
            course += "na" if missed else "a"
            left = rng.random() < (0.4 if missed else 0.02)
        courses.append(course)
        ends.append("dropout" if left else "other_end")
    found = attendance_over_time.analyse(by_hand(*courses, dropout=tuple(ends))).estimates
    ratio = one(
        found,
        estimand="odds_ratio",
        model="leaving_after_session",
        term="missed_before_session",
    )
    assert ratio["conf_low"] > 3
    shares = found[found["term"] == "dropout_after_session"].set_index("dimensions")["estimate"]
    assert shares["before_it=missed"] > 5 * shares["before_it=kept"]


def test_failures_say_why(data: AnalysisInput) -> None:
    # nobody of one group misses a session: no finite estimate
    rng = np.random.default_rng(8)
    men = ["a" + "".join(rng.choice(["a", "n"], 6)) for _ in range(20)]
    never = by_hand(*["aaaaaa"] * 20, *men)
    genders = np.where(never.tables["patients"]["patient_id"] <= 1020, "female", "male")
    people = never.tables["patients"].assign(gender=genders, employment=None, age=np.nan)
    apart = attendance.analyse(replace(never, tables={**never.tables, "patients": people}))
    odds = apart.estimates[
        (apart.estimates["estimand"] == "odds_ratio") & (apart.estimates["term"] == "gender")
    ]
    assert (odds["status"] == "not_estimable").all() and len(odds) == 2
    assert odds["note"].str.contains("separat|infinite|finite").all()
    # three therapists are too few for an effect of theirs
    episodes = data.tables["episodes"].assign(
        therapist_id=pd.array(1 + np.arange(240) % 3, dtype="Int64")
    )
    few = attendance.analyse(replace(data, tables={**data.tables, "episodes": episodes}))
    share = one(few.estimates, estimand="intraclass_correlation", model="absence")
    assert share["status"] == "not_run" and "fewer than 5 therapists" in share["note"]
    twin = few.estimates[few.estimates["model"] == "absence_population_averaged"]
    assert twin["method"].str.contains("clustered by patient").all()


def test_without_sessions_every_part_says_so(data: AnalysisInput) -> None:
    nothing = {
        column: pd.array([pd.NA] * 240, dtype="Int32")
        for column in (
            "sessions_booked",
            "sessions_attended",
            "did_not_attend",
            "cancelled_by_patient",
            "cancelled_by_service",
            "arrived_too_late",
        )
    }
    tables = {
        **data.tables,
        "sessions": SESSIONS.empty(),
        "episodes": data.tables["episodes"].assign(**nothing),
    }
    for name in ("attendance", "attendance_over_time", "dose_response"):
        found = REGISTRY[name].load()(replace(data, tables=tables)).estimates
        assert (found["status"] == "not_measured").all(), name
        assert (found["note"] != "").all()


def test_summaries_alone_are_enough_for_the_model(data: AnalysisInput, rows: pd.DataFrame) -> None:
    """Sessions missed and attended a person, without single sessions: the same counts, no season."""
    tables = {**data.tables, "sessions": SESSIONS.empty()}
    found = attendance.analyse(replace(data, tables=tables)).estimates
    key = {"estimand": "odds_ratio", "model": "absence", "contrast": "unemployed vs employed"}
    assert one(found, **key)["estimate"] == pytest.approx(one(rows, **key)["estimate"], rel=0.02)
    assert (
        one(found, estimand="odds_ratio", model="absence", term="season")["status"]
        == "not_measured"
    )


def test_a_share_whose_interval_reaches_nothing_has_profile_limits_and_no_error() -> None:
    """A Wald interval of the same share runs from 0.0002 to 0.46."""
    rng = np.random.default_rng(6)
    therapist = np.repeat(np.arange(12), 25)
    mean = 20.0 * np.exp(rng.normal(0.0, 0.08, 12))[therapist]
    counts = rng.negative_binomial(2, 2.0 / (2.0 + mean)).astype(float)
    fit = fit_generalised_mixed_model(
        counts,
        np.ones((300, 1)),
        family="nb2",
        group=therapist,
        group_label="therapist",
        profile=True,
    )
    rows = EstimateRows("made", "attendance")
    add_therapists(rows, fit, 300, "")
    share = rows.frame().set_index("estimand").loc["intraclass_correlation"]
    assert 0.005 < share["estimate"] < 0.05
    assert np.isnan(share["std_error"])
    assert share["conf_low"] == 0.0
    spread = fit.random_effect("therapist").profile_conf_high
    rest = np.log(1.0 + 1.0 / fit.mean_count + 1.0 / fit.theta)
    assert share["conf_high"] == pytest.approx(spread**2 / (spread**2 + rest))
    assert share["conf_high"] < 0.2
    assert "no standard error" in share["note"]
