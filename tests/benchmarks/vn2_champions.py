"""The VN2 challenge by the forecast of the daily plan itself: champions, calibration and paths of each week.

Only the decision ratio is that of our policy, whose constants VN2 chose (``vn2_policy``): what is
compared is the forecast.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scorecard_panels import BenchPanel
from vn2_files import Challenge
from vn2_policy import DECISION_RATIO, HORIZON, PATHS, SEED
from vn2_rules import Integers, Policy, Stock

from assets.feeds.importers.vn2 import HOLDING_COST_PER_UNIT_WEEK, SHORTAGE_COST_PER_UNIT
from assets.forecasting.forecast import forecast_demand
from assets.forecasting.history.index import KEY
from assets.forecasting.intervals import interval_calibration
from assets.forecasting.published_paths import published_paths
from assets.inventory.projected_order import projected_order
from assets.policy.release import Release

CRITICAL_RATIO = SHORTAGE_COST_PER_UNIT / (SHORTAGE_COST_PER_UNIT + HOLDING_COST_PER_UNIT_WEEK)


def champions_policy(challenge: Challenge, bench: BenchPanel, release: Release) -> Policy:
    """Return the policy that orders by what the daily plan would publish, chosen and fitted anew each week.

    Parameters
    ----------
    challenge : Challenge
        All weeks; the forecast of a week sees only those before it.
    bench : BenchPanel
        The same as a panel of the scorecard.
    release : Release
        Its menus decide at the challenge's own critical ratio.
    """
    rules = release.forecast.model_copy(update={"decision_quantile": CRITICAL_RATIO})
    decided = release.model_copy(update={"forecast": rules})

    def order(week: int, stock: Stock) -> Integers:
        paths = _paths(challenge, bench, decided, week)
        return projected_order(stock.on_hand, stock.pipeline, paths, DECISION_RATIO)

    return order


def _paths(challenge: Challenge, bench: BenchPanel, release: Release, week: int) -> Integers:
    """Return possible futures of each series of the challenge, in its order; nothing of what never sold yet."""
    plan_date = (pd.Timestamp(bench.plan_date) - pd.Timedelta(weeks=len(challenge.weeks) - week)).date()
    made = forecast_demand(
        bench.demand, bench.features(plan_date), release, bench.calendar, plan_date, HORIZON, items=bench.items
    )
    series, paths = published_paths(made.forecast, interval_calibration(made.selection, plan_date), PATHS, SEED + week)
    rows = pd.MultiIndex.from_frame(series).get_indexer(pd.MultiIndex.from_frame(bench.ranged[KEY]))
    found: Integers = np.where((rows >= 0)[:, None, None], paths[rows], 0)
    return found
