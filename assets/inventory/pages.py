"""What Dagster shows of targets: numbers, tables and plots as plain values.

Not here: Dagster; the face wraps the values.
"""

from __future__ import annotations

import pandas as pd

from assets.inventory.target_service import service_by_echelon
from assets.kernel.figures import blank_figure, png_bytes
from assets.kernel.page import Page, Plot

LARGEST_SHOWN = 10


def targets_page(targets: pd.DataFrame) -> Page:
    """Return what the targets are worth, what the promises came from, and the largest ones."""
    shown = ["item_id", "site_id", "base_stock_units", "safety_stock_units", "critical_ratio", "target_amount"]
    order = ["target_amount", "item_id", "site_id"]
    largest = targets.sort_values(order, ascending=[False, True, True]).head(LARGEST_SHOWN)
    page: Page = {
        "item_sites": len(targets),
        "target_amount": round(float(targets["target_amount"].sum()), 2),
        "base_stock_units": int(targets["base_stock_units"].sum()),
        "safety_stock_units": int(targets["safety_stock_units"].sum()),
        "without_a_source": int((targets["receipt_kind"] == "none").sum()),
        "promises_by_service": int((targets["critical_ratio_source"] == "service").sum()),
        "by_echelon": _by_echelon(targets),
        "largest_targets": largest[shown].round(4),
    }
    if len(targets):
        page["protection_and_promise"] = promise_chart(targets)
    return page


def placement_page(placement: pd.DataFrame) -> Page:
    """Return what each answer is expected to cost a bucket, and which answers were taken by echelon."""
    costs = ["local_cost_amount", "guaranteed_cost_amount", "placed_cost_amount"]
    groups = placement.groupby(["echelon", "placement"], sort=True)
    table = groups[costs].sum().round(2).assign(item_sites=groups.size(), mean_factor=groups["safety_factor"].mean())
    return {
        "week_start": str(placement["week_start"].min().date()) if len(placement) else "",
        **{f"{name}_a_bucket": round(float(placement[name].sum()), 2) for name in costs},
        "by_echelon": table.round(3).reset_index(),
    }


def service_page(service: pd.DataFrame) -> Page:
    """Return service, stock and money by echelon, and the stores' segments that hold most money."""
    shown = ["abc_class", "demand_segment", "item_sites", "promised_service", "fill_rate", "stock_amount"]
    order = ["stock_amount", "abc_class", "demand_segment"]
    stores = service[service["echelon"] == 0].sort_values(order, ascending=[False, True, True])
    return {
        "stock_amount": round(float(service["stock_amount"].sum()), 2),
        "by_echelon": service_by_echelon(service),
        "largest_segments": stores[shown].head(LARGEST_SHOWN).round(4),
    }


def protection_page(protection: pd.DataFrame) -> Page:
    """Return when orders placed now arrive, and what they must meet then."""
    shown = ["item_id", "site_id", "first_bucket", "last_bucket", "mean_units", "std_units", "q80_units", "q95_units"]
    order = ["mean_units", "item_id", "site_id"]
    largest = protection.sort_values(order, ascending=[False, True, True]).head(LARGEST_SHOWN)
    return {
        "item_sites": len(protection),
        "mean_units": round(float(protection["mean_units"].sum()), 2),
        "largest_demands": largest[shown].round(2),
        "by_first_bucket": protection.groupby("first_bucket").size().rename("item_sites").reset_index(),
    }


def promise_chart(targets: pd.DataFrame) -> Plot:
    """Return a PNG: how long stock must last, and which quantile of demand it covers."""
    figure = blank_figure(height_in=3.2)
    left, right = figure.subplots(1, 2)
    left.hist(targets["protection_buckets"], bins=20, color="#0284c7")
    left.set_title("Protection interval (buckets)")
    right.hist(targets["critical_ratio"], bins=20, color="#0284c7")
    right.set_title("Critical ratio")
    left.set_ylabel("item-sites")
    return png_bytes(figure)


def _by_echelon(targets: pd.DataFrame) -> pd.DataFrame:
    groups = targets.groupby("echelon", sort=True)
    table = groups[["base_stock_units", "safety_stock_units", "protection_units", "target_amount"]].sum()
    return table.assign(item_sites=groups.size()).reset_index().round(2)
