"""Ordering rules and the daily plan beside the optimum of the lost-sales model, each on its own chain of states.

Lines of `equipoise bench targets`. A rule whose parameter is the best of many on the very model that judges it is
said to be tuned; ``stated_ratio`` is one formula for all models. Not here: how the plan decides
(``targets_daily_plan``).
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from targets_daily_plan import flow_orders
from targets_rows import Row, timed

from assets.inventory.demand_distributions.families import poisson
from assets.inventory.projected_order import projected_order
from assets.inventory.single_echelon.lost_sales import LostSales, best_policy, evaluate
from assets.inventory.single_echelon.lost_sales_rules import (
    Rule,
    base_stock,
    best_rule,
    capped_base_stock,
    projected_level,
    projected_ratio,
)

LOST_SALES = Path("lost_sales") / "lost_sales_known_costs_L1_L2.csv"
RATIOS = [(float(ratio),) for ratio in np.arange(0.6, 0.99, 0.005)]
LEVELS = [(float(level),) for level in np.arange(5.0, 14.0, 0.1)]
PATHS = 2_000
CARRIED = 0.25
"""Holding of a unit left over that a bucket of lead time adds. Of 0, 1/8, 1/4, 3/8, 1/2 and 3/4 the one whose worst
and mean excess are least over 24 models that are none of the grid's: Poisson(3), Poisson(8) and a negative binomial of
mean 4 and variance 8, lead times 1 and 2, p = 3, 6, 14, 29."""


def stated_ratio(model: LostSales) -> float:
    """Return the decision ratio ``p / (p + h (1 + L / 4))``.

    A unit left over is held while orders arrive that were placed before it was seen; the longer the lead time,
    the more of them there are.
    """
    held = model.holding_cost * (1.0 + CARRIED * model.lead_time)
    return model.shortage_cost / (model.shortage_cost + held)


def lost_sales(data: Path) -> Iterator[Row]:
    """Yield rules and the daily plan on the lost-sales grid, each evaluated exactly, beside the optimum."""
    for one in _grid(data):
        yield from _tuned(*one)
        yield from _untuned(*one)


def untuned(data: Path) -> Iterator[Row]:
    """Yield only what has no parameter chosen on the case that judges it."""
    for one in _grid(data):
        yield from _untuned(*one)


def _grid(data: Path) -> Iterator[tuple[LostSales, str, float]]:
    """Yield each model of the grid, its title and its optimum."""
    with (data / LOST_SALES).open() as file:
        for line in csv.DictReader(file):
            mean = float(line["demand"].removeprefix("Poisson(").removesuffix(")"))
            lead_time, penalty = int(line["lead_time"]), float(line["penalty"])
            model = LostSales(float(line["holding"]), penalty, poisson(mean), lead_time)
            yield model, f"lost sales L={lead_time} p={penalty:g}", float(line["optimal_cost_vi"])


def _tuned(model: LostSales, case: str, optimum: float) -> Iterator[Row]:
    ceiling = model.ceiling
    rules: dict[str, tuple[Callable[..., Any], list[tuple[Any, ...]]]] = {
        "projected ratio": (projected_ratio, RATIOS),
        "projected level": (projected_level, LEVELS),
        "capped base stock": (
            capped_base_stock,
            [(level, cap) for level in range(ceiling - 5, ceiling + 1) for cap in range(4, 12)],
        ),
        "base stock": (base_stock, [(level,) for level in range(ceiling - 6, ceiling + 1)]),
    }
    yield _row(f"{case}: value iteration", optimum, lambda: best_policy(model).cost)
    best: dict[str, Rule] = {}
    for name, (orders, parameters) in rules.items():
        best[name], seconds = timed(partial(best_rule, model, orders, parameters))
        chosen = ", ".join(f"{one:.3g}" for one in best[name].parameter)
        yield Row(f"{case}: {name}", best[name].policy.cost, optimum, seconds, f"tuned on this case: {chosen}")
    (ratio,) = best["projected ratio"].parameter
    yield _sampled_row(model, f"{case}: projected_order on sample paths", optimum, ratio, "the tuned ratio")


def _untuned(model: LostSales, case: str, optimum: float) -> Iterator[Row]:
    ratio = stated_ratio(model)
    note = f"p / (p + h (1 + L / 4)) = {ratio:.3g}, not tuned here"
    yield _row(
        f"{case}: stated ratio",
        optimum,
        lambda: evaluate(model, projected_ratio(model, ratio)).cost,
        note,
    )
    yield _sampled_row(model, f"{case}: stated ratio on sample paths", optimum, ratio, note)
    yield _row(
        f"{case}: flow of the daily plan",
        optimum,
        lambda: evaluate(model, flow_orders(model)).cost,
        "nothing tuned here",
    )


def _sampled_row(model: LostSales, case: str, optimum: float, ratio: float, note: str) -> Row:
    return _row(case, optimum, lambda: evaluate(model, _sampled(model, ratio)).cost, note)


def _sampled(model: LostSales, ratio: float, seed: int = 1) -> npt.NDArray[np.int64]:
    """Return the orders of ``projected_order``, as real items would get them, in every state."""
    states = np.indices((model.ceiling + 1,) * model.lead_time)
    on_hand = states[0].ravel()
    under_way = states[1:].reshape(model.lead_time - 1, on_hand.size).T
    # What arrived in time for this bucket is on hand already.
    pipeline = np.concatenate([np.zeros((len(on_hand), 1), dtype=np.int64), under_way], axis=1)
    demand = model.demand
    generator = np.random.default_rng(seed)
    paths = generator.choice(demand.points.astype(np.int64), p=demand.mass, size=(1, model.lead_time + 1, PATHS))
    orders = projected_order(on_hand, pipeline, np.repeat(paths, len(on_hand), axis=0), ratio)
    return orders.reshape(states[0].shape)


def _row(case: str, reference: float, solve: Callable[[], float], note: str = "") -> Row:
    reached, seconds = timed(solve)
    return Row(case, reached, reference, seconds, note)
