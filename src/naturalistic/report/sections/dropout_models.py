"""Who leaves more often, at which session, and how long therapy lasts."""

from __future__ import annotations

from naturalistic.reference.published_models import PublishedStudy
from naturalistic.report.blocks import Block, Section, Text
from naturalistic.report.released import Released, is_ok
from naturalistic.report.sections.dropout_checks import (
    calibration,
    functional_form,
    influence,
    proportionality,
)
from naturalistic.report.sections.dropout_differences import (
    NAME,
    both_ratios,
    differences,
    is_measured,
    leading_time,
    primary_key,
    share,
    who,
)
from naturalistic.report.sections.dropout_during import during, hazard_by_session
from naturalistic.report.sections.dropout_length import (
    first_bookings,
    landmarks,
    length,
    lengths,
)
from naturalistic.report.sections.forests import forest_figure
from naturalistic.report.wording import reason, value, with_interval

CAUTIONS = (
    "These are associations in people who were all treated: they say who leaves more often, not why, and nothing "
    "about any one person."
)


def dropout_models(released: Released, _: PublishedStudy | None) -> Section | None:
    """Absolute differences, hazard by session, therapists, length of therapy, and whether the models hold."""
    if not released.has(NAME):
        return None
    clock, time = leading_time(released)
    forest = differences(released, clock, time)
    told = who(forest, clock, time) if is_measured(released) else ""
    findings = (share(released, clock, time), told, length(released))
    caution = (CAUTIONS,) if len(forest.rows) else ()
    blocks: list[Block | None] = [
        forest_figure(released, forest),
        hazard_by_session(released),
        during(released),
        lengths(released),
        landmarks(released),
        first_bookings(released),
        calibration(released, clock),
        both_ratios(released, clock),
        proportionality(released, clock),
        functional_form(released, clock),
        influence(released, clock),
        Text((_therapists(released, clock), *caution)),
    ]
    return Section(
        "dropout_models",
        "Who leaves more often, and how long therapy lasts",
        tuple(text for text in findings if text),
        tuple(block for block in blocks if block is not None),
    )


def _therapists(released: Released, clock: str) -> str:
    found = {
        estimand: rows.iloc[0] if len(rows) else None
        for estimand in ("median_hazard_ratio", "intraclass_correlation")
        for rows in [
            released.rows(NAME, estimand=estimand, **primary_key(released, time_unit=clock))
        ]
    }
    ratio, share = found["median_hazard_ratio"], found["intraclass_correlation"]
    if not is_ok(ratio):
        return f"How far therapists differ in how soon their patients leave: {reason(ratio)}."
    return (
        f"Therapists account for {with_interval(share)} of the variation in how soon people drop out: between two "
        f"therapists picked at random the rate typically differs by a factor of {value(ratio)}."
    )
