"""What the generator must keep to: contracts, dates, codes, and the laws it claims."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from naturalistic.cohort.synthetic import (
    PRESETS,
    SyntheticCohort,
    cohort_from_model,
    make_cohort,
    simulate,
    write_extract,
)
from naturalistic.cohort.synthetic.answers import REVERSED, core_om_items
from naturalistic.cohort.synthetic.contacts import draw_contacts
from naturalistic.cohort.synthetic.hazards import (
    CAUSES,
    LONGEST,
    draw_endings,
    dropout_hazard,
    planned_hazard,
)
from naturalistic.cohort.synthetic.presets import HIRSCHFELD
from naturalistic.reference.loader import load_instruments
from naturalistic.settings.load import load_mapping
from naturalistic.tables.cohort import COHORT_TABLES

ROOT = Path(__file__).parents[3]
SMALL = 250


@pytest.fixture(scope="module", params=list(PRESETS))
def cohort(request: pytest.FixtureRequest) -> SyntheticCohort:
    return make_cohort(request.param, 7, n=SMALL)


def bytes_of(cohort: SyntheticCohort, folder: Path) -> dict[str, bytes]:
    write_extract(cohort, folder)
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_same_seed_same_bytes_another_seed_other_people(tmp_path: Path) -> None:
    first, again, other = (
        bytes_of(make_cohort("hirschfeld", seed, n=60), tmp_path / name)
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert first == again
    assert list(first) == ["clients.csv", "forms.csv", "ratings.csv", "sessions.csv", "truth.json"]
    assert all(first[name] != other[name] for name in first)


def test_tables_keep_their_contracts(cohort: SyntheticCohort) -> None:
    tables = cohort.tables()
    assert set(tables) == set(COHORT_TABLES)
    for name, frame in tables.items():
        assert COHORT_TABLES[name].problems(frame) == []
    assert len(tables["patients"]) == SMALL


def test_the_extract_says_what_the_tables_say(cohort: SyntheticCohort) -> None:
    tables, frames = cohort.tables(), cohort.frames
    assert len(frames["clients"]) == len(tables["referrals"])
    assert len(frames["sessions"]) == len(tables["sessions"])
    clients = frames["clients"]
    closed = pd.to_datetime(clients["Closed"], format="%d/%m/%Y").astype("datetime64[ms]")
    assert closed.equals(tables["referrals"]["discharge_date"].rename("Closed"))
    seen = frames["sessions"]["Outcome"].isin(["5", "6"])
    assert seen.sum() == tables["sessions"]["attendance"].isin(["attended", "attended_late"]).sum()
    assert (frames["sessions"]["Minutes"].notna() == seen).all()
    assert clients["EpisodeRef"].is_unique and clients["ClientRef"].nunique() == SMALL
    assert frames["sessions"]["EpisodeRef"].isin(clients["EpisodeRef"]).all()
    assert frames["forms"]["EpisodeRef"].isin(clients["EpisodeRef"]).all()


def test_nothing_is_known_from_after_the_data_cut_or_in_the_wrong_order(
    cohort: SyntheticCohort,
) -> None:
    cut = pd.Timestamp(cohort.simulation.model.pathway.data_cut)
    tables = cohort.tables()
    for name, frame in tables.items():
        for column in frame.columns[frame.dtypes.astype(str).str.startswith("datetime")]:
            assert not (frame[column] > cut).any(), (name, column)
    referrals = tables["referrals"].set_index("referral_id")
    steps = ["received_date", "accepted_date", "assessment_date", "discharge_date"]
    for before, after in pairwise(steps):
        assert not (referrals[after] < referrals[before]).any()
    sessions = tables["sessions"].join(referrals[steps], on="referral_id")
    assert (sessions["date"] >= sessions["received_date"]).all()
    assert not (sessions["date"] > sessions["discharge_date"]).any()
    # an ending is known only with its discharge
    assert referrals.loc[referrals["ending"].notna(), "discharge_date"].notna().all()


def test_bookings_are_weekly_and_stop_with_the_last_attended_session() -> None:
    model = replace(HIRSCHFELD, n_people=300)
    made = simulate(model, 3)
    rng = np.random.default_rng(5)
    contacts = draw_contacts(model, made.people, made.staff, made.courses, rng)
    by_course = contacts.groupby("course")
    started = made.courses[made.courses["stage"] == "started"]
    assert (by_course["seen"].sum() == started["sessions"]).all()
    gaps = by_course["day"].diff().dropna()
    assert set(gaps) == {7.0, 7.0 * (1 + model.attendance.break_weeks)}
    last_seen = by_course["seen"].last()
    stayed = started["cause"] != "unplanned_ending"
    assert last_seen[stayed].all() and not last_seen[~stayed].all()
    running = by_course["seen"].cumsum()
    assert (running == contacts["attended_so_far"]).all()


def test_endings_follow_their_hazards() -> None:
    endings = replace(HIRSCHFELD.endings, referred_on=0.01, service_ended=0.0, died=0.0)
    n = 60_000
    rng = np.random.default_rng(11)
    cause, sessions = draw_endings(endings, np.full(n, 20), np.full(n, 0.5), rng)
    dropout = dropout_hazard(endings) * np.exp(0.5)
    planned = planned_hazard(endings, 20)
    total = dropout + planned + 0.01
    surviving = np.concatenate([[1.0], np.exp(-np.cumsum(total))])[:-1]
    ends = surviving * -np.expm1(-total)
    for name, hazard in (("unplanned_ending", dropout), ("planned_ending", planned)):
        expected = ends * hazard / total
        observed = np.bincount(sessions[cause == CAUSES.index(name)], minlength=LONGEST + 1)[1:]
        error = np.sqrt(n * expected * (1 - expected)) + 1
        assert (np.abs(observed - n * expected) < 4.5 * error).all(), name
    assert not np.isin(cause, [CAUSES.index("service_ended"), CAUSES.index("died")]).any()
    assert sessions.min() >= 1


def test_items_average_to_the_true_score_and_only_eight_are_reversed() -> None:
    n = 4000
    forms = replace(HIRSCHFELD.forms, item_missing=0.0, page_missing=0.0)
    for points in (12.0, 22.0):
        raw = core_om_items(np.full(n, points), np.arange(n), n, forms, np.random.default_rng(2))
        turned = np.array(REVERSED) - 1
        scored = raw.copy()
        scored[:, turned] = 4 - scored[:, turned]
        assert 10 * scored.mean() == pytest.approx(points, abs=0.15)
    # item 30 rises with distress as it stands; item 31 falls
    low, high = (
        core_om_items(np.full(n, p), np.arange(n), n, forms, np.random.default_rng(2)).mean(axis=0)
        for p in (10.0, 25.0)
    )
    assert high[29] > low[29] + 0.8 and high[30] < low[30] - 0.8
    assert load_instruments()["core_om"].structure.reversed == REVERSED


def test_forms_are_missing_not_at_random_when_asked() -> None:
    forms = replace(HIRSCHFELD.forms, per_sd_worse=-1.5, per_year=0.0, unemployed=0.0)
    shift = {
        name: cohort_from_model(
            replace(HIRSCHFELD, n_people=1500, forms=replace(forms, per_sd_worse=value)), 4
        ).truth["missing_not_at_random"]["mean_last_with_end_form_minus_without"]
        for name, value in (("none", 0.0), ("strong", -1.5))
    }
    assert shift["strong"] < shift["none"] - 2


def test_the_truth_is_json_and_holds_every_parameter(cohort: SyntheticCohort) -> None:
    truth = json.loads(json.dumps(cohort.truth))
    model = cohort.simulation.model
    assert truth["model"]["endings"]["dropout_female"] == model.endings.dropout_female
    assert truth["model"]["pathway"]["data_cut"] == model.pathway.data_cut.isoformat()
    assert len(truth["hazards"]["unplanned_ending"]) == LONGEST
    complete = truth["complete_data"]
    assert complete["mean_change"] == pytest.approx(complete["mean_first"] - complete["mean_last"])
    assert len(truth["therapists"]["change"]) == len(cohort.simulation.staff.team)


def test_characteristics_hang_together() -> None:
    people = simulate(replace(HIRSCHFELD, n_people=6000), 9).people
    out_of_work = people["employment"].isin(["unemployed", "long_term_sick_or_disabled"])
    deprived = people["deprivation_decile"] <= 3
    assert out_of_work[deprived].mean() > out_of_work[~deprived].mean() + 0.05
    assert (people["medication"] == "yes")[out_of_work].mean() > 0.6
    retired = people["employment"] == "retired"
    assert people.loc[retired, "age"].min() >= 60
    partner = people["relationship_status"] == "with_partner"
    assert (people["living_arrangement"] == "with_partner")[partner].mean() > 0.9
    assert partner[people["age"] < 25].mean() < partner[people["age"] > 40].mean() - 0.15


def test_dirt_is_counted_by_rule() -> None:
    clean, dirty = (make_cohort("hirschfeld", 3, n=SMALL, dirty=flag) for flag in (False, True))
    faults = dirty.truth["faults"]
    assert "faults" not in clean.truth and min(faults.values()) >= 1
    sessions = dirty.frames["sessions"]
    assert (sessions["Outcome"] == "99").sum() >= faults["code_unknown"]
    assert (sessions["EpisodeRef"] == "E9999999").sum() >= faults["session_orphan"]
    added = faults["session_orphan"] + faults["session_repeated"]
    assert len(sessions) == len(clean.frames["sessions"]) + added


@pytest.mark.parametrize("n", [1, 2, 9])
@pytest.mark.parametrize("preset", list(PRESETS))
def test_a_cohort_may_be_tiny(preset: str, n: int, tmp_path: Path) -> None:
    for seed in range(2):
        made = make_cohort(preset, seed, n=n)
        write_extract(made, tmp_path / str(seed))
        for name, frame in made.tables().items():
            assert COHORT_TABLES[name].problems(frame) == []


def test_what_cannot_be_made_is_refused() -> None:
    with pytest.raises(ValueError, match="no preset 'hirschfield'; there are: hirschfeld"):
        make_cohort("hirschfield", 1)
    with pytest.raises(ValueError, match="at least 1"):
        make_cohort("scale", 1, n=0)


@pytest.mark.parametrize("preset", ["hirschfeld", "talking_therapies", "derbyshire"])
def test_the_shipped_mapping_fits_the_preset(preset: str) -> None:
    mapping = load_mapping(ROOT / "config" / "cohorts" / f"synthetic_{preset}.yaml")
    assert mapping.synthetic is not None
    assert (mapping.synthetic.preset, mapping.synthetic.seed) == (preset, 20240214)
    model = PRESETS[preset]
    assert mapping.data_cut == model.pathway.data_cut
    frames = make_cohort(preset, 1, n=80).frames
    for name, source in mapping.files.items():
        assert source.path == f"results/synthetic_{preset}/restricted/extract/{name}.csv"
        assert name in frames
