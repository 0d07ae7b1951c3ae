"""Columns that REDCap adds to an export, and its check boxes.

REDCap's export format is public: `redcap_event_name` holds the event of a longitudinal project, `redcap_repeat_instrument`
and `redcap_repeat_instance` the rows of repeating instruments, `FORM_complete` 0, 1 or 2, and each box of a check-box
field is a column of its own, `FIELD___CODE`, with 1 where it is ticked and 0 where it is not.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from naturalistic.cohort.guessing.header_words import plain

_EVENTS = ("redcapeventname", "eventname")
_REPEATS = ("redcaprepeatinstrument", "redcaprepeatinstance", "repeatinstrument", "repeatinstance")
_BOX = re.compile(r"(?P<field>.+?)___(?P<code>[A-Za-z0-9_]+)")
_OWN = {
    "redcaprepeatinstrument": "REDCap's own: which form is repeated",
    "redcaprepeatinstance": "REDCap's own: the number of the repetition",
    "repeatinstrument": "REDCap's own: which form is repeated",
    "repeatinstance": "REDCap's own: the number of the repetition",
    "redcapdataaccessgroup": "REDCap's own: who may see the record",
    "redcapsurveyidentifier": "REDCap's own: may identify people",
}
_SEVERAL_BOXES = "one of several boxes; where one is all you need, map it by hand"


def is_redcap(names: Iterable[str]) -> bool:
    """The header is that of a REDCap export with events or repeating forms."""
    found = {plain(name) for name in names}
    named = any(name.startswith("redcap") for name in found & {*_EVENTS, *_REPEATS})
    return named or bool(found & set(_EVENTS) and found & set(_REPEATS))


def redcap_reasons(names: Iterable[str]) -> dict[str, str]:
    """Why columns of a REDCap export are not guessed at: its own ones, and boxes of several.

    Parameters
    ----------
    names : iterable of str
        Every column of the file; nothing is said unless `is_redcap`.
    """
    held = list(names)
    if not is_redcap(held):
        return {}
    boxes = {name: found["field"] for name in held if (found := _BOX.fullmatch(name))}
    several = Counter(boxes.values())
    reasons: dict[str, str] = {}
    for name in held:
        if plain(name) in _OWN:
            reasons[name] = _OWN[plain(name)]
        elif name.endswith("_complete"):
            reasons[name] = "REDCap's own: whether the form is complete"
        elif name in boxes and several[boxes[name]] > 1:
            reasons[name] = _SEVERAL_BOXES
    return reasons


def field_of_box(name: str) -> str:
    """The check-box field of a column such as `medication___1`; empty for every other column."""
    found = _BOX.fullmatch(name)
    return found["field"] if found else ""
