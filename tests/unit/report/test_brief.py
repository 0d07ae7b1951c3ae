"""The brief: each rule with a case on paper, better, unclear, worse, withheld and not measured."""

from __future__ import annotations

import re

import pytest

from naturalistic.report.blocks import Section, Table, Text
from naturalistic.report.brief import make_brief
from naturalistic.report.brief_words import average_change, size_of_change, way
from naturalistic.report.released import Released
from naturalistic.report.sentences import primary_change
from tests.unit.report import briefs
from tests.unit.report.handmade import CORE, REQOL, change_rows, released, row
from tests.unit.report.simulated import SHAPES
from tests.unit.report.test_narrative import CAUSAL
from tests.unit.report.test_reading_age import told

KEYS = ["question", "who", "outcomes", "certainty", "nice", "elsewhere", "options", "limits"]


def part(data: Released, key: str) -> Section:
    return next(each for each in make_brief(data, None) if each.key == f"brief_{key}")


def text(data: Released, key: str) -> str:
    return told(part(data, key))


@pytest.mark.parametrize("case", briefs.CASES)
def test_every_part_is_there_and_says_something(case: str) -> None:
    brief = make_brief(briefs.CASES[case](), None)
    assert [each.key for each in brief] == [f"brief_{key}" for key in KEYS]
    for each in brief:
        said = told(each)
        assert said
        assert not CAUSAL.search(said), said
        assert not re.search(r"\bnan\b|None|\bNaN\b|  |\.\.|–", said), said


@pytest.mark.parametrize("shape", SHAPES)
def test_the_brief_of_every_cohort_makes_no_causal_claim(cohort: object, shape: str) -> None:
    brief = make_brief(cohort(shape), None)  # type: ignore[operator]
    said = " ".join(told(each) for each in brief)
    assert not CAUSAL.search(said)
    assert not re.search(r"\bnan\b|\bNone\b|  |\.\.", said)


def test_better_worse_and_unclear_are_told_by_the_interval() -> None:
    for rows, found in (
        ((5.5, 4.8, 6.1), "better"),
        ((0.4, -0.5, 1.3), "unclear"),
        ((-3, -4, -2), "worse"),
    ):
        row_of = primary_change(released(*change_rows(*rows)), "mean_change")
        assert row_of is not None
        assert way(row_of) == found


def test_an_improvement() -> None:
    said = text(briefs.improved(), "outcomes")
    assert (
        "scored better after therapy than before, by 5.5 points on CORE-OM on average (likely range 4.8 to 6.1)"
        in said
    )
    assert "24% are known to have got reliably better and 2% reliably worse" in said
    assert "with both forms, it is 54% and 5%" in said
    assert (
        "Of those whose therapy is over, with a note of how it ended, 30% (likely range 27% to 33%) dropped out"
        in said
    )
    assert "Of all sessions offered, 26% (likely range 20% to 32%) were missed" in said


def test_an_unclear_change_has_no_direction() -> None:
    said = text(briefs.unclear(), "outcomes")
    assert "scored about the same after therapy as before" in said
    assert (
        "0.4 points for the better, but the likely range, −0.5 to 1.3, takes in no change" in said
    )
    assert "The average moved" not in said


def test_a_worsening_is_called_worse() -> None:
    said = text(briefs.harmed(), "outcomes")
    assert (
        "scored worse after therapy than before, by 3.1 points on CORE-OM on average (likely range 2.2 to 4.0)"
        in said
    )
    assert "better after" not in said


def test_a_scale_on_which_higher_is_better() -> None:
    rows = change_rows(4.0, 3.0, 5.0, first=16, last=20, measure=REQOL)
    data = released(*rows, measure=REQOL)
    assert "scored better after therapy" in average_change(
        data, primary_change(data, "mean_change")
    )


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (5.2, 6.4, "more than that"),
        (4.2, 5.6, "about as much as that"),
        (1.0, 3.9, "less than that"),
    ],
)
def test_the_average_against_one_persons_reliable_change(
    low: float, high: float, words: str
) -> None:
    data = released(
        *change_rows((low + high) / 2, low, high),
        reliable_change={"criterion": "published", "cutoff": "published"},
    )
    assert words in size_of_change(data, primary_change(data, "mean_change"))


def test_what_is_withheld_is_said_to_be() -> None:
    data = briefs.withheld()
    assert text(data, "who").startswith(
        "How many people started therapy: withheld, as it rests on few people or could give them away."
    )
    assert "changed: withheld, as it rests on few people or could give them away" in text(
        data, "outcomes"
    )
    assert "in therapy on a given day: withheld" in text(data, "options")
    assert "How many would end in time: withheld" in text(data, "options")
    assert "We cannot rate how sure to be, as the change is withheld" in text(data, "certainty")


def test_what_is_not_measured_is_said_to_be() -> None:
    data = briefs.nothing()
    assert "not measured here" in text(data, "who")
    assert text(data, "outcomes").count("not measured here") >= 4
    assert "not measured here, so it cannot be set beside NICE" in text(data, "nice")
    assert "not measured here, as no costs were given" in text(data, "options")
    assert not any(isinstance(block, Table) for block in part(data, "outcomes").blocks)


def test_all_four_denominators_stand_beside_each_other() -> None:
    table = part(briefs.improved(), "outcomes").blocks[0]
    assert isinstance(table, Table)
    assert [line[0].split()[0] for line in table.rows] == ["Everyone", "Everyone", "Those", "Those"]
    assert [line[1] for line in table.rows] == ["1,610", "1,065", "625", "470"]
    assert table.rows[3][2] == "54% (51% to 57%)"


def test_who_is_treated() -> None:
    said = text(briefs.improved(), "who")
    assert "About 1,610 people were referred. Of these, about 1,065 people started therapy." in said
    assert "depression (370 people) and personality problems (185 people)" in said
    assert "not recorded" not in said
    assert "75% of those who started are known to have scored above the cut-off" in said


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.9, "The therapy given most was cognitive behavioural therapy (90%)."),
        (None, "The therapy on record is cognitive behavioural therapy."),
    ],
)
def test_which_therapy(share: float | None, words: str) -> None:
    status = {} if share is not None else {"status": "withheld", "note": "few"}
    key = {"population": "started", "term": "therapy_model", "dimensions": "therapy_model=cbt"}
    data = released(*briefs.people(), row("characteristics", "proportion", share, **key, **status))
    assert words in text(data, "who")


def test_a_short_wait_is_told_in_days() -> None:
    wait = {"term": "referral_to_first_session", "contrast": "median"}
    data = released(row("access_and_waits", "waiting_time", 30.0, **wait))
    assert (
        "Half of those who stayed on the list waited 30 days or more for a first session."
        in text(data, "options")
    )


def test_nobody_started() -> None:
    none = row("participant_flow", "count", 0, term="people", population="started")
    assert "No one in these records started therapy." in text(released(none), "who")


def test_nice_tells_named_silent_and_untold_apart() -> None:
    said = text(briefs.improved(), "nice")
    assert "as a choice for 35% of those who started" in said
    assert "advises against it for none, and takes no side for none" in said
    assert (
        "For 65%, these records do not tell. 35% came with a problem that no guideline held here"
        in said
    )
    assert "20% were given a kind of therapy of which NICE names some forms" in said
    against = released(*briefs.nice(do_not_offer=0.3, no_recommendation=0.7))
    assert "advises against it for 30%, and takes no side for 70%" in text(against, "nice")


def test_alternatives_are_named_for_problems_with_a_guideline() -> None:
    blocks = part(briefs.improved(), "elsewhere").blocks
    assert isinstance(blocks[0], Table)
    assert blocks[0].rows[0][:2] == ("Depression", "370")
    assert "cognitive behavioural therapy" in blocks[0].rows[0][2]
    assert "70% (likely range 60% to 80%) scored high enough" in text(
        briefs.improved(), "elsewhere"
    )
    assert "as it needs PHQ-9 and GAD-7" in text(briefs.nothing(), "elsewhere")


def test_what_changes_under_each_option() -> None:
    said = text(briefs.improved(), "options")
    assert (
        "On 31 December 2023, about 105 people were in therapy and about 70 waited for it." in said
    )
    assert (
        "20% (likely range 14% to 27%) of those in therapy would still be in it 12 months later"
        in said
    )
    assert "To close then would cut short the therapy of about 21 people." in said
    assert "60% (likely range 52% to 67%) would have ended as planned" in said
    assert "about 295 people would be affected (likely range 269 to 321)" in said
    assert (
        "about 120 more people would start in the next 12 months (likely range 94 to 146)" in said
    )
    assert (
        "waited about 7 months or more for a first session (214 days, likely range 208 to 218)"
        in said
    )
    assert (
        "about 40 more people would start each year (likely range 30 to 50). At the cost below, that is about £147,000 a "
        "year (£102,000 to £195,000)."
    ) in said
    assert "own costs of 2025, each person treated costs £3,676" in said


def test_no_one_waits_is_not_about_zero() -> None:
    rows = [
        row(briefs.CLOSING, "count", n, term=t) for t, n in (("in_therapy", 105), ("waiting", 0))
    ]
    assert "were in therapy and no one waited for it" in text(released(*rows), "options")


def test_the_rating_names_its_limits() -> None:
    said = text(briefs.improved(), "certainty")
    assert "what the service does for people: very low" in said
    assert "Only 44% of those who started have both forms." in said
    assert "No limit was found in precision, other explanations and consistency." in said


def test_every_limit_is_listed() -> None:
    section = part(briefs.doubtful(), "certainty")
    assert "very low" in section.findings[0]
    assert "No limit was found" not in told(section)
    bullets = section.blocks[0]
    assert isinstance(bullets, Text)
    assert len(bullets.paragraphs) == 4


def test_those_without_forms_are_counted_among_the_limits() -> None:
    assert "They are 56% of those who started" in text(briefs.improved(), "limits")


def test_where_nobody_can_be_told_none_is_not_read_as_silence() -> None:
    data = released(*briefs.people(), *briefs.nice(no_population=0.65, same_family=0.35))
    said = text(data, "nice")
    assert (
        "For no one who started do these records tell where NICE stands on the therapy given."
        in said
    )
    assert "65% came with a problem that no guideline held here is about." in said
    assert "NICE names the therapy given" not in said
    assert "none" not in said


@pytest.mark.parametrize(
    ("hidden", "words"),
    [
        (
            "reliable_deterioration",
            "24% are known to have got reliably better. Out of those with both forms, it is 54%. "
            "How many got reliably worse: withheld, as it rests on few people or could give them away.",
        ),
        (
            "reliable_improvement",
            "How many got reliably better: withheld, as it rests on few people or could give them away. "
            "Out of everyone who started, 2% are known to have got reliably worse.",
        ),
    ],
)
def test_a_rate_that_is_withheld_has_a_sentence_of_its_own(hidden: str, words: str) -> None:
    rows = [
        {**each, "estimate": None, "conf_low": None, "conf_high": None, **briefs.FEW}
        if each["term"] == hidden
        and (hidden.endswith("oration") or each["population"] != "referred")
        else each
        for each in briefs.rates()
    ]
    data = released(*briefs.people(), *rows)
    assert words in text(data, "outcomes")
    table = part(data, "outcomes").blocks[0]
    assert isinstance(table, Table)
    assert "Withheld does not mean none" in table.note


def test_a_table_without_a_withheld_cell_explains_none() -> None:
    table = part(briefs.improved(), "outcomes").blocks[0]
    assert isinstance(table, Table)
    assert not table.note


@pytest.mark.parametrize(
    ("definition", "words"),
    [
        ("did_not_attend", "Of all sessions booked and not cancelled, 13%"),
        ("patient_side", "Of all sessions offered, 13%"),
        ("all_non_delivery", "Of all sessions booked, 13%"),
    ],
)
def test_missed_sessions_are_a_share_of_the_sessions_their_definition_counts(
    definition: str, words: str
) -> None:
    key = {"term": "absence", "definition": definition}
    data = released(
        row("attendance", "proportion", 0.13, **key),
        measure={**CORE, "absence_definition": definition},
    )
    assert words in text(data, "outcomes")


def test_what_was_not_looked_at_is_not_called_not_measured() -> None:
    data = briefs.nothing()
    data.record["settings"]["analyses_left_out"] = ["decommissioning", "nice_alignment"]
    assert text(data, "nice").endswith("The therapy given was not set beside NICE in this run.")
    said = text(data, "options")
    assert "on a given day: not worked out in this run" in said
    assert "affected in all: not worked out in this run" in said
    assert "for each person treated: not worked out in this run." in said
    assert "for a first session: not measured here" in said
    elsewhere = text(data, "elsewhere")
    assert "was not looked up in this run" in elsewhere
    assert "NHS Talking Therapies: not worked out in this run." in elsewhere


def test_problems_are_told_where_nothing_was_set_beside_nice() -> None:
    key = {"population": "started", "term": "problem", "dimensions": "problem=depression"}
    data = released(
        *briefs.people(), row("characteristics", "proportion", 0.5, numerator=30, **key)
    )
    assert "The problem noted most often was depression (30 people)." in text(data, "who")


def test_the_note_on_ranges_stands_only_where_there_is_one() -> None:
    for data, said in ((briefs.improved(), True), (briefs.nothing(), False)):
        table = part(data, "options").blocks[0]
        assert isinstance(table, Table)
        assert bool(table.note) is said
