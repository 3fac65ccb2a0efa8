"""M5 as a test of scale: one snapshot of 3,049 items at 10 stores, planned once. Not here: any window."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def measured(data: Path, items: int | None, seed: int, small: bool) -> dict[str, Any]:
    raise NotImplementedError
