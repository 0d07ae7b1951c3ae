"""Common sentences about a service, set against what NICE's own rules and this evidence say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from naturalistic.reference.claims_models import Claim
from naturalistic.reference.loader import load_claims, load_nice, load_nice_rules
from naturalistic.reference.published_models import PublishedStudy
from naturalistic.report.blocks import Block, Heading, Section, Text
from naturalistic.report.brief_options import extending, run_off
from naturalistic.report.brief_words import average_change
from naturalistic.report.certainty import certainty, rating_sentence
from naturalistic.report.released import Released, is_ok
from naturalistic.report.sections.closing_elsewhere import thresholds_met
from naturalistic.report.sections.nice_concordance import concordance_finding
from naturalistic.report.sections.nice_recommendations import STATUS
from naturalistic.report.sentences import primary_change, share_with_both_forms
from naturalistic.report.wording import brief_interval, listed

NAME = "decommissioning"
NO_GROUP = "There is no comparison group here, so nothing can be said on this either way."
NO_DIFFERENCE = (
    "With no comparison group, these data cannot tell whether therapy made the difference."
)
FINDING = (
    "Sentences that papers for and against a service often hold, each beside what NICE says about its own wording and what "
    "these data show. The page takes no side: it says what a sentence rests on."
)


def claims(released: Released, _: PublishedStudy | None) -> Section:
    """One heading a claim, then NICE, these data and what follows."""
    blocks: list[Block] = []
    for claim in load_claims():
        blocks += [Heading(f"“{claim.text}”"), Text(tuple(_beside(released, claim)), "list")]
    return Section("claims", "What is often said, and what it rests on", (FINDING,), tuple(blocks))


def _beside(released: Released, claim: Claim) -> Iterator[str]:
    note = f" {claim.note}" if claim.note else ""
    if claim.status == "unverified":
        yield f"Where it is said:{note} No source was read for it ({STATUS[claim.status]})."
    else:
        yield f"Where it is said: {claim.source} ({STATUS[claim.status]}).{note}"
    rules = load_nice_rules()
    for key in claim.rules:
        rule = rules[key]
        yield f"NICE: {rule.text} Source: {rule.source} ({STATUS[rule.status]})."
    yield from (_recommendation(key) for key in claim.recommendations)
    yield f"These data: {HERE[claim.here](released)}"
    yield f"Read together: {claim.reading}"


def _recommendation(key: str) -> str:
    """A recommendation in our own words, with guideline and status.

    Raises
    ------
    KeyError
        No guideline holds it.
    """
    for guideline in load_nice().values():
        for each in guideline.recommendations:
            if each.key == key:
                number = f", {each.number}" if each.number else ""
                return (
                    f"NICE ({guideline.code} {guideline.title}{number}): {each.paraphrase} Source: {each.source} "
                    f"({STATUS[each.status]})."
                )
    raise KeyError(f'no recommendation "{key}"')


def _concordance(released: Released) -> str:
    return (
        concordance_finding(released)
        or "What was delivered for which problem is not measured here."
    )


def _change(released: Released) -> str:
    moved = average_change(released, primary_change(released, "mean_change"))
    return f"{moved} {NO_DIFFERENCE}"


def _elsewhere(released: Released) -> str:
    met = (
        thresholds_met(released)
        or "Whether they meet the thresholds of others is not measured here."
    )
    return f"{met} Room and waits elsewhere are not in these data."


def _areas(released: Released) -> str:
    rates = [
        (area, row)
        for area, row in released.levels(NAME, "area", estimand="rate_per_100000")
        if is_ok(row)
    ]
    if len(rates) < 2:
        return "How many people of each area are treated is not measured here."
    rates.sort(key=lambda pair: float(pair[1]["estimate"]))
    ends = (f"{brief_interval(row)} in {area}" for area, row in (rates[0], rates[-1]))
    return f"People who started, per 100,000 residents a year: {listed(ends)}. {' '.join(extending(released))}"


def _known(released: Released) -> str:
    known = share_with_both_forms(released).replace(" of them ", " of those who started ", 1)
    return f"{known} {rating_sentence(certainty(released))}"


def _cost(released: Released) -> str:
    return " ".join(extending(released))


HERE: Mapping[str, Callable[[Released], str]] = {
    "concordance": _concordance,
    "comparison": lambda released: NO_GROUP,
    "cost": _cost,
    "areas": _areas,
    "run_off": run_off,
    "elsewhere": _elsewhere,
    "change": _change,
    "known": _known,
}
