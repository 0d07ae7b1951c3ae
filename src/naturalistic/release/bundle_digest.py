"""The one spelling of a bundle's content, and its digest."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from naturalistic.errors import DisclosureError


def digest(content: Any) -> str:
    """SHA-256 of the canonical JSON of `content`.

    Raises
    ------
    DisclosureError
        The content holds a number that JSON cannot carry.
    """
    try:
        text = json.dumps(content, sort_keys=True, ensure_ascii=False, allow_nan=False)
    except ValueError as bad:
        raise DisclosureError("The evidence holds a number that is not finite.") from bad
    return hashlib.sha256(text.encode()).hexdigest()


def file_text(content: Any) -> str:
    """The bytes of the file: JSON with sorted keys, as `files.write_json` writes it."""
    return json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
