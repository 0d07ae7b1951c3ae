"""What the attack knows: unknown whole numbers, bounds of each, and equations between them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

Slot = tuple[int, str]  # row and column


@dataclass
class System:
    """Unknown whole numbers, what is known of each alone, and the equations between them."""

    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    equations: list[tuple[dict[int, float], float]] = field(default_factory=list)  # upper side
    name: dict[Slot, int] = field(default_factory=dict)

    def new(self, low: float = 0.0, high: float = np.inf) -> int:
        self.low.append(low)
        self.high.append(high)
        return len(self.low) - 1
