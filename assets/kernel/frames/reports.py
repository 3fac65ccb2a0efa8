"""Frames of the dbt reports: what happened, a day, a site and a demand segment a row.

Their measures add up over rows, so that a ratio of sums is right for any group and window. Each slice looks back
over two of the longest windows of key figures, as it is known at its plan date's cutoff. Not here: ratios.
"""

from __future__ import annotations

from assets.kernel.frames.schema import Column, Frame, date, integer, money, real, text

_PLAN_DATE = date("plan_date", "Plan that looked back.")
_SITE = text("site_id", "Site.")
_SEGMENT = text("demand_segment", "Segment of the item-sites at the plan date; none where the item is not ranged.")


def _count(name: str, description: str) -> Column:
    return integer(name, description, minimum=0)


def _units(name: str, description: str) -> Column:
    return integer(name, description, unit="base units")


RPT_DAILY_SERVICE = Frame(
    "rpt_daily_service",
    "One row per plan date, bucket, site that meets demand and segment of demand. Counts are of item-sites that are "
    "new or active.",
    (
        _PLAN_DATE,
        date("day", "First day of the planning bucket."),
        _SITE,
        _SEGMENT,
        _count("known_count", "Item-sites whose bucket is known."),
        _count("stocked_out_count", "Of these, item-sites whose shelf was empty for some of the bucket."),
        real("in_stock_buckets", "Sum of the share of the bucket with stock on the shelf.", minimum=0),
        _units("served_units", "Sum of units sold, returns aside."),
        _count("closed_cycle_count", "Replenishment cycles that a receipt of the bucket closed."),
        _count("served_cycle_count", "Of these, cycles without an empty shelf."),
        money("cost_of_sales_amount", "Net units sold of all items, delisted ones too, at standard cost."),
    ),
    ("plan_date", "day", "site_id", "demand_segment"),
)
RPT_DAILY_STOCK = Frame(
    "rpt_daily_stock",
    "One row per plan date, day, site and segment of demand, of days on which the site was counted or told its "
    "movements. A day without a count has no stock and no sales beside it.",
    (
        _PLAN_DATE,
        date("day", "Business date."),
        _SITE,
        _SEGMENT,
        _count("counted_count", "New and active item-sites that a count of the day speaks for."),
        _count("stocked_count", "Of these, item-sites with stock at the end of the day."),
        integer("on_hand_units", "Counted; a negative count is none.", unit="base units", minimum=0),
        money("stock_amount", "Counted, at standard cost."),
        money("obsolete_amount", "Of that, lots past their expiry, and items that nobody bought for 91 days."),
        real("carrying_amount", "Holding cost of the day of what was counted.", unit="currency"),
        real("cost_of_sales_amount", "Cost of what the site sold, on days with a count.", unit="currency"),
        money("scrapped_amount", "Scrapped that day, at standard cost."),
        real("moved_cost_amount", "Cost of what the site sold, on days with movements.", unit="currency"),
    ),
    ("plan_date", "day", "site_id", "demand_segment"),
)
RPT_DAILY_SUPPLY = Frame(
    "rpt_daily_supply",
    "One row per plan date, day, kind, source, receiving site and segment of demand: lines that fell due, came in, "
    "left, ended or were under way that day. Each column has its own day; do not divide what does not share it.",
    (
        _PLAN_DATE,
        date("day", "The day that a column speaks of."),
        text("receipt_kind", "purchase or transfer."),
        text("source_id", "Supplier or origin site."),
        _SITE,
        _SEGMENT,
        _count("due_lines", "Lines promised for the day, cancelled ones aside."),
        _count("on_time_lines", "Of these, received by then."),
        _count("in_full_lines", "Of these, received in full, late or not."),
        _count("otif_lines", "Of these, received in full and by then."),
        _count("received_lines", "Lines received on the day."),
        _count("lead_time_days", "Their days from order or departure to receipt, added up."),
        _count("quoted_lines", "Of these, lines with a quote."),
        _count("near_quote_lines", "Of these, received within a day of it."),
        integer("slip_days", "Their days beyond the quote, added up; early ones count below 0.", unit="days"),
        _count("ended_lines", "Lines received, told lost or given up on the day."),
        _count("failed_lines", "Of these, lines told lost, or given up 60 days past their promise."),
        _units("costed_units", "Units that left on the day by a lane whose price is known."),
        real("freight_amount", "What their departures cost: trucks, weight, volume and handling.", unit="currency"),
        _units("under_way_units", "Units under way to the site at the end of the day."),
        _units("overdue_units", "Of these, units past their promise."),
    ),
    ("plan_date", "day", "receipt_kind", "source_id", "site_id", "demand_segment"),
)
RPT_NAIVE_ERROR = Frame(
    "rpt_naive_error",
    "One row per plan date, item and site whose demand is known in two buckets a season apart: the error of the "
    "seasonal naive forecast of the last half year.",
    (
        _PLAN_DATE,
        text("item_id", "Item."),
        _SITE,
        integer("compared_buckets", "Buckets compared with the one a week of days, or a bucket, before.", minimum=1),
        _units("absolute_error_units", "Sum of absolute differences."),
    ),
    ("plan_date", "item_id", "site_id"),
)
REPORTS: tuple[Frame, ...] = (RPT_DAILY_SERVICE, RPT_DAILY_STOCK, RPT_DAILY_SUPPLY, RPT_NAIVE_ERROR)
