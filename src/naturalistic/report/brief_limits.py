"""Brief: how sure one can be, and what the evidence cannot say."""

from __future__ import annotations

from collections.abc import Iterator

from naturalistic.release.reduced import left_out_sentence
from naturalistic.report.blocks import Section, Text
from naturalistic.report.certainty import CHECKS, Certainty, certainty
from naturalistic.report.released import Released, is_ok
from naturalistic.report.sentences import share_of_started
from naturalistic.report.wording import listed, lower_first, percent

MEANS = {
    "very low": "we do not know how much of the change would have come without the service",
    "low": "the true picture may well differ from what was seen here",
}


def how_sure(released: Released) -> Section:
    """The rating, which limits moved it, and which checks found none."""
    found = certainty(released)
    blocks = (Text(tuple(each.text for each in found.limits), "list"),) if found.limits else ()
    return Section("brief_certainty", "How sure we can be", tuple(_sure(found)), blocks)


def _sure(found: Certainty) -> Iterator[str]:
    if not found.step:
        yield f"We cannot rate how sure to be, as the change is {found.why_none}."
        return
    yield (
        f"How sure we can be that this change tells what the service does for people: {found.step}. On a scale of very low, "
        f"low, moderate and high, this means that {MEANS[found.step]}."
    )
    start = (
        "The rating starts at low, as there is no group to compare with. Nothing here can raise it."
    )
    fine = [lower_first(CHECKS[each.check].label) for each in found.findings if not each.lowers]
    if fine:
        start += f" No limit was found in {listed(fine)}."
    if found.limits:
        start += " What lowered it:"
    yield start


def cannot_say(released: Released) -> Section:
    """What no reader should take from this brief, each in a line."""
    return Section(
        "brief_limits",
        "What this evidence cannot say",
        (),
        (Text(tuple(_lines(released)), "list"),),
    )


def _lines(released: Released) -> Iterator[str]:
    if left_out := left_out_sentence(released.settings):
        yield left_out
    yield (
        "Whether therapy made the difference. There was no group to compare with. Many people seek help when they feel at "
        "their worst, and some get better with time."
    )
    yield "Whether some other therapy would have been better or worse for them."
    share = share_of_started(released, "paired")
    if is_ok(share):
        gone = percent(1 - float(share["estimate"]))  # type: ignore[index]  # a row that is_ok
        yield f"How those without both forms fared. They are {gone} of those who started."
    else:
        yield "How those without both forms fared."
    yield "How people were a year or more after their last form."
    yield "Whether the money would do more good if it were spent in some other way."
