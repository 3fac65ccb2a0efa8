"""Facts of a network of two days, two sites and two segments, small enough to add up by hand."""

import datetime as dt

import pandas as pd

from assets.kernel.frames.forecasts import QUANTILE_LEVELS
from assets.monitoring.kpis.definitions import Facts
from assets.monitoring.kpis.forecast_figures import BELOW_COLUMNS

PLAN_DATE = dt.date(2026, 3, 10)
YESTERDAY, BEFORE = pd.Timestamp("2026-03-09"), pd.Timestamp("2026-03-01")

_PLACES = [("s1", "0", "smooth", "one@1"), ("s2", "0", "lumpy", "one@1"), ("w1", "1", "smooth", "two@1")]


def rows(*measures: dict[str, float], day: pd.Timestamp = YESTERDAY) -> pd.DataFrame:
    """Return rows of facts, each at another place."""
    return pd.DataFrame(
        [
            {"day": day, "site_id": site, "echelon": echelon, "demand_segment": segment, "policy_release": release}
            | measure
            for (site, echelon, segment, release), measure in zip(_PLACES, measures, strict=False)
        ]
    )


def facts() -> dict[Facts, pd.DataFrame]:
    """Return facts of yesterday."""
    transfer, purchase = {"receipt_kind": "transfer"}, {"receipt_kind": "purchase"}
    return {
        Facts.SERVICE: rows(
            {"served_units": 8, "lost_units": 2.0, "lost_amount": 6.0, "closed_cycle_count": 4, "served_cycle_count": 3,
             "known_count": 5, "stocked_out_count": 1, "in_stock_buckets": 4.5, "bucket_days": 1},
            {"served_units": 10, "lost_units": 0.0, "lost_amount": 0.0, "closed_cycle_count": 1,
             "served_cycle_count": 1, "known_count": 5, "stocked_out_count": 1, "in_stock_buckets": 4.75,
             "bucket_days": 1},
        ),
        Facts.STOCK: rows(
            {"stocked_count": 3, "counted_count": 4, "stock_amount": 90.0, "cost_of_sales_amount": 10.0,
             "carrying_amount": 0.5, "obsolete_amount": 9.0, "scrapped_amount": 1.0, "moved_cost_amount": 20.0},
            {"stocked_count": 0, "counted_count": 0, "stock_amount": 0.0, "cost_of_sales_amount": 0.0,
             "carrying_amount": 0.0, "obsolete_amount": 0.0, "scrapped_amount": 0.0, "moved_cost_amount": 5.0},
            {"stocked_count": 4, "counted_count": 4, "stock_amount": 210.0, "cost_of_sales_amount": 0.0,
             "carrying_amount": 0.75, "obsolete_amount": 0.0, "scrapped_amount": 0.0, "moved_cost_amount": 0.0},
        ),
        Facts.SUPPLY: rows(
            transfer | {"due_lines": 4, "on_time_lines": 3, "in_full_lines": 4, "otif_lines": 3, "received_lines": 3,
             "lead_time_days": 6, "quoted_lines": 3, "near_quote_lines": 2, "slip_days": 3, "ended_lines": 4,
             "failed_lines": 1, "costed_units": 40, "freight_amount": 10.0, "under_way_units": 20,
             "overdue_units": 5},
            transfer | {"due_lines": 0, "on_time_lines": 0, "in_full_lines": 0, "otif_lines": 0, "received_lines": 1,
             "lead_time_days": 4, "quoted_lines": 0, "near_quote_lines": 0, "slip_days": 0, "ended_lines": 1,
             "failed_lines": 0, "costed_units": 0, "freight_amount": 0.0, "under_way_units": 0, "overdue_units": 0},
            purchase | {"due_lines": 1, "on_time_lines": 1, "in_full_lines": 0, "otif_lines": 0, "received_lines": 2,
             "lead_time_days": 10, "quoted_lines": 2, "near_quote_lines": 2, "slip_days": -1, "ended_lines": 2,
             "failed_lines": 0, "costed_units": 0, "freight_amount": 0.0, "under_way_units": 30,
             "overdue_units": 5},
        ),
        Facts.ORDERS: rows(
            {"planned_count": 1, "value_amount": 100.0, "due_amount": 100.0, "adhered_amount": 100.0,
             "expedite_amount": 0.0, "expedite_freight_amount": 0.0, "handled_count": 1, "approved_count": 1,
             "decision_days": 2, "traced_count": 1},
            {"planned_count": 1, "value_amount": 300.0, "due_amount": 300.0, "adhered_amount": 0.0,
             "expedite_amount": 300.0, "expedite_freight_amount": 12.5, "handled_count": 1, "approved_count": 1,
             "decision_days": 1, "traced_count": 1},
            {"planned_count": 1, "value_amount": 200.0, "due_amount": 0.0, "adhered_amount": 0.0,
             "expedite_amount": 0.0, "expedite_freight_amount": 0.0, "handled_count": 0, "approved_count": 0,
             "decision_days": 0, "traced_count": 0},
        ),
        Facts.FORECASTS: rows(_window(below=0.5, error=1.0, demand=4.0), _window(below=0.0, error=-3.0, demand=6.0)),
        Facts.PROMISES: rows(
            {"demand_units": 3.0, "fill_units": 2.7, "selling_count": 2, "cycle_count": 1.8, "target_count": 2,
             "ready_count": 1.9},
            {"demand_units": 1.0, "fill_units": 1.0, "selling_count": 2, "cycle_count": 2.0, "target_count": 2,
             "ready_count": 2.0},
            {"demand_units": 0.0, "fill_units": 0.0, "selling_count": 0, "cycle_count": 0.0, "target_count": 1,
             "ready_count": 0.6},
        ),
    }  # fmt: skip


def _window(*, below: float, error: float, demand: float) -> dict[str, float]:
    """Return a window whose transform lies below every level above ``below``, and half below that one."""
    shares = {
        name: 0.0 if level < below else 0.5 if level == below else 1.0
        for name, level in zip(BELOW_COLUMNS, QUANTILE_LEVELS, strict=True)
    }
    return shares | {
        "window_count": 1, "error_units": error, "demand_units": demand, "known_units": demand,
        "absolute_error_units": abs(error), "pinball_units": 0.5 * abs(error), "scaled_error": abs(error) / 2.0,
        "scaled_count": 1,
    }  # fmt: skip
