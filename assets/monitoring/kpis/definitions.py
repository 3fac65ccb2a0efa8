"""The definition of every key figure: name, formula, grain, unit, direction and source, stated once.

The table of the package's README, the asset page, the command and the tests read it. Not here: how a
figure is computed (the ``*_figures``) or added up (``totals``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import pandas as pd

from assets.kernel.errors import EquipoiseError
from assets.kernel.frames.forecasts import QUANTILE_LEVELS
from assets.monitoring.kpis import forecast_figures as forecasts
from assets.monitoring.kpis import order_figures as orders
from assets.monitoring.kpis import promise_figures as promises
from assets.monitoring.kpis import service_figures as service
from assets.monitoring.kpis import stock_figures as stock
from assets.monitoring.kpis import supply_figures as supply
from assets.monitoring.kpis.ratio import Ratio

SHARE, RATIO, DAYS, CURRENCY = "share", "ratio", "days", "currency"
_TRANSFORM = "Czado, Gneiting and Held (2009)"


class Better(StrEnum):
    """Where a key figure should move."""

    HIGHER = "higher"
    LOWER = "lower"
    ZERO = "near 0"
    LEVEL = "near its level"
    PROMISE = "as promised"


class Facts(StrEnum):
    """The fact table whose rows a key figure is made of."""

    SERVICE = "service"
    STOCK = "stock"
    SUPPLY = "supply"
    ORDERS = "orders"
    FORECASTS = "forecasts"
    PROMISES = "promises"


GRAINS: dict[Facts, str] = {
    Facts.SERVICE: "bucket, site, segment",
    Facts.STOCK: "day, site, segment",
    Facts.SUPPLY: "day, kind, source, site, segment",
    Facts.ORDERS: "document",
    Facts.FORECASTS: "plan date, item, site",
    Facts.PROMISES: "day, site, segment",
}
"""One row of each fact table, of which both sums are made."""


@dataclass(frozen=True)
class Kpi:
    """A key figure.

    Attributes
    ----------
    name : str
        As tables and commands call it.
    formula : str
        In words.
    unit : str
        ``share`` lies between 0 and 1; ``ratio`` does not have to; ``currency`` is the network's.
    better : Better
        Where it should move.
    facts : Facts
        Rows that it is made of.
    figure : callable
        The pure function: rows to a numerator and a denominator.
    source : str
        Where the formula comes from; ``own`` where it is ours.
    level : float or None
        What a figure ``near its level`` should be.
    """

    name: str
    formula: str
    unit: str
    better: Better
    facts: Facts
    figure: Callable[[pd.DataFrame], Ratio]
    source: str
    level: float | None = None

    @property
    def grain(self) -> str:
        """One row of what it is made of."""
        return GRAINS[self.facts]


def _quantile(level: float) -> Kpi:
    name = forecasts.below_column(level)
    formula = f"outcomes below the {level:.0%} quantile of the next bucket / windows"
    return Kpi(name, formula, SHARE, Better.LEVEL, Facts.FORECASTS, forecasts.below_quantile(level), _TRANSFORM, level)


KEY_FIGURES: tuple[Kpi, ...] = (
    Kpi(
        "fill_rate", "units sold / (units sold + units estimated lost to empty shelves)",
        SHARE, Better.HIGHER, Facts.SERVICE, service.fill_rate, "Silver, Pyke and Thomas (2017), P2",
    ),
    Kpi(
        "cycle_service", "replenishment cycles without an empty shelf / cycles closed by a receipt",
        SHARE, Better.HIGHER, Facts.SERVICE, service.cycle_service, "Silver, Pyke and Thomas (2017), P1",
    ),
    Kpi(
        "stock_out_rate", "item-site buckets with the shelf empty for some time / item-site buckets known",
        SHARE, Better.LOWER, Facts.SERVICE, service.stock_out_rate, "Gruen and Corsten (2008)",
    ),
    Kpi(
        "stock_out_days", "sum of the part of each day without stock on the shelf, over item-sites",
        DAYS, Better.LOWER, Facts.SERVICE, service.stock_out_days, "own",
    ),
    Kpi(
        "on_shelf_availability", "sum of the part of each bucket with stock on the shelf / item-site buckets known",
        SHARE, Better.HIGHER, Facts.SERVICE, service.on_shelf_availability, "ECR Europe (2003)",
    ),
    Kpi(
        "lost_sales", "units estimated lost to empty shelves, at list price",
        CURRENCY, Better.LOWER, Facts.SERVICE, service.lost_sales, "own",
    ),
    Kpi(
        "ready_rate", "item-site days that end with stock / item-site days counted",
        SHARE, Better.HIGHER, Facts.STOCK, stock.ready_rate, "Silver, Pyke and Thomas (2017), P3",
    ),
    Kpi(
        "days_of_inventory", "stock / cost of sales of the same sites and days",
        DAYS, Better.LOWER, Facts.STOCK, stock.days_of_inventory, "SCOR AM.2.2",
    ),
    Kpi(
        "inventory_turns", "365 x cost of sales / stock of the same sites and days",
        "1/year", Better.HIGHER, Facts.STOCK, stock.inventory_turns, "SCOR AM.2.2, inverted",
    ),
    Kpi(
        "carrying_cost", "holding cost of the stock counted / cost of sales of the same sites and days",
        RATIO, Better.LOWER, Facts.STOCK, stock.carrying_cost, "Silver, Pyke and Thomas (2017), ch. 3",
    ),
    Kpi(
        "obsolescence", "stock past its expiry, or of items that nobody bought for 91 days / stock",
        SHARE, Better.LOWER, Facts.STOCK, stock.obsolescence, "own",
    ),
    Kpi(
        "scrap_rate", "stock scrapped / cost of sales, on days with movements",
        RATIO, Better.LOWER, Facts.STOCK, stock.scrap_rate, "own",
    ),
    Kpi(
        "otif", "lines received in full by the promised day / lines due",
        SHARE, Better.HIGHER, Facts.SUPPLY, supply.otif, "SCOR RL.1.1, of lines",
    ),
    Kpi(
        "on_time", "lines received by the promised day / lines due",
        SHARE, Better.HIGHER, Facts.SUPPLY, supply.on_time, "SCOR RL.2.2, of lines",
    ),
    Kpi(
        "in_full", "lines received in full, late or not / lines due",
        SHARE, Better.HIGHER, Facts.SUPPLY, supply.in_full, "SCOR RL.2.1, of lines",
    ),
    Kpi(
        "transfer_lead_time", "days from departure to receipt / transfer lines received",
        DAYS, Better.LOWER, Facts.SUPPLY, supply.transfer_lead_time, "own",
    ),
    Kpi(
        "purchase_lead_time", "days from order to receipt / purchase lines received",
        DAYS, Better.LOWER, Facts.SUPPLY, supply.purchase_lead_time, "SCOR RS.2.1",
    ),
    Kpi(
        "transfer_failure_rate", "transfer lines lost, or given up 60 days past their promise / transfer lines ended",
        SHARE, Better.LOWER, Facts.SUPPLY, supply.transfer_failure_rate, "own",
    ),
    Kpi(
        "transfer_cost", "trucks, freight and handling of departures / units that left",
        "currency/unit", Better.LOWER, Facts.SUPPLY, supply.transfer_cost, "own",
    ),
    Kpi(
        "lead_time_predictability", "lines received within a day of their quote / lines received that had one",
        SHARE, Better.HIGHER, Facts.SUPPLY, supply.lead_time_predictability, "own",
    ),
    Kpi(
        "lead_time_slip", "days beyond the quote / lines received that had one",
        DAYS, Better.ZERO, Facts.SUPPLY, supply.lead_time_slip, "own",
    ),
    Kpi(
        "backlog", "units past their promise / units under way, at the end of each day",
        SHARE, Better.LOWER, Facts.SUPPLY, supply.backlog, "own",
    ),
    Kpi(
        "plan_adherence", "value of documents sent as planned / value of documents planned, of dates that are over",
        SHARE, Better.HIGHER, Facts.ORDERS, orders.plan_adherence, "own",
    ),
    Kpi(
        "expedite_share", "value of expedites / value of documents planned",
        SHARE, Better.LOWER, Facts.ORDERS, orders.expedite_share, "own",
    ),
    Kpi(
        "expedite_cost", "freight and handling of expedites planned",
        CURRENCY, Better.LOWER, Facts.ORDERS, orders.expedite_cost, "own",
    ),
    Kpi(
        "manual_interventions", "documents that a person approved, changed, refused or cancelled / documents planned",
        SHARE, Better.LOWER, Facts.ORDERS, orders.manual_interventions, "own",
    ),
    Kpi(
        "decision_latency", "days from the plan date to the last approval / documents that people approved",
        DAYS, Better.LOWER, Facts.ORDERS, orders.decision_latency, "own",
    ),
    Kpi(
        "lineage_coverage",
        "documents that name plan, release, model, features, and batches all of which are known / documents planned",
        SHARE, Better.HIGHER, Facts.ORDERS, orders.lineage_coverage, "own",
    ),
    Kpi(
        "forecast_bias", "sum of (forecast - demand) / sum of demand, next bucket",
        RATIO, Better.ZERO, Facts.FORECASTS, forecasts.forecast_bias, "as in the backtest",
    ),
    Kpi(
        "wape", "sum of abs(forecast - demand) / sum of demand, next bucket, fully known",
        RATIO, Better.LOWER, Facts.FORECASTS, forecasts.wape, "Kolassa and Schütz (2007)",
    ),
    Kpi(
        "mase", "mean of abs(forecast - demand) / error of the seasonal naive forecast of the series in sample",
        RATIO, Better.LOWER, Facts.FORECASTS, forecasts.mase, "Hyndman and Koehler (2006)",
    ),
    Kpi(
        "pinball_loss", "sum of pinball losses at the decision level / sum of demand, next bucket, fully known",
        RATIO, Better.LOWER, Facts.FORECASTS, forecasts.pinball_loss, "Koenker and Bassett (1978)",
    ),
    Kpi(
        "coverage_80", "outcomes between the 10 % and the 90 % quantile of the next bucket / windows",
        SHARE, Better.LEVEL, Facts.FORECASTS, forecasts.coverage_80, _TRANSFORM, 0.8,
    ),
    *(_quantile(level) for level in QUANTILE_LEVELS),
    Kpi(
        "promised_fill_rate", "fill rate that targets expect, weighed by demand, of sites that meet demand",
        SHARE, Better.PROMISE, Facts.PROMISES, promises.promised_fill_rate, "as `fill_rate`",
    ),
    Kpi(
        "promised_cycle_service", "mean cycle service that targets expect, of sites that meet demand",
        SHARE, Better.PROMISE, Facts.PROMISES, promises.promised_cycle_service, "as `cycle_service`",
    ),
    Kpi(
        "promised_ready_rate", "mean ready rate that targets expect, of all sites",
        SHARE, Better.PROMISE, Facts.PROMISES, promises.promised_ready_rate, "as `ready_rate`",
    ),
)  # fmt: skip

PROMISED: dict[str, str] = {
    "promised_fill_rate": "fill_rate",
    "promised_cycle_service": "cycle_service",
    "promised_ready_rate": "ready_rate",
}
"""What was promised, and the key figure of what was achieved."""


def kpi_named(name: str) -> Kpi:
    """Return a key figure.

    Raises
    ------
    EquipoiseError
        If none has the name; the error lists those there are.
    """
    found = {kpi.name: kpi for kpi in KEY_FIGURES}
    if name not in found:
        raise EquipoiseError(f"no key figure is called {name!r}", where="--kpi", remedy=f"One of {', '.join(found)}")
    return found[name]
