"""VN2 Inventory Planning Challenge (2025): 599 store-product series, one central warehouse.

The rules of the challenge in the words of the contract: weekly review, an order placed at the
end of week X sells from the start of week X + 3, holding 0.20 per unit left at a week's end,
1.00 per unit of lost sales, no backorders. What the files do not say is in ``Vn2Assumptions``.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from assets.feeds.importers.consignment import Consignment
from assets.feeds.importers.files import read_table, require_files
from assets.feeds.importers.report import ImportReport
from assets.feeds.landing import LandingArea
from assets.kernel.calendar import Bucket
from assets.kernel.clock import Clock
from assets.kernel.errors import EquipoiseError
from assets.kernel.home import NetworkHome
from assets.kernel.network import NetworkProfile

SALES_FILE = "Week 0 - 2024-04-08 - Sales.csv"
IN_STOCK_FILE = "Week 0 - In Stock.csv"
MASTER_FILE = "Week 0 - Master.csv"
STATE_FILE = "Week 0 - 2024-04-08 - Initial State.csv"
FILES = (SALES_FILE, IN_STOCK_FILE, MASTER_FILE, STATE_FILE)

PLAN_DATE = dt.date(2024, 4, 15)
LAST_DATE = PLAN_DATE - dt.timedelta(days=1)
CENTRAL_WAREHOUSE = "central-warehouse"
LEAD_TIME_DAYS = 14
HOLDING_COST_PER_UNIT_WEEK = 0.20
SHORTAGE_COST_PER_UNIT = 1.00
_KEY = ["Store", "Product"]


@dataclass(frozen=True)
class Vn2Assumptions:
    """What the published files leave open.

    Attributes
    ----------
    unit_cost : float
        What stock is valued at; the challenge charges nothing for units, so it cancels out.
    lateral_cost_per_unit, lateral_fixed_cost : float
        Of a transfer between two stores; the challenge knows no transfers.
    lateral_transit_days : int
        Of such a transfer: half the supply lane's.
    """

    unit_cost: float = 1.00
    lateral_cost_per_unit: float = 0.30
    lateral_fixed_cost: float = 0.0
    lateral_transit_days: int = 7


@dataclass(frozen=True)
class _Source:
    """The four files, with our ids beside the organiser's numbers."""

    master: pd.DataFrame
    sales: pd.DataFrame
    in_stock: pd.DataFrame
    state: pd.DataFrame


def import_vn2(
    directory: Path, home: NetworkHome, clock: Clock, assumptions: Vn2Assumptions | None = None
) -> ImportReport:
    """Import the VN2 files as the network ``vn2``, ready for the plan of 2024-04-15.

    Parameters
    ----------
    directory : Path
        Folder of the organiser's CSVs of week 0.
    home : NetworkHome
        Home of the network; its profile is written.
    clock : Clock
        Stamps ``landed_at``.
    assumptions : Vn2Assumptions or None
        What the files leave open; the stated defaults if ``None``.

    Raises
    ------
    EquipoiseError
        If a file is missing, unreadable, or does not tell the same series as the others.
    """
    paths = require_files(directory, FILES, data_set="VN2")
    source, assumed = _read(paths), assumptions or Vn2Assumptions()
    profile = vn2_profile()
    consignment = Consignment(LandingArea(home.landing, clock), profile, LAST_DATE)
    sites = _sites(source)
    orders, sales, stock = _purchase_orders(source), _sales(source), _inventory(source)
    consignment.send("erp.items", _items(source, assumed))
    consignment.send("erp.sites", sites)
    consignment.send("erp.suppliers", _suppliers())
    consignment.send("erp.sourcing", _sourcing(source, assumed))
    consignment.send("erp.item_site_settings", _settings(source, assumed))
    consignment.send("tms.lanes", _lanes(source, assumed))
    # The count speaks for the central warehouse too: it keeps nothing of ours.
    consignment.send("wms.inventory", stock, covers=sorted(sites["site_id"]))
    consignment.send("erp.purchase_orders", orders)
    consignment.send("demand.sales", sales, row_availability="row")
    profile.write(home.root)
    return ImportReport(
        profile,
        tuple(consignment.envelopes),
        sold_units=int(sales["sold_units"].sum()),
        on_hand_units=int(stock["on_hand_units"].sum()),
        under_way_units=int(orders["ordered_units"].sum()),
    )


def vn2_profile() -> NetworkProfile:
    """Return the profile of the VN2 network."""
    return NetworkProfile(
        name="vn2",
        title="VN2 Inventory Planning Challenge",
        timezone="UTC",
        bucket=Bucket.WEEK,
        horizon_buckets=8,
        first_plan_date=PLAN_DATE,
        declared_date=PLAN_DATE,
        currency="EUR",
        lost_sales=True,
    )


def _read(paths: dict[str, Path]) -> _Source:
    master = read_table(paths[MASTER_FILE], [*_KEY, "ProductGroup", "Department", "StoreFormat"])
    sales = read_table(paths[SALES_FILE], _KEY)
    in_stock = read_table(paths[IN_STOCK_FILE], _KEY)
    state = read_table(paths[STATE_FILE], [*_KEY, "End Inventory", "In Transit W+1", "In Transit W+2"])
    series = [_series(table) for table in (master, sales, in_stock, state)]
    weeks = [list(table.columns[2:]) for table in (sales, in_stock)]
    if any(one != series[0] for one in series) or weeks[0] != weeks[1]:
        raise EquipoiseError(
            "the files do not tell the same series and weeks",
            where=str(paths[SALES_FILE].parent),
            remedy="Fetch the published files of week 0 again, all four of one release",
        )
    _require_weeks(sales, paths[SALES_FILE])
    return _Source(*(_with_ids(table) for table in (master, sales, in_stock, state)))


def _series(table: pd.DataFrame) -> list[tuple[int, int]]:
    return sorted(zip(table["Store"], table["Product"], strict=True))


def _require_weeks(sales: pd.DataFrame, path: Path) -> None:
    weeks, last = sales.columns[2:], (PLAN_DATE - dt.timedelta(days=7)).isoformat()
    if not len(weeks) or weeks[-1] != last or sales[weeks].isna().any(axis=None):
        raise EquipoiseError(
            f"the history has gaps or does not end in the week of {last}",
            where=str(path),
            remedy="Fetch the published file of week 0 again",
        )


def _with_ids(table: pd.DataFrame) -> pd.DataFrame:
    # Zeros in front keep the numbers' order in every sorted list.
    return table.assign(
        site_id=[f"store-{number:02d}" for number in table["Store"]],
        item_id=[f"product-{number:03d}" for number in table["Product"]],
    ).sort_values(["site_id", "item_id"], ignore_index=True)


def _items(source: _Source, assumed: Vn2Assumptions) -> pd.DataFrame:
    products = source.master.drop_duplicates("item_id")
    return pd.DataFrame(
        {
            "item_id": products["item_id"],
            "description": [
                f"Product {number} of group {group}"
                for number, group in zip(products["Product"], products["ProductGroup"], strict=True)
            ],
            "category": "department-" + products["Department"].astype(str),
            "base_unit": "each",
            "unit_cost": assumed.unit_cost,
            "unit_price": assumed.unit_cost + SHORTAGE_COST_PER_UNIT,
            "weight_kg_per_unit": 0.0,
            "volume_m3_per_unit": 0.0,
            "shelf_life_days": None,
            "is_sensitive": False,
        }
    )


def _sites(source: _Source) -> pd.DataFrame:
    stores = source.master.drop_duplicates("site_id")
    warehouse = pd.DataFrame({"site_id": [CENTRAL_WAREHOUSE], "site_name": "Central warehouse", "region": "central"})
    sites = pd.DataFrame(
        {
            "site_id": stores["site_id"],
            "site_name": "Store " + stores["Store"].astype(str),
            "region": "format-" + stores["StoreFormat"].astype(str),
        }
    )
    return pd.concat([warehouse.assign(site_kind="supply_dc"), sites.assign(site_kind="store")]).assign(
        timezone="UTC", is_open=True
    )


def _suppliers() -> pd.DataFrame:
    return pd.DataFrame({"supplier_id": [CENTRAL_WAREHOUSE], "supplier_name": "Central warehouse", "country": None})


def _sourcing(source: _Source, assumed: Vn2Assumptions) -> pd.DataFrame:
    return source.master[["item_id", "site_id"]].assign(
        supplier_id=CENTRAL_WAREHOUSE,
        unit_cost=assumed.unit_cost,
        minimum_order_units=0,
        order_multiple_units=1,
        quoted_lead_time_days=LEAD_TIME_DAYS,
        minimum_order_amount=0.0,
        capacity_units_per_day=None,
    )


def _settings(source: _Source, assumed: Vn2Assumptions) -> pd.DataFrame:
    return source.master[["item_id", "site_id"]].assign(
        holding_rate_per_year=HOLDING_COST_PER_UNIT_WEEK * 365 / 7 / assumed.unit_cost,
        shortage_cost_per_unit=SHORTAGE_COST_PER_UNIT,
        service_target=np.nan,
        presentation_minimum_units=0,
        maximum_units=None,
        review_days=7,
        lifecycle="active",
    )


def _lanes(source: _Source, assumed: Vn2Assumptions) -> pd.DataFrame:
    """Link stores that share an item both ways, and tell the supply lanes.

    What comes over a supply lane is bought (see ``_sourcing``), so no transfer may use one.
    """
    pairs = source.master[["item_id", "site_id"]]
    shared = pairs.merge(pairs, on="item_id", suffixes=("_from", "_to"))
    shared = shared[shared["site_id_from"] != shared["site_id_to"]][["site_id_from", "site_id_to"]]
    lateral = shared.drop_duplicates().rename(columns={"site_id_from": "origin_id", "site_id_to": "destination_id"})
    supply = pd.DataFrame({"destination_id": sorted(pairs["site_id"].unique())})
    lanes = pd.concat(
        [
            lateral.assign(
                mode="van",
                fixed_cost_per_departure=assumed.lateral_fixed_cost,
                cost_per_unit=assumed.lateral_cost_per_unit,
                quoted_transit_days=assumed.lateral_transit_days,
                is_allowed=True,
            ),
            supply.assign(
                origin_id=CENTRAL_WAREHOUSE,
                mode="truck",
                fixed_cost_per_departure=0.0,
                cost_per_unit=0.0,
                quoted_transit_days=LEAD_TIME_DAYS,
                is_allowed=False,
            ),
        ]
    )
    return lanes.assign(cost_per_kg=0.0, cost_per_m3=0.0, capacity_kg=np.nan, departure_days=None)


def _inventory(source: _Source) -> pd.DataFrame:
    return source.state[["site_id", "item_id"]].assign(
        lot_id=source.state["item_id"],
        expiry_date=None,
        on_hand_units=source.state["End Inventory"],
        reserved_units=0,
        blocked_units=0,
    )


def _purchase_orders(source: _Source) -> pd.DataFrame:
    """Tell stock in transit as the open orders it came from.

    W+1 sells in the first week after the plan date's eve, so it is due on the plan date; W+2 a week
    later. Each was ordered one lead time before.
    """
    orders = []
    for number, column in ((0, "In Transit W+1"), (1, "In Transit W+2")):
        due = PLAN_DATE + dt.timedelta(days=7 * number)
        ordered = due - dt.timedelta(days=LEAD_TIME_DAYS)
        lines = source.state[source.state[column] > 0]
        orders.append(
            pd.DataFrame(
                {
                    "purchase_order_id": f"po-{ordered:%Y%m%d}-" + lines["site_id"],
                    "line_number": lines.groupby("site_id").cumcount() + 1,
                    "item_id": lines["item_id"],
                    "supplier_id": CENTRAL_WAREHOUSE,
                    "site_id": lines["site_id"],
                    "ordered_units": lines[column],
                    "received_units": 0,
                    "ordered_date": pd.Timestamp(ordered),
                    "promised_date": pd.Timestamp(due),
                }
            )
        )
    lines = pd.concat(orders, ignore_index=True)
    return lines.assign(received_date=None, status="open", order_reference=None)


def _sales(source: _Source) -> pd.DataFrame:
    weeks = list(source.sales.columns[2:-2])
    flags = source.in_stock[weeks].to_numpy(dtype=np.float64)
    count = len(source.sales)
    return pd.DataFrame(
        {
            "site_id": np.repeat(source.sales["site_id"].to_numpy(object), len(weeks)),
            "item_id": np.repeat(source.sales["item_id"].to_numpy(object), len(weeks)),
            "sales_date": np.tile(pd.to_datetime(weeks).to_numpy(), count),
            "sold_units": np.rint(source.sales[weeks].to_numpy(np.float64)).astype(np.int64).ravel(),
            "in_stock_share": flags.ravel(),
            "unit_price": np.nan,
            "is_promoted": False,
        }
    )
