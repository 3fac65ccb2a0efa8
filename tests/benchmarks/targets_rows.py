"""A line of `equipoise bench targets`: what was reached, beside its reference.

Not here: what is measured (``targets_guaranteed``, ``targets_stochastic``).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Row:
    """One line.

    Attributes
    ----------
    case : str
    reached : float
    reference : float, optional
        Published, proven or measured in the same run; absent where ``note`` says why.
    seconds : float, optional
        CPU seconds of this process: a busy machine does not lengthen them.
    note : str
    """

    case: str
    reached: float
    reference: float | None = None
    seconds: float | None = None
    note: str = ""

    @property
    def difference(self) -> float | None:
        """Return by what share the reached is above the reference."""
        return None if not self.reference else self.reached / self.reference - 1.0


def timed(work: Callable[[], Any], *, times: int = 1) -> tuple[Any, float]:
    """Return what ``work`` returns, and the least CPU seconds that it took."""
    seconds = []
    for _ in range(times):
        started = time.process_time()
        found = work()
        seconds.append(time.process_time() - started)
    return found, min(seconds)
