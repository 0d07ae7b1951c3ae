"""The lists of words that guesses are made with, kept as YAML beside the code."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml


@cache
def word_list(name: str) -> dict[str, Any]:
    """One list: `header_words`, `column_names`, `form_words` or `code_words`."""
    path = Path(__file__).with_name(f"{name}.yaml")
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))
