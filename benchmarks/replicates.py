"""Data sets of a study, kept one line each, so that a study that was interrupted goes on where it stopped."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any


def replicates(
    kept: Path, cell: str, n: int, make: Callable[[int], dict[str, Any]]
) -> list[dict[str, Any]]:
    """All `n` data sets of one cell; those of an earlier run are read back."""
    done: dict[int, dict[str, Any]] = {}
    if kept.exists():
        for line in kept.read_text().splitlines():
            record = json.loads(line)
            if record.pop("cell") == cell:
                done[record.pop("replicate")] = record
    with kept.open("a") as file:
        for replicate in sorted(set(range(n)) - set(done)):
            done[replicate] = make(replicate)
            line = {"cell": cell, "replicate": replicate} | done[replicate]
            file.write(json.dumps(line) + "\n")
            file.flush()
    return [done[replicate] for replicate in range(n)]
