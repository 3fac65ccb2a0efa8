"""Who supplies whom with what: every way that an item has to a site, from suppliers down the echelons.

Not here: which part of it an event takes out (``event``), and stock or demand (``exposure``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from assets.rebalancing.impact.event import Event
from assets.rebalancing.item_sites import KEY

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class SupplyGraph:
    """Item-sites and the ways between them.

    Attributes
    ----------
    nodes : DataFrame
        item_id, site_id and echelon of what is ranged, sorted by key; ``n`` rows.
    ways : DataFrame
        kind, item_id, source_id, site_id, mode, lead_days, is_lateral, ``into`` and ``from`` (rows of
        ``nodes``; -1 for a supplier); a way is lateral unless its origin stands on a higher echelon.
    """

    nodes: pd.DataFrame
    ways: pd.DataFrame

    @classmethod
    def of(
        cls, item_sites: pd.DataFrame, sites: pd.DataFrame, sourcing: pd.DataFrame, lanes: pd.DataFrame
    ) -> SupplyGraph:
        """Build the graph of a plan date.

        Parameters
        ----------
        item_sites, sites, sourcing, lanes : DataFrame
            Frames ``DIM_ITEM_SITE``, ``DIM_SITE``, ``DIM_SOURCING`` and ``DIM_LANE``.
        """
        nodes = item_sites[KEY].merge(sites[["site_id", "echelon"]], on="site_id").sort_values(KEY, ignore_index=True)
        place = nodes.assign(node=np.arange(len(nodes)))[[*KEY, "node", "echelon"]]
        ways = pd.concat([_purchases(place, sourcing), _transfers(place, lanes)], ignore_index=True)
        return cls(nodes, ways.sort_values([*KEY, "kind", "source_id", "mode"], ignore_index=True))

    def supplied(self, out: Flags) -> Flags:
        """Return which item-sites a supplier still reaches down the echelons, shape (n,).

        Parameters
        ----------
        out : bool array, one a way
            Ways that are out.
        """
        found = np.zeros(len(self.nodes), dtype=bool)
        for ways in self._by_echelon(~out & ~self._lateral):
            into, origin = self._into[ways], self._origin[ways]
            found[into[(origin < 0) | found[origin]]] = True
        return found

    def touched(self, direct: Flags, out: Flags) -> Flags:
        """Return which item-sites an event reaches: those named, and all below a way that is out, shape (n,).

        Parameters
        ----------
        direct : bool array, shape (n,)
            Item-sites that the event names.
        out : bool array, one a way
            Ways that are out.
        """
        found = direct.copy()
        found[self._into[out]] = True
        for ways in self._by_echelon(~self._lateral):
            into, origin = self._into[ways], self._origin[ways]
            found[into[(origin >= 0) & found[origin]]] = True
        return found

    def days_until_supplied(self, touched: Flags, out: Flags, *, sideways: bool) -> Floats:
        """Return the days until new supply can reach each item-site that is touched, shape (n,); infinite for never.

        A supplier that is left takes its lead time, and each site on the way the time of the way. A site that is not
        touched is supplied as ever: from there it takes the last way only.

        Parameters
        ----------
        touched : bool array, shape (n,)
            What ``touched`` returned.
        out : bool array, one a way
            Ways that are out.
        sideways : bool
            Whether lateral ways bring supply on, also from a site that is not touched and has stock only.
        """
        free = ~touched & (self.supplied(out) | sideways)
        days = np.where(free, 0.0, np.inf)
        left = ~out & touched[self._into] & (sideways | ~self._lateral)
        into, origin = self._into[left], self._origin[left]
        lead = np.maximum(0.0, self.ways["lead_days"].to_numpy(dtype=np.float64)[left])
        while True:
            shorter = days.copy()
            np.fmin.at(shorter, into, lead + np.where(origin < 0, 0.0, days[origin]))
            if (shorter == days).all():
                return days
            days = shorter

    def named(self, event: Event) -> Flags:
        """Return which item-sites an event names itself, shape (n,)."""
        column = {"site": "site_id", "item": "item_id"}.get(event.kind)
        if column is None:
            return np.zeros(len(self.nodes), dtype=bool)
        return np.asarray(self.nodes[column] == event.name)

    @property
    def _into(self) -> Ints:
        return self.ways["into"].to_numpy()

    @property
    def _origin(self) -> Ints:
        return self.ways["from"].to_numpy()

    @property
    def _lateral(self) -> Flags:
        return self.ways["is_lateral"].to_numpy()

    def _by_echelon(self, chosen: Flags) -> list[Ints]:
        """Return the chosen ways by the echelon that they end at, the highest first: none leads up."""
        echelon = self.nodes["echelon"].to_numpy()[self._into]
        return [np.flatnonzero(chosen & (echelon == level)) for level in np.unique(echelon)[::-1]]


def _purchases(place: pd.DataFrame, sourcing: pd.DataFrame) -> pd.DataFrame:
    ways = sourcing[[*KEY, "supplier_id", "quoted_lead_time_days"]].merge(place, on=KEY)
    ways = ways.rename(columns={"supplier_id": "source_id", "quoted_lead_time_days": "lead_days", "node": "into"})
    ways = ways.assign(kind="purchase", mode="supplier", is_lateral=False, **{"from": -1})
    return ways.drop(columns="echelon")


def _transfers(place: pd.DataFrame, lanes: pd.DataFrame) -> pd.DataFrame:
    lanes = lanes[["origin_id", "destination_id", "mode", "quoted_transit_days"]]
    lanes = lanes.rename(columns={"origin_id": "source_id", "destination_id": "site_id"})
    origin = place.rename(columns={"site_id": "source_id", "node": "from", "echelon": "origin_echelon"})
    ways = lanes.merge(origin, on="source_id").merge(place.rename(columns={"node": "into"}), on=KEY)
    ways = ways.rename(columns={"quoted_transit_days": "lead_days"})
    ways = ways.assign(kind="transfer", is_lateral=ways["origin_echelon"] <= ways["echelon"])
    return ways.drop(columns=["origin_echelon", "echelon"])
