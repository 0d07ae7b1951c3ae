"""Words of a release: notes, names of levels and of files."""

from __future__ import annotations

import re

from naturalistic.release.profiles import Profile
from naturalistic.release.suppression.shown import is_small

_NUMBER_OF_PEOPLE = re.compile(
    r"\b\d+(?= (?:people|person|patients?|clients?|episodes|events|of \d+ levels))"
)


def clean_note(note: str, profile: Profile) -> str:
    """A note without a small number of people in it."""

    def said(match: re.Match[str]) -> str:
        small = is_small(float(match[0]), profile)
        return f"{profile.threshold} or fewer" if small else match[0]

    return _NUMBER_OF_PEOPLE.sub(said, note)
