"""What other stock targets of the stores would do, shown before they act: another budget, or another service.

Costs are shortage and holding expected a bucket, of the same promise that the targets make. Warehouses keep their
targets. Not here: the market of units (``service_mix``), the targets in force (``targets``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from assets.inventory.lead_time_demand import Integers, Reals
from assets.inventory.promise import expected_service
from assets.inventory.service_mix import Mix, UnitGains, best_mix
from assets.inventory.settings import DELISTED
from assets.inventory.situation import Situation
from assets.inventory.stochastic_service.two_moment import EchelonSystem, echelon_cost
from assets.inventory.supply import KEY
from assets.kernel.errors import EquipoiseError

SMALL_MONEY = 10_000
# Beyond this quantile a unit saves too little to be looked at.
HIGHEST_RATIO = 0.999
CHUNK = 20_000
LEAST, NOW, THEN, UNIFORM = "least", "now", "then", "uniform"


@dataclass(frozen=True)
class Change:
    """Targets of stores as they are, and as they would be.

    Attributes
    ----------
    rows : DataFrame
        One row per store and item: base stock, fill rate, cycle service, expected shortage and holding cost per
        bucket, each ``now_`` and ``then_``; demand per bucket and unit cost.
    plans : dict
        By choice of base stocks (``now``, ``then``; with a budget ``least`` and ``uniform``): ``amount`` tied up,
        ``fill_rate``, and ``shortage_amount``, ``holding_amount`` and their sum ``cost_amount`` per bucket.
    mix : Mix or None
        What the budget bought.
    """

    rows: pd.DataFrame
    plans: dict[str, dict[str, float]]
    mix: Mix | None = None

    @property
    def uniform_amount(self) -> float:
        """Money that one cycle service for all ties up within the budget."""
        return self.plans[UNIFORM]["amount"]

    @property
    def uniform_gain(self) -> float:
        """What one cycle service for all saves over the least stock, per bucket."""
        return self._saved(UNIFORM)

    @property
    def mix_gain(self) -> float:
        """What the mix saves over the least stock, per bucket: the difference of two rows of ``plans``."""
        return self._saved(THEN)

    def _saved(self, name: str) -> float:
        return self.plans[LEAST]["cost_amount"] - self.plans[name]["cost_amount"]


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
    gains = unit_gains(situation, rows, now)
    money = float(targets["target_amount"].to_numpy()[rows].sum()) if amount is None else amount
    _require_enough(money, int((gains.least * gains.price).sum()) / SMALL_MONEY)
    budget = round(money * SMALL_MONEY)
    mix = best_mix(gains, budget)
    chosen = {LEAST: gains.least, NOW: now[rows], THEN: mix.units, UNIFORM: _uniform(situation, rows, gains, budget)}
    change = _change(situation, targets, rows, now, chosen, mix)
    if change.mix_gain >= change.uniform_gain:
        return change
    # Whole units leave a little money over; should one service for all use it better, that is the answer.
    return _change(situation, targets, rows, now, {**chosen, THEN: chosen[UNIFORM]}, mix)


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
    return _change(situation, targets, rows, now, {NOW: now[rows], THEN: _levels(situation, rows, ratio)})


def unit_gains(situation: Situation, rows: Integers, now: Integers) -> UnitGains:
    """Return what each further unit of base stock saves per bucket: shortage less what holding it costs.

    The difference of the costs expected with it and without it, sources owing what they owe at the base stocks
    ``now`` of all item-sites. What is missed is demand that arises in a cycle, not all that is owed at its end:
    a unit too few is missed once, and all of them save no more than all demand is worth.
    """
    settings = situation.settings.iloc[rows]
    system = situation.system(situation.promise.shortage_cost)
    owed = echelon_cost(system, now.astype(np.float64))
    least = _within(settings, settings["presentation_minimum_units"].to_numpy(dtype=np.int64))
    demand = situation.protection.order.rows(rows).quantile(np.full(len(rows), HIGHEST_RATIO))
    late = owed.owed_mean[rows] + 3.0 * np.sqrt(owed.owed_variance[rows])
    top = np.maximum(_within(settings, np.ceil(demand + late).astype(np.int64)), least)
    levels = top - least + 1
    owner = np.repeat(np.arange(len(rows)), levels)
    level = np.arange(len(owner)) - np.repeat(np.cumsum(levels) - levels, levels) + least[owner]
    cost = _expected_cost(situation, system, rows[owner], level, owed.owed_mean, owed.owed_variance)
    same = np.diff(owner) == 0
    price = np.maximum(np.round(settings["unit_cost"].to_numpy(dtype=np.float64) * SMALL_MONEY), 1).astype(np.int64)
    return UnitGains(owner[1:][same], -np.diff(cost)[same], price, least)


def _expected_cost(
    situation: Situation,
    system: EchelonSystem,
    rows: Integers,
    levels: Integers,
    owed_mean: Reals,
    owed_variance: Reals,
) -> Reals:
    """Return shortage and holding per bucket of base stocks ``levels`` at item-sites ``rows``, which may repeat."""
    parts = [np.zeros(0)]
    for start in range(0, len(rows), CHUNK):
        each, stock = rows[start : start + CHUNK], levels[start : start + CHUNK]
        cycle = situation.protection.cycle.rows(each)
        expected = expected_service(cycle, stock, owed_mean[each], owed_variance[each])
        missed = system.mean[each] * (1.0 - expected.fill_rate)
        parts.append(system.shortage[each] * missed + system.holding[each] * expected.stock)
    return np.concatenate(parts)


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


def _change(
    situation: Situation,
    targets: pd.DataFrame,
    rows: Integers,
    now: Integers,
    chosen: dict[str, Integers],
    mix: Mix | None = None,
) -> Change:
    system = situation.system(situation.promise.shortage_cost)
    found = situation.settings.loc[rows, [*KEY, "abc_class", "unit_cost"]].reset_index(drop=True)
    found = found.merge(targets[[*KEY, "demand_mean_units"]], on=KEY, how="left")
    found = found.rename(columns={"demand_mean_units": "demand_units"})
    plans = {}
    for name, units in chosen.items():
        levels = now.copy()
        levels[rows] = units
        done = _done(situation, system, rows, levels, found["demand_units"])
        plans[name] = _added_up(done, found)
        if name in (NOW, THEN):
            found = found.join(done.add_prefix(f"{name}_"))
    return Change(found, plans, mix)


def _done(
    situation: Situation, system: EchelonSystem, rows: Integers, levels: Integers, demand: pd.Series[float]
) -> pd.DataFrame:
    """Return what base stocks of all item-sites do at ``rows``."""
    expected = situation.expected(system, levels)
    missed = demand.to_numpy(dtype=np.float64) * (1.0 - expected.fill_rate[rows])
    return pd.DataFrame(
        {
            "units": levels[rows],
            "cycle_service": expected.cycle_service[rows],
            "fill_rate": expected.fill_rate[rows],
            "shortage_amount": missed * system.shortage[rows],
            "holding_amount": expected.stock[rows] * system.holding[rows],
        }
    )


def _added_up(done: pd.DataFrame, found: pd.DataFrame) -> dict[str, float]:
    asked = found["demand_units"] + 1e-9
    shortage, holding = float(done["shortage_amount"].sum()), float(done["holding_amount"].sum())
    return {
        "amount": float((done["units"] * found["unit_cost"]).sum()),
        "fill_rate": float((done["fill_rate"] * asked).sum() / asked.sum()) if len(found) else 1.0,
        "shortage_amount": shortage,
        "holding_amount": holding,
        "cost_amount": shortage + holding,
    }


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
