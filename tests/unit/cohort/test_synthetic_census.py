"""A cohort made to have given numbers in therapy and waiting on the day its data end."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from naturalistic.analyses.closing.caseload import Caseload, caseload_on
from naturalistic.cohort.episodes import derive_episodes
from naturalistic.cohort.synthetic import PRESETS, make_cohort, simulate
from naturalistic.cohort.synthetic.census import people_at_the_census
from naturalistic.cohort.synthetic.simulation import Simulation
from naturalistic.settings.config import AnalysisSettings

MODEL = PRESETS["derbyshire"]
SEEDS = (5, 6)


def caseload(seed: int) -> tuple[Caseload, dict[str, pd.DataFrame]]:
    tables = make_cohort("derbyshire", seed).tables()
    cut = MODEL.pathway.data_cut
    three = tables["patients"], tables["referrals"], tables["sessions"]
    episodes = derive_episodes(*three, cut, AnalysisSettings())
    return caseload_on(episodes, pd.Timestamp(cut), 8), tables


@pytest.mark.parametrize("seed", SEEDS)
def test_the_analysis_counts_the_numbers_of_the_census(seed: int) -> None:
    load, tables = caseload(seed)
    assert load.in_therapy["format"].value_counts().to_dict() == {"individual": 83, "group": 37}
    assert len(load.waiting) == 16
    assert len(tables["patients"]) == len(tables["referrals"]) < MODEL.n_people


def test_the_lengths_are_those_the_consultation_states() -> None:
    months = []
    for seed in SEEDS:
        made = make_cohort("derbyshire", seed).simulation
        first = made.contacts[made.contacts["contact_type"] == "treatment"]
        start = first.groupby("course")["day"].min()
        courses = made.courses.loc[start[start < made.data_cut - 4 * 365].index]
        months.append((courses["closed"] - start[courses.index]) / (365.25 / 12))
    length = pd.concat(months)
    assert 14 < length.mean() < 17
    assert (length > 12).mean() > 0.5


@pytest.fixture(scope="module")
def everybody() -> Simulation:
    return simulate(replace(MODEL, census=None), SEEDS[0])


def test_the_rest_is_kept_in_the_proportion_of_those_in_therapy(everybody: Simulation) -> None:
    census = MODEL.census
    assert census is not None
    rng = np.random.default_rng(1)
    kept = people_at_the_census(
        census, everybody.courses, everybody.contacts, everybody.data_cut, rng
    )
    part = simulate(MODEL, SEEDS[0])
    in_therapy = (everybody.courses["attended_by_cut"] > 0) & (
        everybody.courses["closed"] > everybody.data_cut
    )
    share = 120 / in_therapy.sum()
    assert kept.mean() == pytest.approx(share, abs=0.06)
    # the people kept are whole: every form and contact of theirs, and nobody else's
    assert part.forms["course"].max() < len(part.courses) == len(part.people)
    assert len(part.answers) == len(part.forms)
    seen = part.contacts[part.contacts["seen"] & (part.contacts["contact_type"] == "treatment")]
    counted = np.bincount(seen["course"], minlength=len(part.courses))
    assert (counted == part.courses["attended_by_cut"]).all()


def test_a_census_that_cannot_be_met_is_refused(everybody: Simulation) -> None:
    census = MODEL.census
    assert census is not None
    rng = np.random.default_rng(1)
    arguments = everybody.courses, everybody.contacts, everybody.data_cut, rng
    with pytest.raises(ValueError, match="9000 wanted: raise n_people"):
        people_at_the_census(replace(census, waiting=9000), *arguments)
    twice = everybody.courses.assign(person=0)
    with pytest.raises(ValueError, match="nobody is referred again"):
        people_at_the_census(census, twice, *arguments[1:])
