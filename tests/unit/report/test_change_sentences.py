"""Each rule of the sentences on change with a case worked out on paper: better, worse, inconclusive, withheld, absent."""

from __future__ import annotations

from typing import Any

import pytest

from naturalistic.report.released import Released
from naturalistic.report.sections.bias import bias
from naturalistic.report.sections.bias_curve import curve_sentence
from naturalistic.report.sections.change import change
from naturalistic.report.sections.change_beside import beside_selection, beside_waiting_lists
from naturalistic.report.sections.change_context import context_figure
from naturalistic.report.sections.change_differences import differences_sentence
from naturalistic.report.sections.change_groups import change_groups
from naturalistic.report.sections.change_lead import better_last_score, in_spread, lead, rests_on
from naturalistic.report.sections.change_methods import methods_sentence
from naturalistic.report.sections.change_scales import scales_sentence
from naturalistic.report.sections.missing_people import who_sentence
from naturalistic.report.sections.missing_tipping import needed_sentence
from naturalistic.report.sections.over_sessions import over_sessions
from naturalistic.report.sections.talking_therapies import talking_therapies
from naturalistic.report.sections.therapist_view import therapist_view
from tests.unit.report.handmade import CORE, REQOL, change_rows, released, row

PAIRED: dict[str, Any] = {"population": "paired", "n_patients": 475, **CORE}


def change_of(
    low: float, value: float, high: float, specification: str = "", **key: Any
) -> dict[str, Any]:
    limits = {"conf_low": low, "conf_high": high, "specification": specification}
    return row("outcome_change", "mean_change", value, **{**PAIRED, **limits, **key})


def test_the_lead_names_the_declared_result_and_quotes_the_interval_that_allows_for_therapists() -> (
    None
):
    rows = [*change_rows(4.9, 4.2, 5.6), change_of(3.9, 4.9, 5.9, "jackknife_by_therapist")]
    text = lead(released(*rows))
    assert text.startswith("Main result, declared before the analysis: after therapy, people with")
    assert "4.9 points lower on CORE-OM than before, an improvement" in text
    assert "3.9 to 5.9" in text


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ((-1.0, 0.5, 2.0), "do not show which way the average moved"),
        ((-4.0, -3.0, -2.0), "3.0 points higher on CORE-OM than before, a worsening"),
    ],
)
def test_the_lead_says_worse_and_inconclusive(
    limits: tuple[float, float, float], words: str
) -> None:
    assert words in lead(released(change_of(*limits)))


def test_the_lead_follows_the_declared_population_and_a_scale_on_which_higher_is_better() -> None:
    measure = {**CORE, "population": "planned_ending"}
    rows = [change_of(5.0, 6.0, 7.0, population="planned_ending"), change_of(1.0, 2.0, 3.0)]
    text = lead(released(*rows, measure=measure))
    assert "people with a planned ending and both forms scored on average 6.0 points" in text
    better = change_rows(4.0, 3.0, 5.0, first=16, last=20, measure=REQOL)
    assert "4.0 points higher on ReQoL-10" in lead(released(*better, measure=REQOL))


def test_everyone_who_started_rests_on_imputation_and_says_so() -> None:
    key = {"population": "started", "specification": "multiple_imputation", "n_patients": 900}
    rows = [
        row("missing_outcomes", "mean_change", 4.0, conf_low=3.0, conf_high=5.0, **key),
        row("missing_outcomes", "proportion", 0.4, term="no_last_form", population="started"),
    ]
    found = released(*rows, measure={**CORE, "population": "started"})
    assert "everyone who started (missing forms imputed) scored on average 4.0" in lead(found)
    assert (
        rests_on(found)
        == "The last form of 40% of them is missing and was filled in by imputation."
    )


def test_a_main_result_that_is_missing_is_named_with_its_reason() -> None:
    empty = released(
        row("outcome_change", "mean_change", status="not_measured", note="no form", **PAIRED)
    )
    assert lead(empty).endswith("not measured here (no form).")
    section = change(empty, None)
    assert section is not None
    assert section.blocks == ()


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (
            {"estimate": 0.44, "numerator": 470, "denominator": 1065},
            "about 470 of about 1,065 people",
        ),
        (
            {"status": "withheld", "note": "all but 7 or fewer people have it"},
            "nearly all of those",
        ),
        ({"status": "withheld", "note": "rests on 7 or fewer people"}, "rests: withheld."),
    ],
)
def test_what_share_it_rests_on(columns: dict[str, Any], words: str) -> None:
    value = columns.pop("estimate", None)
    share = row(
        "outcome_change", "proportion", value, term="share_of_started", **{**PAIRED, **columns}
    )
    assert words in rests_on(released(share))


def test_the_spread_and_the_better_last_score() -> None:
    rows = [
        row("outcome_change", "standard_deviation", 6.2, term="first", **PAIRED),
        row(
            "outcome_change",
            "standardised_mean_change",
            0.88,
            conf_low=0.74,
            conf_high=1.03,
            **PAIRED,
        ),
        row(
            "outcome_change",
            "probability_of_improvement",
            0.834,
            conf_low=0.8,
            conf_high=0.87,
            **PAIRED,
        ),
    ]
    found = released(*rows)
    assert "here 6.2 points), the improvement is 0.88 (95% interval 0.74 to 1.03)." in in_spread(
        found
    )
    assert (
        "83% of people with a first and a last form (95% interval 80% to 87%"
        in better_last_score(found)
    )
    assert in_spread(released()) == ""


def beside(**limits: tuple[float, float]) -> Released:
    rows = [
        row(
            "bias",
            "standardised_change_difference",
            (low + high) / 2,
            term=term,
            specification="minus_benchmark",
            conf_low=low,
            conf_high=high,
            population="paired",
            n_patients=475,
        )
        for term, (low, high) in limits.items()
    ]
    return released(*rows)


def test_the_change_is_set_against_waiting_lists_by_the_interval_of_the_difference() -> None:
    text = beside_waiting_lists(
        beside(
            gibbard_waiting_list=(0.4, 0.8),
            metapsy_waiting_list=(-0.1, 0.3),
            metapsy_usual_care=(-0.5, -0.2),
        )
    )
    assert "larger than 0.24 (CORE-OM waiting list, UK primary care)" in text
    assert "not clearly different from 0.38 (depression waiting lists)" in text
    assert "smaller than 0.60 (care as usual, which is treatment)" in text
    assert beside_waiting_lists(released()).endswith("not measured here.")


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ((8.0, 9.0, 10.0), "larger than that under every assumption."),
        ((6.0, 8.0, 10.0), "larger than that under every assumption, but not clearly so."),
        ((3.0, 4.0, 5.0), "lies within that range"),
        ((-0.5, 0.2, 0.9), "smaller than that under every assumption, but not clearly so."),
        ((-4.0, -3.0, -2.0), "smaller than that under every assumption."),
    ],
)
def test_the_change_is_set_against_selection_alone(
    limits: tuple[float, float, float], words: str
) -> None:
    rows = [
        row(
            "bias",
            "regression_to_the_mean",
            points,
            term="selected_by_severity",
            dimensions=f"population_mean=5;reliability={points:g}",
            population="paired",
        )
        for points in (0.5, 7.3)
    ]
    text = beside_selection(released(change_of(*limits), *rows))
    assert "by 0.5 to 7.3 points" in text
    assert text.endswith(words) or words == "lies within that range"
    assert words in text


def test_selection_that_cannot_be_known_says_why() -> None:
    gone = row("bias", "regression_to_the_mean", status="not_estimable", note="no population mean")
    assert beside_selection(released(gone)).endswith("cannot be estimated (no population mean).")


def test_the_context_figure_needs_a_change_and_names_every_line() -> None:
    assert context_figure(released(change_of(1, 2, 3))) is None
    size = row(
        "outcome_change", "standardised_mean_change", -0.3, conf_low=-0.5, conf_high=-0.1, **PAIRED
    )
    figure = context_figure(released(size))
    assert figure is not None
    for words in ("0.24", "0.38", "0.60", "−0.30"):
        assert words in figure.alternative
    assert "is treatment, not its absence" in figure.caption
    assert "length of the wait was not read" in figure.caption


def test_other_scales_are_counted_by_direction() -> None:
    limits = {"wellbeing": (0.1, 0.5), "problems": (-0.5, -0.1), "functioning": (-0.1, 0.1)}
    rows = [
        row(
            "outcome_change",
            "standardised_mean_change",
            (low + high) / 2,
            conf_low=low,
            conf_high=high,
            population="paired",
            instrument="core_om",
            scale=scale,
        )
        for scale, (low, high) in limits.items()
    ]
    assert scales_sentence(released(*rows)) == (
        "Of 3 other scales 1 improved, 1 got worse and 1 did not show which way they moved."
    )
    assert scales_sentence(released(rows[1])) == "The one other scale got worse."
    assert (
        scales_sentence(released(rows[0], rows[0] | {"scale": "risk"}))
        == "All 2 other scales improved."
    )
    assert scales_sentence(released()) == ""


def test_methods_are_told_by_their_range() -> None:
    rows = []
    for method, better, moved in (
        ("percentage_change", 0.15, 0.43),
        ("edwards_nunnally", 0.66, 0.15),
    ):
        key = {"definition": method, "population": "paired", "n_patients": 475, **CORE}
        rows += [
            row(
                "clinical_change",
                "proportion",
                better,
                term="reliable_improvement",
                specification="other_method",
                **key,
            ),
            row("clinical_change", "proportion", moved, term="category_moved", **key),
        ]
    text = methods_sentence(released(*rows))
    assert "from 15% to 66% of people improved reliably" in text
    assert "between 15% and 43% of people in another category" in text
    assert methods_sentence(released()) == ""


def groups(*limits: tuple[str, float, float]) -> list[dict[str, Any]]:
    return [
        change_of(low, (low + high) / 2, high, dimensions=f"year={year}")
        for year, low, high in limits
    ]


def test_years_are_told_by_range_and_overlap() -> None:
    close = change_groups(released(*groups(("2019", 3, 6), ("2020", 4, 8))), None)
    assert close is not None
    assert "from 4.5 points (2019) to 6.0 (2020); all intervals overlap" in close.findings[0]
    apart = change_groups(released(*groups(("2019", -3, -1), ("2020", 4, 8))), None)
    assert apart is not None
    assert (
        "from −2.0 points (2019) to 6.0 (2020); some intervals do not overlap" in apart.findings[0]
    )


def test_groups_that_are_all_withheld_say_so() -> None:
    gone = row("outcome_change", "mean_change", status="withheld", dimensions="year=2020", **PAIRED)
    section = change_groups(released(gone), None)
    assert section is not None
    assert section.findings == ("Change by group: withheld.",)


def differences(*pairs: tuple[str, float, float, float]) -> Released:
    rows = []
    for contrast, raw, low, high in pairs:
        shared = {"term": "gender", "contrast": contrast, "population": "paired", "n_patients": 40}
        limits = {
            "raw": (raw - 1, raw, raw + 1),
            "adjusted_for_first_score": (low, (low + high) / 2, high),
        }
        rows += [
            row(
                "bias", "adjusted_difference", v, specification=s, conf_low=a, conf_high=b, **shared
            )
            for s, (a, v, b) in limits.items()
        ]
    return released(*rows)


def test_adjusted_differences_are_counted_and_the_largest_shift_is_named() -> None:
    text = differences_sentence(
        differences(
            ("male vs female", -2.8, -4.0, -0.4), ("other_gender vs female", 1.0, -1.0, 2.0)
        )
    )
    assert "1 of 2 differences stands clear of chance (fewer than 1 would by chance alone)" in text
    assert "male rather than female (gender), 2.2 points less improvement (0.4 to 4.0)" in text
    assert "−2.8 (−3.8 to −1.8) points raw and −2.2 (−4.0 to −0.4) at the same first score" in text
    none = differences_sentence(differences(("male vs female", 0.1, -1.0, 1.0)))
    assert "the one difference does not stand clear of chance" in none
    assert differences_sentence(released()) == ""


def curve(*values: float, above: float = 1.0) -> Released:
    rows = [
        row(
            "bias",
            "standardised_mean_change",
            value,
            specification="curve",
            conf_low=value - 0.1,
            conf_high=value + 0.1,
            population="started",
            dimensions=f"missing_forms=complete_pairs;effect_size=pre_sd;last_form={i}",
        )
        for i, value in enumerate(values)
    ]
    key = {"specification": "curve_summary", "term": "specifications_above"}
    rows.append(row("bias", "proportion", above, contrast="nothing", **key))
    return released(*rows)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (
            curve(0.41, 0.76, 0.98),
            "between 0.41 and 0.98 standard deviations, for half of them below 0.76: all show",
        ),
        (
            curve(-0.4, -0.2, -0.1, above=0.0),
            "−0.10 standard deviations, for half of them below −0.20: none",
        ),
        (curve(-0.1, 0.2, 0.5, above=0.997), "99% show an improvement"),
    ],
)
def test_the_specification_curve_is_told_by_its_range(found: Released, words: str) -> None:
    assert words in curve_sentence(found)


def test_a_curve_that_was_not_run_says_so() -> None:
    gone = row("bias", "standardised_mean_change", status="not_run", specification="curve")
    assert curve_sentence(released(gone)).endswith("not run.")


@pytest.mark.parametrize(
    ("effects", "words"),
    [
        (
            ((4.8, -2, 1), (10.0, 0.5, 3), (23.0, 5, 6)),
            "as long as the usual mean score lies above about 9.0",
        ),
        (((4.8, 0.2, 1), (23.0, 5, 6)), "for every usual mean score assumed"),
        (((4.8, -2, 1), (23.0, -1, 1)), "no improvement clear of chance is left over"),
    ],
)
def test_what_is_left_over_after_the_drift(
    effects: tuple[tuple[float, float, float], ...], words: str
) -> None:
    rows = [
        row(
            "bias",
            "mean_change",
            (low + high) / 2,
            term="mee_chua_effect",
            specification="free_of_regression",
            time=mean,
            conf_low=low,
            conf_high=high,
            population="paired",
        )
        for mean, low, high in effects
    ]
    section = bias(released(*rows), None)
    assert section is not None
    assert words in " ".join(section.findings)


def test_session_scores_are_told_by_week_and_by_sudden_gain() -> None:
    key = {"population": "started", "n_patients": 110, "denominator": 1265, "time_unit": "weeks"}
    rows = [
        row(
            "session_scores",
            "cumulative_incidence",
            v,
            term=t,
            time=w,
            conf_low=v - 0.02,
            conf_high=v + 0.02,
            **key,
        )
        for t, w, v in (
            ("reliable_improvement", 2, 0.19),
            ("reliable_improvement", 12, 0.46),
            ("reliable_improvement", 26, 0.5),
            ("ended_without_reliable_improvement", 12, 0.45),
        )
    ]
    rows.append(
        row(
            "session_scores",
            "proportion",
            0.12,
            term="sudden_gain",
            population="started",
            conf_low=0.1,
            conf_high=0.14,
        )
    )
    section = over_sessions(released(*rows), None)
    assert section is not None
    assert section.findings[0].startswith("Within 12 weeks of the first form 46%")
    assert "for 45% therapy had ended before" in section.findings[0]
    assert any("12% (95% interval 10% to 14%)" in str(block) for block in section.blocks)
    gone = row("session_scores", "cumulative_incidence", status="not_run", note="needs three forms")
    told = over_sessions(released(gone), None)
    assert told is not None
    assert told.findings == ("When people first improve: not run (needs three forms).",)


def test_national_rates_are_set_beside_england_by_their_intervals() -> None:
    limits = {
        "reliable_improvement": (0.5, 0.58),
        "reliable_deterioration": (0.05, 0.07),
        "no_reliable_change": (0.33, 0.39),
        "recovery": (0.26, 0.31),
        "reliable_recovery": (0.6, 0.7),
    }
    rows = [
        row(
            "talking_therapies_measures",
            "proportion",
            (a + b) / 2,
            term=t,
            conf_low=a,
            conf_high=b,
            denominator=1080,
        )
        for t, (a, b) in limits.items()
    ]
    section = talking_therapies(released(*rows), None)
    assert section is not None
    assert "54% (50% to 58%) improved reliably" in section.findings[0]
    against = section.findings[1]
    assert "higher here: reliably recovered (48%) and no reliable change (25%)" in against
    assert "lower here: reliably improved (68%) and recovered (50%)" in against
    assert "about the same here: reliably deteriorated (6%)" in against
    gone = row(
        "talking_therapies_measures",
        "proportion",
        term="recovery",
        status="not_measured",
        note="no PHQ-9",
    )
    told = talking_therapies(released(gone), None)
    assert told is not None
    assert told.findings == ("Recovery by the national rules: not measured here (no PHQ-9).",)


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        (
            (0.6, 0.1),
            "largest improvement was in depression, 0.60 standard deviations, the smallest in risk of suicide",
        ),
        ((0.6, -0.2), "the least favourable change was in risk of suicide (−0.20)"),
        (
            (-0.1, -0.2),
            "nothing improved on average; the least unfavourable change was in depression",
        ),
    ],
)
def test_what_therapists_saw_most_and_least(sizes: tuple[float, float], words: str) -> None:
    rows = [
        row(
            "therapist_ratings",
            "standardised_mean_change",
            size,
            dimensions=subject,
            conf_low=size - 0.05,
            conf_high=size + 0.05,
            population="started",
            n_patients=500,
        )
        for subject, size in zip(("problem=depression", "risk=suicide"), sizes, strict=True)
    ]
    section = therapist_view(released(*rows), None)
    assert section is not None
    assert words in section.findings[0]


def test_therapists_who_rated_nothing_are_told_with_the_reason() -> None:
    gone = row("therapist_ratings", "mean_change", status="not_measured", note="no rating")
    section = therapist_view(released(gone), None)
    assert section is not None
    assert section.findings == (
        "Therapists' ratings before and after: not measured here (no rating).",
    )


def tipping(**points: float) -> Released:
    key = {"population": "started", "specification": "multiple_imputation", "n_patients": 440}
    rows = []
    for name, delta in points.items():
        shift = {"term": name, "contrast": "estimate", "dimensions": "shifted=everyone"}
        rows.append(row("missing_outcomes", "tipping_point", delta, **shift, **key))
        rows.append(row("missing_outcomes", "threshold", 1.0, term="target", contrast=name, **key))
    return released(*rows)


def test_tipping_points_are_told_in_points_of_the_scale() -> None:
    text = needed_sentence(
        tipping(
            nothing=11.8, reliable_change=-0.4, gibbard_waiting_list=8.0, metapsy_waiting_list=70.0
        )
    )
    assert "would have to be 11.8 points worse than people like them" in text
    assert "the scale runs over 40 points" in text
    assert (
        "8.0 points to bring it down to the change of CORE-OM waiting list, UK primary care" in text
    )
    assert (
        "more points than the scale has to bring it down to the change of depression waiting lists"
        in text
    )
    assert "already lies below one person's reliable change" in text
    assert "is no improvement even without" in needed_sentence(tipping(nothing=-2.0))
    beyond = needed_sentence(tipping(nothing=55.0))
    assert beyond.startswith("Nowhere on the scale (40 points wide) is a shift of people")
    assert needed_sentence(released()).endswith("not measured here.")


@pytest.mark.parametrize(
    ("planned", "unplanned", "words"),
    [
        ((0.15, 0.21), (0.81, 0.90), "who left early are under-represented"),
        ((0.81, 0.90), (0.15, 0.21), "who finished as planned are under-represented"),
        ((0.3, 0.5), (0.4, 0.6), "the intervals overlap."),
    ],
)
def test_who_lacks_a_form_after_which_ending(
    planned: tuple[float, float], unplanned: tuple[float, float], words: str
) -> None:
    rows = [
        row(
            "missing_outcomes",
            "proportion",
            (low + high) / 2,
            term="no_last_form",
            dimensions=f"ending={ending}",
            conf_low=low,
            conf_high=high,
            denominator=300,
        )
        for ending, (low, high) in (("planned_ending", planned), ("unplanned_ending", unplanned))
    ]
    assert words in who_sentence(released(*rows))
    assert who_sentence(released(rows[0])) == ""
