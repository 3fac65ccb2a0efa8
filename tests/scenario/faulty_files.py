"""Feeds whose files are faulty: what a sender in trouble sends on one day, and a whole history at once."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from bad_networks import END, ONE_DAY, PARAMETERS, START, Planned, Rows, Said, land, landing_of, plan, typed

from assets.feeds.synthetic import World
from assets.feeds.synthetic.emission import feeds
from orchestration.settings import Settings

PAST_PLAN = END - ONE_DAY
SPOILT_DAY = PAST_PLAN - ONE_DAY
COUNT_BEFORE = SPOILT_DAY - ONE_DAY


def write_faulty_files(folder: Path, sent: dict[str, Rows]) -> None:
    """Write the tables of the spoilt day as a sender in trouble would."""
    folder.mkdir()

    def path(feed: str, suffix: str = "csv") -> Path:
        return folder / f"{feed}_{SPOILT_DAY}.{suffix}"

    path("erp_suppliers").write_bytes(b"")
    sent["erp_sourcing"].to_parquet(path("erp_sourcing", "parquet"))
    path("erp_sourcing", "parquet").write_bytes(path("erp_sourcing", "parquet").read_bytes()[:900])
    latin = sent["erp_items"].assign(description="café").to_csv(index=False)
    path("erp_items").write_bytes(latin.encode("latin-1"))
    sent["erp_item_site_settings"].drop(columns="review_days").to_csv(path("erp_item_site_settings"), index=False)
    sent["tms_lanes"].rename(columns={"mode": "vehicle"}).to_csv(path("tms_lanes"), index=False)
    moved = sent["wms_stock_movements"].assign(moved_units="a dozen")
    moved.to_csv(path("wms_stock_movements"), index=False)
    sent["unchanged"].to_csv(path("wms_inventory"), index=False)
    # One file of all sales, undated, brought in today.
    sent["demand_sales"].to_parquet(folder / "demand_sales.parquet")


@dataclass(frozen=True)
class FilesPlanned:
    """A past date, planned after faulty files and a whole history had landed."""

    landed: Said
    planned: Planned


def plan_faulty_files(settings: Settings) -> list[Said]:
    folder = settings.home.parent / "sent"
    sent: dict[str, Rows] = {}
    sales: list[Rows] = []
    filed = {"erp_suppliers", "erp_sourcing", "erp_items", "erp_item_site_settings", "tms_lanes", "wms_inventory"}
    for batch in feeds(World(PARAMETERS), START, END):
        if batch.table.name == "demand_sales":
            sales.append(batch.data)
        elif batch.business_date == SPOILT_DAY and batch.table.name in {*filed, "wms_stock_movements"}:
            sent[batch.table.name] = batch.data
        else:
            land(landing_of(settings), batch)
        if batch.table.name == "wms_inventory" and batch.business_date == COUNT_BEFORE:
            sent["unchanged"] = batch.data
    sent["demand_sales"] = pd.concat(sales, ignore_index=True)
    write_faulty_files(folder, sent)
    return [typed(settings, "land", str(folder)), plan(settings, PAST_PLAN)]
