"""`equipoise bench vn2`: the VN2 challenge played over windows of its own history.

Each window begins with the stock that the organiser's policy leaves; cost counts the weeks that
an order can change. Not here: the rules (``vn2_rules``) or our policy (``vn2_policy``).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from scorecard_panels import vn2
from vn2_champions import champions_policy
from vn2_files import Challenge, published_files, read_challenge
from vn2_policy import Choices, Forecasts, our_policy
from vn2_rules import (
    COUNTED_FROM,
    WEEKS_OF_YEAR,
    WINDOW_WEEKS,
    Played,
    Policy,
    Reals,
    Stock,
    organiser_policy,
    perfect_foresight,
    play,
    warmed_up,
    whole_units,
)

from assets.feeds.importers.vn2 import SHORTAGE_COST_PER_UNIT
from assets.forecasting.paths import Dispersion
from assets.kernel.errors import EquipoiseError
from assets.policy.registry import PolicyRegistry
from orchestration.cli.console import table

WINDOWS = 8
WARM_UP_WEEKS = 12
# A year of history, before which there is neither a season nor a model, and the warm-up after it.
LEAST_HISTORY_WEEKS = WEEKS_OF_YEAR + WARM_UP_WEEKS
OURS, ORGANISER, CHAMPIONS = "ours", "organiser", "the daily plan's champions"
DRAWS, SEED = 2000, 1

OUR_CHOICES = Choices()
PLAIN = replace(OUR_CHOICES, boosted_weight=0.0, projected=False, ratio=1 / 1.2)
ABLATIONS: dict[str, Choices] = {
    "without projection": replace(OUR_CHOICES, projected=False),
    "without season": replace(OUR_CHOICES, seasonal=False),
    "stock-outs as demand of zero": replace(OUR_CHOICES, censored=False),
    "exponential mean alone": replace(OUR_CHOICES, boosted_weight=0.0),
    "boosted model alone": replace(OUR_CHOICES, boosted_weight=1.0),
    "dispersion of Poisson": replace(OUR_CHOICES, dispersion=Dispersion(1.0, 0.0, 0.0)),
    "dispersion twice Poisson's": replace(OUR_CHOICES, dispersion=Dispersion(2.0, 0.0)),
    "newsvendor's ratio 0.83": replace(OUR_CHOICES, ratio=1 / 1.2),
}


def run(*, data: Path) -> dict[str, Any]:
    """Play all windows under every policy.

    Parameters
    ----------
    data : Path
        Folder of the organiser's files of week 0.

    Raises
    ------
    EquipoiseError
        If a file is missing or wrong, or the history is too short for one window.
    """
    started = time.monotonic()
    challenge = read_challenge(*published_files(data))
    starts = window_starts(len(challenge.weeks))
    opening = {start: warmed_up(challenge, start, WARM_UP_WEEKS) for start in starts}
    played = {
        name: [_play(challenge, start, opening[start], policy) for start in starts]
        for name, policy in policies(challenge, starts, data).items()
    }
    organiser = played[ORGANISER]
    return {
        "windows": [_window(challenge, place, start, played) for place, start in enumerate(starts)],
        "policies": {
            name: {**_summary(windows, organiser), "worst_window_ratio": _worst(windows, organiser)}
            for name, windows in played.items()
        },
        "ratio_to_organiser": _ratio(played[OURS], organiser),
        "worst_window_ratio": _worst(played[OURS], organiser),
        "seconds": round(time.monotonic() - started, 1),
    }


def window_starts(weeks: int) -> list[int]:
    """Return the first weeks of the windows, the latest first, none overlapping another.

    Raises
    ------
    EquipoiseError
        If the history is too short for one.
    """
    starts = [weeks - WINDOW_WEEKS * (place + 1) for place in range(WINDOWS)]
    found = [start for start in starts if start >= LEAST_HISTORY_WEEKS]
    if not found:
        raise EquipoiseError(
            f"{weeks} weeks are too short for a window",
            where="sales",
            remedy=f"Give at least {LEAST_HISTORY_WEEKS + WINDOW_WEEKS} weeks",
        )
    return found


def policies(challenge: Challenge, starts: Sequence[int], data: Path) -> dict[str, Policy]:
    """Return every policy that is played, ours first, by name; our boosted model is fitted once a window."""
    forecasts = Forecasts(challenge, tuple(starts))
    return {
        OURS: our_policy(forecasts, OUR_CHOICES),
        ORGANISER: organiser_policy(challenge),
        CHAMPIONS: champions_policy(challenge, vn2(data), PolicyRegistry().active()),
        "order-up-to, plain forecast": our_policy(forecasts, PLAIN),
        "perfect foresight": perfect_foresight(challenge),
        **{name: our_policy(forecasts, choices) for name, choices in ABLATIONS.items()},
    }


def show(console: Console, found: dict[str, Any]) -> None:
    """Print cost in total by policy, and by window."""
    console.print(
        table("Cost of all windows", _POLICY_COLUMNS, [_policy_row(*one) for one in found["policies"].items()])
    )
    console.print(table("Cost by window", _WINDOW_COLUMNS, [_window_row(window) for window in found["windows"]]))
    console.print(
        f"{found['ratio_to_organiser']:.3f} of the organiser's cost over {len(found['windows'])} windows, "
        f"{found['worst_window_ratio']:.3f} in the worst, in {found['seconds']:.0f} s"
    )


_POLICY_COLUMNS = (
    "policy",
    "holding",
    "shortage",
    "cost",
    "fill rate",
    "of organiser",
    "95 % interval",
    "worst window",
)
_WINDOW_COLUMNS = (
    "weeks from",
    "ours: holding",
    "shortage",
    "cost",
    "fill rate",
    "organiser's cost",
    "ratio",
    "foresight",
)


def _policy_row(name: str, one: dict[str, Any]) -> list[Any]:
    low, high = one["interval_95"]
    cost = [round(one[key]) for key in ("holding", "shortage", "cost")]
    ratio, worst = (f"{one[key]:.3f}" for key in ("ratio_to_organiser", "worst_window_ratio"))
    return [name, *cost, f"{one['fill_rate']:.3f}", ratio, f"{low:.3f} to {high:.3f}", worst]


def _window_row(window: dict[str, Any]) -> list[Any]:
    ours, organiser = window["policies"][OURS], window["policies"][ORGANISER]
    cost = [round(ours[key]) for key in ("holding", "shortage", "cost")]
    foresight = round(window["policies"]["perfect foresight"]["cost"])
    ratio = f"{ours['ratio_to_organiser']:.3f}"
    return [window["counted_from"], *cost, f"{ours['fill_rate']:.3f}", round(organiser["cost"]), ratio, foresight]


def _play(challenge: Challenge, start: int, opening: Stock, policy: Policy) -> Played:
    return play(whole_units(challenge), start, opening, policy)


def _window(challenge: Challenge, place: int, start: int, played: dict[str, list[Played]]) -> dict[str, Any]:
    organiser = [played[ORGANISER][place]]
    return {
        "counted_from": f"{challenge.weeks[start + COUNTED_FROM]:%Y-%m-%d}",
        "policies": {name: _summary([windows[place]], organiser) for name, windows in played.items()},
    }


def _summary(windows: list[Played], organiser: list[Played]) -> dict[str, Any]:
    holding = sum(float(one.holding.sum()) for one in windows)
    shortage = sum(float(one.shortage.sum()) for one in windows)
    demand = sum(float(one.demand.sum()) for one in windows)
    lost = shortage / SHORTAGE_COST_PER_UNIT
    return {
        "holding": round(holding, 2),
        "shortage": round(shortage, 2),
        "cost": round(holding + shortage, 2),
        "fill_rate": round(1.0 - lost / demand, 4) if demand else 1.0,
        "ratio_to_organiser": _ratio(windows, organiser),
        "interval_95": paired_interval(_by_series(windows), _by_series(organiser)),
    }


def paired_interval(cost: Reals, reference: Reals) -> list[float]:
    """Return the 95 % bootstrap interval of the ratio of two total costs of the same series.

    Series are drawn with all their windows, because windows of one series are not independent.
    """
    random = np.random.default_rng(SEED)
    drawn = random.integers(len(cost), size=(DRAWS, len(cost)))
    ratios = cost[drawn].sum(axis=1) / np.maximum(reference[drawn].sum(axis=1), 1e-9)
    return [round(float(edge), 4) for edge in np.quantile(ratios, [0.025, 0.975])]


def _worst(windows: list[Played], organiser: list[Played]) -> float:
    return max(_ratio([one], [theirs]) for one, theirs in zip(windows, organiser, strict=True))


def _by_series(windows: list[Played]) -> Reals:
    return np.sum([one.cost for one in windows], axis=0)


def _ratio(windows: list[Played], organiser: list[Played]) -> float:
    total = float(_by_series(organiser).sum())
    return round(float(_by_series(windows).sum()) / total, 4) if total else 1.0
