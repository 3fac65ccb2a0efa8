"""What other stock targets of the stores would do, shown before they act: another budget, or another service.

Warehouses keep their targets. Not here: the market of units (``service_mix``), the targets in force (``targets``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from assets.inventory.lead_time_demand import Integers, LeadTimeDemand, Reals
from assets.inventory.lead_time_loss import expected_excess
from assets.inventory.service_mix import Mix, UnitGains, best_mix, gain_of
from assets.inventory.settings import DELISTED
from assets.inventory.situation import Situation
from assets.inventory.supply import KEY
from assets.kernel.errors import EquipoiseError

SMALL_MONEY = 10_000
# Beyond this quantile a unit saves too little to be looked at.
HIGHEST_RATIO = 0.999
CHUNK = 20_000


@dataclass(frozen=True)
class Change:
    """Targets of stores as they are, and as they would be.

    Attributes
    ----------
    rows : DataFrame
        One row per store and item: base stock, fill rate, cycle service and expected shortage cost per bucket, each
        ``now_`` and ``then_``; demand per bucket and unit cost.
    mix : Mix or None
        What the budget bought.
    uniform_amount, uniform_gain, mix_gain : float
        Money that one cycle service for all would tie up within the budget, what that saves over the least stock
        per bucket, and what the mix saves; 0 without a budget.
    """

    rows: pd.DataFrame
    mix: Mix | None = None
    uniform_amount: float = 0.0
    uniform_gain: float = 0.0
    mix_gain: float = 0.0


def stores_of(situation: Situation) -> Integers:
    """Return the rows of item-sites that meet demand and have a price and a life."""
    settings = situation.settings
    sells = (settings["echelon"] == 0) & (settings["unit_cost"] > 0) & (settings["lifecycle"] != DELISTED)
    return np.flatnonzero(sells.to_numpy(dtype=bool))


def with_budget(situation: Situation, targets: pd.DataFrame, amount: float | None = None) -> Change:
    """Return what the stores' money would do where it earns most.

    Parameters
    ----------
    situation : Situation
        Of the plan date.
    targets : DataFrame
        Frame ``TARGETS`` of the same.
    amount : float, optional
        Money for base stock at standard cost; what the targets tie up now, if not given.

    Raises
    ------
    EquipoiseError
        If the budget is no amount of money, or less than the presentation minimums cost.
    """
    now, rows = _now(situation, targets), stores_of(situation)
    gains = unit_gains(situation, rows)
    money = float(targets["target_amount"].to_numpy()[rows].sum()) if amount is None else amount
    _require_enough(money, int((gains.least * gains.price).sum()) / SMALL_MONEY)
    budget = round(money * SMALL_MONEY)
    mix = best_mix(gains, budget)
    uniform = _uniform(situation, rows, gains, budget)
    saved, uniformly = gain_of(gains, mix.units), gain_of(gains, uniform)
    # Whole units leave a little money over; should one service for all use it better, that is the answer.
    then = now.copy()
    then[rows] = mix.units if saved >= uniformly else uniform
    spent = float((uniform * gains.price).sum()) / SMALL_MONEY
    return Change(_compared(situation, targets, rows, now, then), mix, spent, uniformly, max(saved, uniformly))


def _require_enough(amount: float, least: float) -> None:
    if not 0.0 <= amount < np.inf:
        raise EquipoiseError(
            f"a budget of {amount:,.2f} is no amount of money", where="budget", remedy="Give 0 or more"
        )
    if round(amount * SMALL_MONEY) < round(least * SMALL_MONEY):
        raise EquipoiseError(
            f"a budget of {amount:,.2f} does not pay for the presentation minimums, which cost {least:,.2f}",
            where="budget",
            remedy="Give more, or lower the presentation minimums",
        )


def with_service(situation: Situation, targets: pd.DataFrame, ratio: float) -> Change:
    """Return what one cycle service for all stores would do."""
    now, rows = _now(situation, targets), stores_of(situation)
    then = now.copy()
    then[rows] = _levels(situation, rows, ratio)
    return Change(_compared(situation, targets, rows, now, then))


def unit_gains(situation: Situation, rows: Integers) -> UnitGains:
    """Return what each further unit of base stock saves per bucket.

    Unit ``s + 1`` is short with ``E(D - s)+ - E(D - s - 1)+``, the probability that demand until the next arrival
    exceeds it: it saves the shortage cost of a review cycle with that probability, and is held otherwise. The
    savings of all units add up to those of the newsvendor whose ratio is the target's.
    """
    settings = situation.settings.iloc[rows]
    demand = situation.protection.order.rows(rows)
    least = _within(settings, settings["presentation_minimum_units"].to_numpy(dtype=np.int64))
    top = _within(settings, np.ceil(demand.quantile(np.full(len(rows), HIGHEST_RATIO))).astype(np.int64))
    count = np.maximum(top - least, 0)
    owner = np.repeat(np.arange(len(rows)), count)
    unit = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count) + least[owner]
    short = _short(demand, owner, unit)
    review = np.maximum(settings["review_days"].to_numpy(dtype=np.float64) / situation.calendar.bucket.days, 1.0)
    shortage = situation.promise.shortage_cost[rows] * situation.shortage_weight / review
    holding = settings["holding_cost_per_unit_day"].to_numpy(dtype=np.float64) * situation.calendar.bucket.days
    gain = shortage[owner] * short - holding[owner] * (1.0 - short)
    price = np.maximum(np.round(settings["unit_cost"].to_numpy(dtype=np.float64) * SMALL_MONEY), 1).astype(np.int64)
    return UnitGains(owner, _falling(gain, owner), price, least)


def _short(demand: LeadTimeDemand, owner: Integers, unit: Integers) -> Reals:
    parts = [np.zeros(0)]
    for start in range(0, len(owner), CHUNK):
        each, stock = demand.rows(owner[start : start + CHUNK]), unit[start : start + CHUNK].astype(np.float64)
        parts.append(expected_excess(each, stock) - expected_excess(each, stock + 1.0))
    return np.clip(np.concatenate(parts), 0.0, 1.0)


def _falling(gain: Reals, owner: Integers) -> Reals:
    """Return gains that do not rise within an item-site: rounding must not say otherwise."""
    falling: Reals = np.asarray(pd.Series(gain).groupby(owner).cummin(), dtype=np.float64)
    return falling


def _within(settings: pd.DataFrame, units: Integers) -> Integers:
    most = settings["maximum_units"].astype("Float64").to_numpy(dtype=float, na_value=np.inf)
    return np.minimum(units, most).astype(np.int64)


def _levels(situation: Situation, rows: Integers, ratio: float) -> Integers:
    settings = situation.settings.iloc[rows]
    units = situation.protection.order.rows(rows).quantile(np.full(len(rows), ratio))
    whole = np.maximum(np.ceil(units - 0.5 - 1e-9), 0).astype(np.int64)
    return _within(settings, np.maximum(whole, settings["presentation_minimum_units"].to_numpy(dtype=np.int64)))


def _uniform(situation: Situation, rows: Integers, gains: UnitGains, budget: int) -> Integers:
    """Return the levels of the highest cycle service that all stores can have for a budget."""
    low, high, best = 0.0, HIGHEST_RATIO, gains.least
    for _ in range(20):
        middle = (low + high) / 2.0
        levels = np.maximum(_levels(situation, rows, middle), gains.least)
        if int((levels * gains.price).sum()) <= budget:
            low, best = middle, levels
        else:
            high = middle
    return best


def _now(situation: Situation, targets: pd.DataFrame) -> Integers:
    found = situation.settings[KEY].merge(targets[[*KEY, "base_stock_units"]], on=KEY, how="left")
    return found["base_stock_units"].fillna(0).to_numpy(dtype=np.int64)


def _compared(
    situation: Situation, targets: pd.DataFrame, rows: Integers, now: Integers, then: Integers
) -> pd.DataFrame:
    system = situation.system(situation.promise.shortage_cost)
    found = situation.settings.loc[rows, [*KEY, "abc_class", "unit_cost"]].reset_index(drop=True)
    found = found.merge(targets[[*KEY, "demand_mean_units"]], on=KEY, how="left")
    found = found.rename(columns={"demand_mean_units": "demand_units"})
    for name, levels in (("now", now), ("then", then)):
        expected = situation.expected(system, levels)
        found[f"{name}_units"] = levels[rows]
        found[f"{name}_cycle_service"] = expected.cycle_service[rows]
        found[f"{name}_fill_rate"] = expected.fill_rate[rows]
        missed = found["demand_units"] * (1.0 - found[f"{name}_fill_rate"])
        found[f"{name}_shortage_amount"] = missed * system.shortage[rows]
    return found


def by_class(change: Change) -> pd.DataFrame:
    """Return money, service and shortage cost by ABC class, now and then, with the total below."""
    rows = change.rows
    asked = rows["demand_units"] + 1e-9
    parts = {"abc_class": rows["abc_class"].fillna(""), "item_sites": 1, "asked": asked}
    for name in ("now", "then"):
        parts[f"{name}_amount"] = rows[f"{name}_units"] * rows["unit_cost"]
        parts[f"{name}_fill_rate"] = rows[f"{name}_fill_rate"] * asked
        parts[f"{name}_shortage_amount"] = rows[f"{name}_shortage_amount"]
    table = pd.DataFrame(parts).groupby("abc_class", sort=True).sum().reset_index()
    total = table.drop(columns="abc_class").sum().to_frame().T.assign(abc_class="all")
    table = pd.concat([table, total[table.columns]], ignore_index=True).astype({"item_sites": "int64"})
    for name in ("now", "then"):
        table[f"{name}_fill_rate"] = table[f"{name}_fill_rate"] / table["asked"]
    return table.drop(columns="asked")
