"""The panels of the scorecard, each in the shape of the demand mart, and the segments of their series.

Not here: what is measured (``scorecard``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from vn2_files import published_files, read_challenge

from assets.feeds.importers.favorita import SALES_FILE
from assets.feeds.importers.files import require_files
from assets.feeds.synthetic.observations import sales
from assets.feeds.synthetic.parameters import WorldParameters
from assets.feeds.synthetic.world import World
from assets.forecasting.history.build_panel import build_panel
from assets.forecasting.history.origin_segments import classified
from assets.forecasting.history.panel import SeriesPanel
from assets.kernel.calendar import Bucket, PlanCalendar

Reals = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

CARPARTS_FILE = "carparts_months_01_45.csv"
# Buckets of anything else are laid on weeks that end here: a Monday.
PLAN_DATE = dt.date(2025, 6, 30)
HISTORY_BUCKETS = 364


@dataclass(frozen=True)
class BenchPanel:
    """One panel.

    Attributes
    ----------
    demand : DataFrame
        Frame ``FCT_DEMAND``.
    items : DataFrame
        ``item_id`` and ``category``.
    ranged : DataFrame
        ``item_id`` and ``site_id`` of each series.
    bucket : Bucket
        Of the demand.
    plan_date : date
        The bucket after the last one known starts here.
    horizon, origins : int
        Buckets ahead, and how often: origins are one horizon apart.
    """

    demand: pd.DataFrame
    items: pd.DataFrame
    ranged: pd.DataFrame
    bucket: Bucket
    plan_date: dt.date
    horizon: int
    origins: int

    @property
    def calendar(self) -> PlanCalendar:
        """Grid of the panel."""
        return PlanCalendar(self.bucket, "UTC")

    def panel(self) -> SeriesPanel:
        """Return all that is known, each series in the segment that it was in before the first origin."""
        panel = self._laid_out(self.plan_date)
        return replace(panel, index=self._with_segments(self.origin_date(self.origins - 1)))

    def features(self, plan_date: dt.date) -> pd.DataFrame:
        """Return the series that were sold before a date, with the segments that they were in then."""
        known = self._laid_out(plan_date)
        return self._with_segments(plan_date)[known.begins < known.length].reset_index(drop=True)

    def origin_date(self, origin: int) -> dt.date:
        """Return the first day forecast at an origin; 0 is the latest."""
        return self.plan_date - dt.timedelta(days=self.bucket.days * self.horizon * (origin + 1))

    def _with_segments(self, plan_date: dt.date) -> pd.DataFrame:
        known = self._laid_out(plan_date)
        return known.index.assign(demand_segment=classified(known))

    def _laid_out(self, plan_date: dt.date) -> SeriesPanel:
        ranged = self.ranged.merge(self.items, on="item_id").assign(demand_segment="new")
        return build_panel(self.demand, ranged, self.calendar, plan_date, HISTORY_BUCKETS)


def vn2(data: Path) -> BenchPanel:
    """Return VN2: 599 weekly series with in-stock flags."""
    challenge = read_challenge(*published_files(_folder(data, "vn2")))
    keys = challenge.series.assign(
        item_id=challenge.series["Product"].map("product-{:05d}".format),
        site_id=challenge.series["Store"].map("store-{:05d}".format),
        category=challenge.series["Department"].map("department-{}".format),
    )
    plan_date = (challenge.weeks[-1] + pd.Timedelta(days=7)).date()
    told = np.ones_like(challenge.in_stock)
    return _weekly(_demand(keys, challenge.sales, told, ~challenge.in_stock, plan_date), keys, plan_date, 4, 8)


def carparts(data: Path) -> BenchPanel:
    """Return the car parts: monthly, so that a month is laid as a week; 45 of them have no season."""
    paths = require_files(_folder(data, "carparts"), [CARPARTS_FILE], data_set="carparts")
    units = pd.read_csv(paths[CARPARTS_FILE]).T
    keys = pd.DataFrame({"item_id": [f"part-{name}" for name in units.index], "site_id": "all", "category": "parts"})
    sold = units.to_numpy(dtype=np.float64)
    told = np.isfinite(sold)
    return _weekly(_demand(keys, sold, told, np.zeros_like(told), PLAN_DATE), keys, PLAN_DATE, 3, 6)


def favorita(data: Path) -> BenchPanel:
    """Return Favorita: weekly, 288 items at 21 stores; returns count as nothing sold."""
    paths = require_files(_folder(data, "favorita_21_stores"), [SALES_FILE], data_set="Favorita")
    with np.load(paths[SALES_FILE]) as archive:
        units = next(archive[name] for name in archive.files if archive[name].ndim == 3).astype(np.float64)
    items, stores, weeks = units.shape
    names = pd.MultiIndex.from_product(
        [[f"item-{item:03d}" for item in range(items)], [f"store-{store:02d}" for store in range(stores)]]
    )
    keys = names.to_frame(index=False, name=["item_id", "site_id"]).assign(category="assorted")
    flat = units.reshape(items * stores, weeks)
    told = flat > -np.inf
    return _weekly(_demand(keys, flat, told, ~told, PLAN_DATE), keys, PLAN_DATE, 4, 6)


def synthetic(_data: Path) -> BenchPanel:
    """Return the sample network of ``equipoise demo``: daily, with stock-outs, a launch and an end now and then."""
    world = World(WorldParameters())
    first, last = world.parameters.first_date, world.parameters.last_date
    sold = sales(world, [day for day in world.history.days if first <= day.date <= last])
    demand = sold.rename(columns={"sales_date": "bucket_start"}).assign(
        demand_lower_bound_units=np.maximum(sold["sold_units"], 0),
        is_censored=sold["in_stock_share"] < 1.0,
    )
    keys = demand[["item_id", "site_id"]].drop_duplicates(ignore_index=True)
    categories = pd.Series(world.catalogue.items.category, index=world.catalogue.items.ids)
    keys["category"] = keys["item_id"].map(categories)
    return _bench(_versioned(demand), keys, Bucket.DAY, last + dt.timedelta(days=1), 14, 6)


PANELS: dict[str, Callable[[Path], BenchPanel]] = {
    "vn2": vn2,
    "carparts": carparts,
    "favorita": favorita,
    "synthetic": synthetic,
}


def _folder(data: Path, name: str) -> Path:
    """Return the panel's folder inside ``data``, or ``data`` itself where it is that folder."""
    return data / name if (data / name).is_dir() else data


def _weekly(demand: pd.DataFrame, keys: pd.DataFrame, plan_date: dt.date, horizon: int, origins: int) -> BenchPanel:
    return _bench(demand, keys, Bucket.WEEK, plan_date, horizon, origins)


def _bench(
    demand: pd.DataFrame, keys: pd.DataFrame, bucket: Bucket, plan_date: dt.date, horizon: int, origins: int
) -> BenchPanel:
    items = keys[["item_id", "category"]].drop_duplicates("item_id", ignore_index=True)
    return BenchPanel(demand, items, keys[["item_id", "site_id"]], bucket, plan_date, horizon, origins)


def _demand(keys: pd.DataFrame, units: Reals, rows: Flags, censored: Flags, plan_date: dt.date) -> pd.DataFrame:
    """Return the mart's rows of arrays (n, T) of weeks that end at the plan date."""
    row, column = np.nonzero(rows)
    starts = np.datetime64(plan_date) - np.timedelta64(7, "D") * np.arange(units.shape[1], 0, -1)
    demand = pd.DataFrame(
        {
            "item_id": keys["item_id"].to_numpy()[row],
            "site_id": keys["site_id"].to_numpy()[row],
            "bucket_start": starts.astype("datetime64[us]")[column],
            "sold_units": units[row, column],
            "demand_lower_bound_units": np.maximum(units[row, column], 0.0),
            "in_stock_share": np.where(censored[row, column], 0.0, 1.0),
            "is_censored": censored[row, column],
            "is_promoted": False,
            "unit_price": np.nan,
        }
    )
    return _versioned(demand)


def _versioned(demand: pd.DataFrame) -> pd.DataFrame:
    return demand.assign(available_at=demand["bucket_start"], batch_id="published")
