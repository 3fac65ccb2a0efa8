"""A network of base stocks lived day by day: many item-sites and paths at once.

Judges placements by what they cost; decides nothing. Demand is drawn from the forecast's moments, lead times from
their distributions; trucks leave on their days; a warehouse that cannot serve all serves in proportion.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from assets.inventory.settings import normal_parents
from assets.inventory.situation import Situation
from assets.inventory.stochastic_service.two_moment import EchelonSystem
from assets.kernel.network import departure_weekdays

LONGEST_DAYS = 120


@dataclass(frozen=True)
class Lived:
    """Money a day, and the share of demand that was met."""

    holding: float
    shortage: float
    fill_rate: float
    holding_by_echelon: tuple[float, ...]

    @property
    def cost(self) -> float:
        """Holding and shortage."""
        return self.holding + self.shortage


class NetworkSimulation:
    """One network, lived under any base stocks with the same luck.

    Parameters
    ----------
    situation : Situation
        Settings, sources, lead times and forecast of a plan date.
    lost_sales : bool
        Whether unmet demand is lost, or waits.
    """

    def __init__(
        self, situation: Situation, *, lost_sales: bool, paths: int, days: int, warm_up: int, seed: int
    ) -> None:
        self.lost_sales, self.paths, self.days, self.warm_up, self.seed = lost_sales, paths, days, warm_up, seed
        settings, sources = situation.settings, situation.sources
        self.system: EchelonSystem = situation.system(situation.promise.shortage_cost)
        self.parent = normal_parents(settings, sources)
        self.review = settings["review_days"].to_numpy(dtype=np.int64)
        self.served = (sources["receipt_kind"] != "none").to_numpy()
        own_mean = situation.own.mean[:, -1] / situation.own.mean.shape[1]
        self.stores = np.flatnonzero((own_mean > 0) & (self.system.echelon == 0))
        self.mean = own_mean[self.stores]
        self.variance = np.maximum(self.system.variance[self.stores], self.mean * 1.0001)
        self.departs = np.array(
            [[day + 1 in departure_weekdays(days) for day in range(7)] for days in sources["departure_days"]]
        )
        self.lead = situation.supply.days
        self.reached = np.cumsum(situation.supply.probability, axis=1)

    def live(self, base_stock: np.ndarray) -> Lived:
        """Return what base stocks cost after the warm-up."""
        rng, count = np.random.default_rng(self.seed), len(base_stock)
        shape = (self.paths, count)
        on_hand = np.tile(base_stock, (self.paths, 1)).astype(np.int64)
        coming, owed, waiting = np.zeros((3, *shape), dtype=np.int64)
        due = np.zeros((LONGEST_DAYS, *shape), dtype=np.int64)
        held, missed, asked = np.zeros(count), np.zeros(count), 0.0
        for day in range(-self.warm_up, self.days):
            arriving = due[day % LONGEST_DAYS]
            on_hand, coming = on_hand + arriving, coming - arriving
            due[day % LONGEST_DAYS] = 0
            lead, demand = self._luck(rng, shape)
            position = on_hand + coming - waiting
            self._order(day, base_stock, position, owed, coming, due, lead)
            self._ship(day, on_hand, owed, coming, due, lead)
            on_shelf = on_hand[:, self.stores]
            served = np.minimum(on_shelf, waiting[:, self.stores])
            waiting[:, self.stores] -= served
            sold = np.minimum(on_shelf - served, demand)
            on_hand[:, self.stores] = on_shelf - served - sold
            if not self.lost_sales:
                waiting[:, self.stores] += demand - sold
            if day >= 0:
                held += on_hand.mean(axis=0)
                missed[self.stores] += (demand - sold).mean(axis=0)
                asked += demand.sum() / self.paths
        return self._told(held / self.days, missed / self.days, asked / self.days)

    def _luck(self, rng: np.random.Generator, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        draw = rng.random(shape)
        place = np.minimum((draw[:, :, None] > self.reached).sum(axis=2), self.lead.shape[1] - 1)
        lead = np.maximum(self.lead[np.arange(shape[1]), place], 1)
        spread = self.variance - self.mean
        demand = rng.negative_binomial(self.mean**2 / spread, self.mean / self.variance, (self.paths, len(self.mean)))
        return np.minimum(lead, LONGEST_DAYS - 1), demand

    def _order(self, day, base_stock, position, owed, coming, due, lead) -> None:  # type: ignore[no-untyped-def]
        """Let every site that reviews today order up to its base stock, the stores first."""
        for echelon in range(int(self.system.echelon.max()) + 1):
            rows = np.flatnonzero((self.system.echelon == echelon) & (day % self.review == 0) & self.served)
            promised = self._per_parent(owed)
            wanted = np.maximum(base_stock[rows] - position[:, rows] - owed[:, rows] + promised[:, rows], 0)
            inside = self.parent[rows] >= 0
            owed[:, rows[inside]] += wanted[:, inside]
            self._send(day, rows[~inside], wanted[:, ~inside], coming, due, lead)

    def _ship(self, day, on_hand, owed, coming, due, lead) -> None:  # type: ignore[no-untyped-def]
        """Let trucks leave from the highest echelon down; what is short is shared in proportion, then by place."""
        for echelon in range(int(self.system.echelon.max()), 0, -1):
            above = np.where(self.parent >= 0, self.system.echelon[self.parent], -1)
            rows = np.flatnonzero((above == echelon) & self.departs[:, day % 7])
            wanted, up = owed[:, rows], self.parent[rows]
            everything = np.zeros_like(on_hand)
            np.add.at(everything.T, up, wanted.T)
            share = np.minimum(np.maximum(on_hand, 0) / np.maximum(everything, 1), 1.0)
            sent = np.floor(wanted * share[:, up] + 1e-9).astype(np.int64)
            gone = np.zeros_like(on_hand)
            np.add.at(gone.T, up, sent.T)
            left = np.minimum(np.maximum(on_hand, 0), everything) - gone
            place = pd.Series(up).groupby(up).cumcount().to_numpy()
            for turn in range(int(place.max(initial=-1)) + 1):
                mine = np.flatnonzero(place == turn)
                more = np.minimum(np.minimum(wanted[:, mine] - sent[:, mine], left[:, up[mine]]), 1)
                sent[:, mine] += more
                left[:, up[mine]] -= more
            owed[:, rows] -= sent
            gone[:] = 0
            np.add.at(gone.T, up, sent.T)
            on_hand -= gone
            self._send(day, rows, sent, coming, due, lead)

    def _send(self, day, rows, units, coming, due, lead) -> None:  # type: ignore[no-untyped-def]
        path, column = np.indices(units.shape)
        np.add.at(due, ((day + lead[:, rows]) % LONGEST_DAYS, path, rows[column]), units)
        coming[:, rows] += units

    def _per_parent(self, owed: np.ndarray) -> np.ndarray:
        total, rows = np.zeros_like(owed), np.flatnonzero(self.parent >= 0)
        np.add.at(total.T, self.parent[rows], owed[:, rows].T)
        return total

    def _told(self, held: np.ndarray, missed: np.ndarray, asked: float) -> Lived:
        holding = held * self.system.holding
        by_echelon = np.bincount(self.system.echelon, weights=holding)
        shortage = float((missed * self.system.shortage).sum())
        return Lived(float(holding.sum()), shortage, 1.0 - float(missed.sum()) / asked, tuple(map(float, by_echelon)))
