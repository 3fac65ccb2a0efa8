"""What Dagster shows of targets: numbers, tables and plots as plain values.

Not here: Dagster; the face wraps the values.
"""

from __future__ import annotations

import pandas as pd

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
