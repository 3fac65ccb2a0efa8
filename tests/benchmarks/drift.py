"""`equipoise bench drift`: false alarms and delays of the watch over levels, on series that are known to be steady.

Not here: the statistic (``assets.monitoring.shift_scan``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from rich.console import Console

from assets.forecasting.history.arrays import Reals
from assets.monitoring.shift_scan import DAILY, WEEKLY, ScanPlan, scan
from orchestration.cli.console import table

Draw = Callable[[np.random.Generator, tuple[int, int]], Reals]
MEAN, SIZE, CORRELATION = 20.0, 4.0, 0.2
_SLOW = 1.0


def _correlated(rng: np.random.Generator, shape: tuple[int, int]) -> Reals:
    noise = rng.normal(size=shape)
    series = noise.copy()
    for point in range(1, shape[1]):
        series[:, point] = CORRELATION * series[:, point - 1] + noise[:, point]
    return series


FAMILIES: Mapping[str, tuple[Draw, float]] = {
    "normal": (lambda rng, shape: rng.normal(size=shape), 1.0),
    "normal, correlated 0.2": (_correlated, (1.0 - CORRELATION**2) ** -0.5),
    "negative binomial, mean 20, variance 120": (
        lambda rng, shape: rng.negative_binomial(SIZE, SIZE / (SIZE + MEAN), size=shape).astype(np.float64),
        (MEAN + MEAN**2 / SIZE) ** 0.5,
    ),
    "Poisson, mean 1": (lambda rng, shape: rng.poisson(_SLOW, size=shape).astype(np.float64), _SLOW**0.5),
}
"""Name to how a family is drawn, (series, points), and its standard deviation."""
CASES: tuple[tuple[str, ScanPlan, int, tuple[tuple[float, int], ...]], ...] = (
    ("days", DAILY, 364, ((1.0, 28),)),
    ("weeks", WEEKLY, 104, ((2.0, 4), (1.0, 12))),
)
"""Name, how it is watched, points of the reference, and shifts in standard deviations with the points allowed."""


def run(*, series: int = 1000, seed: int = 1) -> dict[str, Any]:
    """Watch steady series for their span, and the same series shifted half-way.

    Parameters
    ----------
    series : int
        Of each family.
    seed : int
        Of all of them.
    """
    rows = []
    for name, plan, reference, shifts in CASES:
        for family, (draw, deviation) in FAMILIES.items():
            drawn = draw(np.random.default_rng(seed), (series, reference + plan.span))
            quiet = scan(drawn[:, :reference], drawn[:, reference:], plan).alarms
            row = {"points": name, "family": family, "reference": reference, "span": plan.span}
            row["false_alarms"] = float(quiet.any(axis=1).mean())
            row["found"] = {
                f"{size:g} within {allowed}": _found(drawn, reference, plan, size * deviation, allowed)
                for size, allowed in shifts
            }
            rows.append(row)
    return {"series": series, "seed": seed, "rows": rows}


def _found(drawn: Reals, reference: int, plan: ScanPlan, shift: float, allowed: int) -> float:
    """Return the share of shifted series that alarm in time, of those that had not alarmed before."""
    begins = plan.span // 2
    moved = drawn.copy()
    moved[:, reference + begins :] += shift
    alarms = scan(moved[:, :reference], moved[:, reference:], plan).alarms
    silent = ~alarms[:, :begins].any(axis=1)
    return float(alarms[silent, begins : begins + allowed].any(axis=1).mean())


def show(console: Console, found: dict[str, Any]) -> None:
    """Print one line a family."""
    rows = [
        (
            f"{row['points']}, {row['family']}",
            f"{row['reference']}",
            f"{row['false_alarms']:.1%} in {row['span']}",
            "; ".join(f"{size}: {share:.0%}" for size, share in row["found"].items()),
        )
        for row in found["rows"]
    ]
    headings = ["series", "reference", "false alarms", "shifts found, in standard deviations"]
    title = f"{found['series']} steady series of each family, and as many shifted half-way; seed {found['seed']}"
    console.print(table(title, headings, rows))
