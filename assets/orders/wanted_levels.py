"""Which levels a plan wants in ERPs that replenish by themselves, and which of them have to be told.

From the published targets, for the item-sites that the plan left to their ERP. Pure. Not here: which those are
(the policy release, ``rebalancing``), the targets (``inventory``), or documents (``level_documents``).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

KEY = ["site_id", "item_id"]
HANDED_OVER, LEVELS_WAIT = "handed_over", "levels_wait"
"""Constraints by which the plan says that its release leaves an item-site to its ERP: which took levels and orders by
them, or is to be told first."""
WITHDRAWAL_WAITS = "withdrawal_waits"
"""That by which it says that the release leaves it to its ERP no more, which still orders."""
_LEVELS = ["reorder_point_units", "minimum_units", "maximum_units"]
_TOLD = ["receipt_kind", "source_id", *_LEVELS, "service_measure", "promised_service", "is_withdrawn"]
_ACTED_ON = ["receipt_kind", "source_id", *_LEVELS, "is_withdrawn"]
_FORMER = {
    "former_reorder_point_units": "reorder_point_units", "former_maximum_units": "maximum_units",
    "approved_reorder_point_units": "approved_reorder_point_units", "approved_maximum_units": "approved_maximum_units",
}  # fmt: skip
_BEFORE = {"former_source_id": "source_id", "former_mode": "receipt_kind"}
_STANDS = ["erp_orders", "is_certain", "approved_reorder_point_units", "approved_maximum_units"]
_NOTHING: dict[str, Any] = {**dict.fromkeys(_LEVELS, 0), "promised_service": 0.0, "is_withdrawn": True}
Units = NDArray[np.int64]


@dataclass(frozen=True)
class LevelTables:
    """What decides which levels are told.

    Attributes
    ----------
    decisions, targets, item_sites, sourcing : DataFrame
        As ``wanted_levels`` takes them.
    there : DataFrame
        LEVELS_THERE.
    """

    decisions: pd.DataFrame
    targets: pd.DataFrame
    item_sites: pd.DataFrame
    sourcing: pd.DataFrame
    there: pd.DataFrame

    def told(self, stopped: Collection[tuple[str, str]] = ()) -> pd.DataFrame:
        """Return what ``to_be_told`` makes of them; the ``stopped`` sites and items keep what they have too."""
        wanted = wanted_levels(self.decisions, self.targets, self.item_sites, self.sourcing)
        wanted = wanted.loc[np.array([key not in stopped for key in _keys(wanted)], dtype=bool)]
        return to_be_told(wanted, self.there, kept={*self._kept(wanted), *stopped})

    def _kept(self, wanted: pd.DataFrame) -> set[tuple[str, str]]:
        """Return the item-sites that keep what they have: held by a verdict, left out as faulty, or without a source.

        What is left to its ERP and has no levels today is not taken from it, or else nobody would order.
        """
        left = self.decisions.loc[(self.decisions["decision"] == "held") | _left_to_erps(self.decisions)]
        faulty = set(_keys(self.item_sites)) - set(_keys(self.decisions))
        return (set(_keys(left)) | faulty) - set(_keys(wanted))


def wanted_levels(
    decisions: pd.DataFrame, targets: pd.DataFrame, item_sites: pd.DataFrame, sourcing: pd.DataFrame
) -> pd.DataFrame:
    """Return the levels of every item-site that the plan left to its ERP, by site and item.

    Parameters
    ----------
    decisions : DataFrame
        DECISIONS; an item-site is left to its ERP where ``handed_over`` or ``levels_wait`` is among its constraints.
    targets, item_sites, sourcing : DataFrame
        TARGETS, DIM_ITEM_SITE and DIM_SOURCING of the plan date.

    Returns
    -------
    DataFrame
        site_id, item_id, receipt_kind, source_id, reorder_point_units, minimum_units, maximum_units,
        service_measure, promised_service, is_withdrawn. Where nothing supplies an item-site there is no row.
    """
    mine = decisions.loc[_left_to_erps(decisions), KEY]
    table = targets.loc[targets["receipt_kind"] != "none"].merge(mine, on=KEY)
    table = table.merge(item_sites[[*KEY, "presentation_minimum_units"]], on=KEY, how="left")
    lots = sourcing.rename(columns={"supplier_id": "source_id"})
    lots = lots[[*KEY, "source_id", "minimum_order_units", "order_multiple_units"]].assign(receipt_kind="purchase")
    table = table.merge(lots, on=[*KEY, "source_id", "receipt_kind"], how="left").sort_values(KEY, ignore_index=True)
    multiple = _ints(table["order_multiple_units"].fillna(1)).clip(min=1)
    lot = -(-_ints(table["minimum_order_units"].fillna(1)).clip(min=1) // multiple) * multiple
    most = np.asarray(table["maximum_units"].astype("Float64").fillna(np.inf), dtype=np.float64)
    reorder, maximum = levels(
        _ints(table["base_stock_units"]), _ints(table["reorder_point_units"]), lot, multiple, most
    )
    kept = np.maximum(_ints(table["safety_stock_units"]), _ints(table["presentation_minimum_units"].fillna(0)))
    return table.assign(
        reorder_point_units=reorder, minimum_units=np.clip(kept, 0, reorder), maximum_units=maximum, is_withdrawn=False
    )[[*KEY, *_TOLD]]


def levels(
    base_stock: Units, reorder_point: Units, lot: Units, multiple: Units, most: NDArray[np.float64]
) -> tuple[Units, Units]:
    """Return reorder points and maxima of an (s, nQ) policy that reaches the base stock in whole lots.

    An ERP orders when the position is at most ``s``, as many whole multiples as fit below the maximum ``S``. With
    ``S - s`` the least number of multiples, at least the smallest lot, for which ``S >= base stock + multiple - 1``,
    the position after an order is never below the base stock. Where the site may hold no more than ``most``, both come
    down together; where not even the smallest lot fits below it, there are no lots to snap to.

    Parameters
    ----------
    base_stock, reorder_point : int array
        Of the targets; without a base stock nothing is ordered.
    lot, multiple : int array
        Smallest lot, which is a multiple of ``multiple``.
    most : float array
        Most that the site may hold; infinite where unlimited.

    Examples
    --------
    >>> one = lambda value: np.array([value])
    >>> [int(found[0]) for found in levels(one(12), one(11), one(6), one(6), one(np.inf))]
    [11, 17]
    >>> [int(found[0]) for found in levels(one(12), one(11), one(6), one(6), one(14.0))]
    [8, 14]
    >>> [int(found[0]) for found in levels(one(3), one(0), one(2), one(2), one(3.0))]
    [0, 2]
    """
    # Rounded down, an order leaves the position up to ``multiple - 1`` below the maximum.
    short = base_stock + multiple - 1 - reorder_point
    span = np.maximum(-(-short // multiple) * multiple, lot)
    limit = np.where(np.isfinite(most), most, np.iinfo(np.int64).max // 4).astype(np.int64)
    maximum = np.minimum(reorder_point + span, limit)
    fits = maximum >= lot
    # Of a site with little room the span is as many multiples as fit.
    room = np.where(fits, np.minimum(span, maximum // multiple * multiple), 0)
    reorder = np.minimum(reorder_point, maximum - room)
    # What is left between whole multiples and the most that it may hold is never ordered.
    maximum = np.where(fits, reorder + room, maximum)
    stocked = base_stock > 0
    return np.where(stocked, np.maximum(reorder, 0), 0), np.where(stocked, maximum, 0)


def to_be_told(wanted: pd.DataFrame, there: pd.DataFrame, kept: Collection[tuple[str, str]]) -> pd.DataFrame:
    """Return the levels that have to be told: those that differ, and withdrawals of what the plan decides again.

    What is not known to stand there is told, or withdrawn, whatever it is.

    What a document of the same date carried already stays in it, so that a revision never leaves a line behind.

    Parameters
    ----------
    wanted : DataFrame
        Of ``wanted_levels``.
    there : DataFrame
        LEVELS_THERE.
    kept : collection of (str, str)
        Sites and items that keep what they have.

    Returns
    -------
    DataFrame
        The columns of ``wanted_levels``, what stood before (former_*), what a person approved last (approved_*) and
        reason, by site and item.
    """
    want, before = _by_key(wanted), _by_key(there.loc[~there["of_this_date"].astype(bool)])
    sent = _by_key(there.loc[there["of_this_date"].astype(bool)])
    rows = []
    for key in sorted({*want, *before, *sent}):
        old = before.get(key)
        stood = old if old is not None and old["erp_orders"] else None
        new = want.get(key) or (sent.get(key) if key in kept else _withdrawal(old, sent.get(key)))
        if new is None or (key not in sent and _stands(new, old)):
            continue
        former = {name: stood[level] if stood else None for name, level in _FORMER.items()}
        before_that = {name: stood[column] if stood else "" for name, column in _BEFORE.items()}
        told = {name: new[name] for name in _TOLD}
        rows.append({**dict(zip(KEY, key, strict=True)), **told, **former, **before_that,
                     "reason": _reason(key, new, stood)})  # fmt: skip
    columns = [*KEY, *_TOLD, *_FORMER, *_BEFORE, "reason"]
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(_FORMER, "Int64"))


def _stands(new: dict[str, Any], old: dict[str, Any] | None) -> bool:
    """Tell whether what is to be told is known to stand there."""
    return old is not None and bool(old["is_certain"]) and all(new[column] == old[column] for column in _ACTED_ON)


def _withdrawal(old: dict[str, Any] | None, sent: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return what is told of an item-site that is handed over no more; ``None`` where surely nothing stands there."""
    stands = old is not None and (old["erp_orders"] or not old["is_certain"])
    there = sent or (old if stands else None)
    return there and {**there, **_NOTHING}


def _reason(key: tuple[str, str], new: dict[str, Any], stood: dict[str, Any] | None) -> str:
    (site, item), was = key, ""
    if stood:
        was = f"; {stood['reorder_point_units']} and {stood['maximum_units']} before"
    if new["is_withdrawn"]:
        return f"the ERP of {site} orders {item} no more: orders for it come from the plan, or it is not ranged{was}"
    measure = str(new["service_measure"]).replace("_", " ")
    return (
        f"the ERP of {site} orders {item} from {new['source_id']} by itself: at {new['reorder_point_units']} units or "
        f"fewer, up to {new['maximum_units']}, for a {measure} of {100 * new['promised_service']:.1f} %{was}"
    )


def _by_key(table: pd.DataFrame) -> dict[tuple[str, str], dict[str, Any]]:
    columns = [name for name in (*_TOLD, *_STANDS) if name in table.columns]
    rows = [{str(name): value for name, value in row.items()} for row in table[columns].to_dict("records")]
    return dict(zip(_keys(table), rows, strict=True))


def _keys(table: pd.DataFrame) -> list[tuple[str, str]]:
    return list(table[KEY].itertuples(index=False, name=None))


def _left_to_erps(decisions: pd.DataFrame) -> NDArray[np.bool_]:
    names = [set(str(names).split(",")) for names in decisions["binding_constraints"]]
    return np.array([not found.isdisjoint({HANDED_OVER, LEVELS_WAIT}) for found in names], dtype=bool)


def _ints(values: pd.Series[Any]) -> Units:
    return values.to_numpy(dtype=np.float64).astype(np.int64)
