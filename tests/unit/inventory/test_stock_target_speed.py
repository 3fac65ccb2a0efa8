"""The size that the first release promises, timed; `-s` prints the seconds."""

import time

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from assets.inventory.targets import set_targets
from assets.kernel.calendar import Bucket, PlanCalendar
from assets.kernel.frames.decisions import QUANTILE_COLUMNS, QUANTILE_LEVELS

HORIZON = 14


@pytest.mark.slow
def test_4000_item_sites_have_targets_in_three_seconds(network, release, lead_time_rows):
    items, stores = [f"i{number:03d}" for number in range(500)], [f"s{number}" for number in range(7)]
    days = dict.fromkeys(range(1, 21), 1 / 20)
    big = network.with_(
        rates={("i000", "s0"): 1.0},
        settings={(item, site): {} for item in items for site in (*stores, "hub")},
        echelons={**dict.fromkeys(stores, 0), "hub": 1},
        lanes=tuple({"origin_id": "hub", "destination_id": site, "departure_days": "1,3"} for site in stores),
        sourcing=tuple({"item_id": item, "site_id": "hub"} for item in items),
        lead_times=tuple(row for site in stores for row in lead_time_rows(days, site)),
    )
    frames = big.frames()
    frames[0] = forecast_of(items, stores)
    began = time.perf_counter()
    calendar = PlanCalendar(Bucket.DAY, "UTC")
    made = set_targets(*frames, release, calendar, pd.Timestamp("2025-06-30").date())
    seconds = time.perf_counter() - began
    print(f"4,000 item-sites: {seconds:.2f} s")  # noqa: T201
    assert len(made) == 4000
    assert seconds < 3


def forecast_of(items: list[str], stores: list[str]) -> pd.DataFrame:
    pairs = pd.MultiIndex.from_product([items, stores, range(HORIZON)])
    frame = pd.DataFrame(list(pairs), columns=["item_id", "site_id", "bucket_index"])
    rate = np.random.default_rng(1).lognormal(0, 1, len(items) * len(stores)).repeat(HORIZON)
    mean = rate * (frame["bucket_index"] + 1)
    frame = frame.assign(mean_units=rate, cumulative_mean_units=mean, cumulative_std_units=np.sqrt(mean))
    quantiles = stats.poisson(mean.to_numpy()[:, None]).ppf(np.array(QUANTILE_LEVELS))
    return frame.assign(**{name: quantiles[:, place] for place, name in enumerate(QUANTILE_COLUMNS)})
