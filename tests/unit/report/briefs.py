"""Cohorts written by hand for the brief: every kind of finding, with numbers known on paper."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from naturalistic.report.released import Released
from tests.unit.report.handmade import CORE, change_rows, released, row

JT = {"definition": "jacobson_truax", **CORE}
NICE, CLOSING = "nice_alignment", "decommissioning"
FEW = {"status": "withheld", "note": "few"}
SHARES = {"referred": 0.16, "started": 0.24, "planned_ending": 0.40, "paired": 0.54}
PEOPLE = {"referred": 1610, "started": 1065, "planned_ending": 625, "paired": 470}


def people() -> list[dict[str, Any]]:
    """Who was referred, started and has both forms."""
    flow = "participant_flow"
    found = [
        row(flow, "count", n, term="people", population=population, n_patients=n)
        for population, n in PEOPLE.items()
    ]
    key = {"term": "share_of_started", "n_patients": 1065}
    return [
        *found,
        row(flow, "proportion", 0.44, population="paired", **key),
        row(flow, "proportion", 0.75, population="case_at_start", **key),
    ]


def rates(better: float = 1.0, worse: float = 0.1, **status: Any) -> list[dict[str, Any]]:
    """Reliable improvement and deterioration on four denominators."""
    found = []
    for term, times in (("reliable_improvement", better), ("reliable_deterioration", worse)):
        for population, share in SHARES.items():
            given = (
                {}
                if status
                else {"conf_low": share * times - 0.03, "conf_high": share * times + 0.03}
            )
            number = None if status else share * times
            key = {"term": term, "population": population, **JT, **given, **status}
            found.append(row("clinical_change", "proportion", number, **key))
    return found


def leaving() -> list[dict[str, Any]]:
    """Dropping out and missed sessions."""
    limits = {"conf_low": 0.27, "conf_high": 0.33}
    key = {"definition": "unplanned_ending", "term": "dropout"}
    missed = {"definition": "patient_side", "term": "absence"}
    return [
        row("dropout", "proportion", 0.30, **key, **limits),
        row("attendance", "proportion", 0.26, conf_low=0.20, conf_high=0.32, **missed),
    ]


def nice(**shares: float) -> list[dict[str, Any]]:
    """Problems recorded, and where the therapy given stands."""
    counts = {"depression": 370, "personality_problems": 185, "not_recorded": 100}
    found = [
        row(NICE, "count", n, term="people", dimensions=f"problem={word}", n_patients=n)
        for word, n in counts.items()
    ]
    given = shares or {
        "consider": 0.35,
        "same_family": 0.2,
        "no_population": 0.35,
        "problem_not_recorded": 0.1,
    }
    found += [
        row(NICE, "proportion", share, term="concordance", dimensions=f"concordance={word}")
        for word, share in given.items()
    ]
    return found


def books() -> list[dict[str, Any]]:
    """In therapy, waiting, run-off by a year, people affected, cost."""
    band = {"conf_level": 0.9}
    shares = {"planned_ending": (0.6, 0.52, 0.67), "cut_short": (0.2, 0.14, 0.27)}
    later = {"new_starters": (120, 94, 146), "affected": (295, 269, 321), "level_up": (40, 30, 50)}
    found = [row(CLOSING, "count", n, term=t) for t, n in (("in_therapy", 105), ("waiting", 70))]
    found += [
        row(CLOSING, "expected_share", e, conf_low=a, conf_high=b, term=t, time=12.0, **band)
        for t, (e, a, b) in shares.items()
    ]
    found += [
        row(CLOSING, "expected_number", e, conf_low=a, conf_high=b, term=t, time=12.0, **band)
        for t, (e, a, b) in later.items()
    ]
    cost = {"term": "treated", "dimensions": "currency=£, 2025"}
    found.append(row(CLOSING, "cost", 3676.0, conf_low=3400.0, conf_high=3900.0, **cost))
    case = {"term": "talking_therapies_caseness", "dimensions": "people=on_the_books"}
    found.append(row(CLOSING, "proportion", 0.7, conf_low=0.6, conf_high=0.8, **case))
    wait = {"term": "referral_to_first_session", "contrast": "median"}
    found.append(
        row("access_and_waits", "waiting_time", 214.0, conf_low=208.0, conf_high=218.0, **wait)
    )
    return found


def checks(
    *, everyone: float = 1.0, drift: float = 1.0, lists: float = 0.3, above: float = 1.0
) -> list[dict[str, Any]]:
    """What the rating looks at: low limits of the change for everyone, after drift, minus a waiting list."""
    key = {"estimand": "mean_change", **CORE}
    missing, bias = "missing_outcomes", "bias"
    found = [
        row(
            missing,
            estimate=everyone + 1,
            conf_low=everyone,
            conf_high=everyone + 2,
            specification=s,
            **key,
        )
        for s in ("mixed_model", "multiple_imputation", "inverse_probability_weights")
    ]
    found += [
        row(
            bias,
            estimate=low + 1,
            conf_low=low,
            conf_high=low + 2,
            term="mee_chua_effect",
            time=t,
            **key,
        )
        for t, low in ((5.0, drift), (20.0, 3.0))
    ]
    waiting = {"contrast": "this cohort minus waiting_list", "specification": "minus_benchmark"}
    found.append(
        row(
            bias,
            "standardised_change_difference",
            lists + 0.1,
            conf_low=lists,
            conf_high=lists + 0.2,
            **waiting,
        )
    )
    curve = {
        "specification": "curve_summary",
        "term": "specifications_above",
        "contrast": "nothing",
    }
    return [*found, row(bias, "proportion", above, **curve)]


def improved() -> Released:
    """Better on average, with everything known."""
    return released(
        *people(), *change_rows(5.5, 4.8, 6.1), *rates(), *leaving(), *nice(), *books(), *checks()
    )


def doubtful() -> Released:
    """Hardly better, and every check finds a limit: the longest brief there is."""
    who = {"population": "started", "n_patients": 1065}
    described = [
        row("characteristics", "mean", 40.3, term="age", **who),
        row(
            "characteristics", "proportion", 0.66, term="gender", dimensions="gender=female", **who
        ),
        row(
            "characteristics",
            "proportion",
            0.7,
            term="prior_treatment",
            dimensions="prior_treatment=yes",
            **who,
        ),
        *(
            row(
                "characteristics",
                "proportion",
                share,
                term="therapy_model",
                dimensions=f"therapy_model={key}",
                **who,
            )
            for key, share in (("cbt", 0.6), ("psychodynamic_long_term", 0.4))
        ),
    ]
    places = (
        "same_family",
        "no_population",
        "severity_not_classifiable",
        "therapy_not_on_list",
        "problem_not_recorded",
    )
    limits = checks(everyone=-1.0, drift=-1.0, lists=-0.2, above=0.6)
    told = (*nice(offer=0.2, **dict.fromkeys(places, 0.16)), *books(), *limits)
    return released(
        *people(), *change_rows(0.4, -0.2, 1.0, last=22.3), *rates(), *leaving(), *described, *told
    )


def unclear() -> Released:
    """No clear change."""
    return released(
        *people(), *change_rows(0.4, -0.5, 1.3, last=22.3), *rates(0.4, 0.4), *leaving()
    )


def harmed() -> Released:
    """Worse on average."""
    return released(*people(), *change_rows(-3.1, -4.0, -2.2, last=25.8), *rates(0.1, 0.8), *nice())


def withheld() -> Released:
    """Everything rests on few people."""
    change = row("outcome_change", "mean_change", population="paired", **CORE, **FEW)
    flow = [row("participant_flow", "count", term="people", population=p, **FEW) for p in PEOPLE]
    closing = [row(CLOSING, "count", term=t, **FEW) for t in ("in_therapy", "waiting")]
    closing.append(row(CLOSING, "expected_share", term="cut_short", time=12.0, **FEW))
    return released(*flow, change, *rates(**FEW), *closing)


def nothing() -> Released:
    """No row at all."""
    return released()


CASES: dict[str, Callable[[], Released]] = {
    "improved": improved,
    "doubtful": doubtful,
    "unclear": unclear,
    "harmed": harmed,
    "withheld": withheld,
    "nothing": nothing,
}
