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


def analyses_left_out(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the analyses that the settings leave out, readable."""
    return tuple(str(name).replace("_", " ") for name in settings.get("analyses_left_out", ()))


def reduced_in_services(settings: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """One sentence for each way in which services resampled less, with the number of services; without a full stop."""
    given = list(settings)
    found = Counter(words for each in given if (words := reduced_resampling(each)))
    return tuple(
        f"Resampling was reduced in {n} of {len(given)} services ({words}): their limits that rest on resampling vary more "
        "by chance than those of a full run"
        for words, n in sorted(found.items())
    )
