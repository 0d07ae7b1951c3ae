"""What a run did with less than the settings as shipped: fewer draws, fewer analyses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from naturalistic.settings.config import Resampling

PLAIN = {
    "missing_outcomes": "forms that are missing",
    "bias": "other explanations of the change",
    "benchmarks": "published figures",
    "session_scores": "when people improve",
    "outcome_models": "who changes more",
    "attendance_over_time": "missed sessions over time",
    "dose_response": "sessions and change",
    "dropout_models": "who leaves more often",
    "access_and_waits": "access and waits",
    "nice_alignment": "NICE",
    "decommissioning": "closing or growing",
    "clinical_change": "how many got better",
    "outcome_change": "change",
    "talking_therapies_measures": "the rules of NHS Talking Therapies",
    "characteristics": "who was treated",
    "therapist_ratings": "therapists' ratings",
}
"""Readers' words for analyses whose name says little to them."""
_WORDS = {"bootstrap_draws": "bootstrap draws", "imputations": "imputations"}


def reduced_resampling(settings: Mapping[str, Any]) -> str:
    """Which numbers of draws are below those shipped, in words; empty where none is."""
    used, shipped = settings.get("resampling", {}), Resampling()
    fewer = [
        f"{used[name]:,} {words} in place of {getattr(shipped, name):,}"
        for name, words in _WORDS.items()
        if used.get(name, getattr(shipped, name)) < getattr(shipped, name)
    ]
    return " and ".join(fewer)


def left_out_sentence(settings: Mapping[str, Any]) -> str:
    """Which analyses the settings leave out, and how to read their places in a report; empty where all were run."""
    left_out = [str(name) for name in settings.get("analyses_left_out", ())]
    if not left_out:
        return ""
    names = ", ".join(PLAIN.get(name, name.replace("_", " ")) for name in left_out)
    return (
        f"This run did not look at all there is. Its settings leave out: {names}. Where a matter of theirs is said not to "
        "be measured, given or worked out here, it was not looked at."
    )


def reduced_in_services(settings: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """One sentence for each way in which services resampled less, with the number of services; without a full stop."""
    given = list(settings)
    found = Counter(words for each in given if (words := reduced_resampling(each)))
    return tuple(
        f"Resampling was reduced in {n} of {len(given)} services ({words}): their limits that rest on resampling vary more "
        "by chance than those of a full run"
        for words, n in sorted(found.items())
    )
