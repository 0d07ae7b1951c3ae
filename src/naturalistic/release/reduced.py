"""What a run did with less than the settings as shipped: fewer draws, fewer analyses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from naturalistic.settings.config import Resampling

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
    names = [str(name).replace("_", " ") for name in settings.get("analyses_left_out", ())]
    if not names:
        return ""
    return (
        f"The settings of this run leave out these analyses: {', '.join(names)}. Where a matter of theirs is said not to be "
        "measured, given or worked out here, it was not looked at."
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
