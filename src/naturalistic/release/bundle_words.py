"""What is in a bundle, in words: for whoever must decide whether the file may be sent."""

from __future__ import annotations

from collections import Counter

from naturalistic.release.bundle_model import Bundle
from naturalistic.release.bundle_reading import small_counts
from naturalistic.vocabulary import POPULATIONS


def bundle_lines(bundle: Bundle) -> list[str]:
    """The bundle in plain sentences, one a line."""
    rules = bundle.disclosure
    kinds = Counter(row.analysis.replace("_", " ") for row in bundle.estimates)
    listed = ", ".join(f"{name} ({count})" for name, count in sorted(kinds.items()))
    people = {c.population: c.people for c in bundle.counts if c.what == "people"}
    said = [
        f"{POPULATIONS[name].label.split(' (')[0].lower()}: {people[name]:,}"
        for name in ("referred", "assessed", "started", "paired")
        if name in people
    ]
    zero = "nobody included" if rules.withhold_zero else "nobody (0) may be given"
    lines = [
        f"{bundle.title} (cohort {bundle.cohort}{', SYNTHETIC' if bundle.synthetic else ''}), "
        f"data until {bundle.period.data_cut or 'not dated'}, made with naturalistic {bundle.software.version}.",
        "Not altered: the digest of the file matches its content. The digest notices accidents and careless edits; it is "
        "no signature, so who sent the file must be known by the way it came.",
        f"Rules: {rules.label}.",
        f"No count of people in it is {rules.threshold} or fewer ({zero}): {_checked(bundle)} counts were looked at, "
        f"{small_counts(bundle)} are too small.",
        f"{len(bundle.estimates):,} estimates, each of a group of people: {listed}.",
        f"{len(bundle.endings):,} bands of endings for curves and {len(bundle.covariances):,} covariances of model "
        "coefficients.",
        "No row is about a person: there is no identifier, date of birth, postcode, date of a contact or free text.",
    ]
    if said:
        lines.insert(1, f"People (rounded to {rules.rounding_base}): {'; '.join(said)}.")
    return lines


def _checked(bundle: Bundle) -> str:
    names = ("n_patients", "n_episodes", "n_events", "numerator", "denominator")
    found = sum(getattr(row, name) is not None for row in bundle.estimates for name in names)
    return f"{found + 2 * len(bundle.endings) + len(bundle.counts):,}"
