"""Demand of the last stretch as it would be in the next: what drove it is taken out, what is announced put in."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from assets.kernel.frames.marts import DIM_EVENT

PLAN = pd.Timestamp("2025-06-30")


def promotion(number: int, start: int, days: int, **of: object) -> dict[str, object]:
    """A promotion from so many days after the plan."""
    begin = PLAN + pd.Timedelta(days=start)
    told = {
        "plan_date": PLAN, "event_id": f"e{number}", "event_kind": "promotion", "event_name": "promo",
        "start_date": begin, "end_date": begin + pd.Timedelta(days=days - 1),
        "available_at": pd.Timestamp("2024-01-01"),
    }  # fmt: skip
    return dict.fromkeys(DIM_EVENT.names) | told | of


@pytest.fixture(scope="module")
def made(release, rows):
    """Twelve series of 20 a day, of 40 when promoted: every third week, the last week or the next one."""
    from unit.forecasting.conftest import World

    random, day, events, parts = np.random.default_rng(5), np.arange(-147, 0), [], []
    for place in range(12):
        weeks = [week for week in range(-20, -2) if week % 3 == place % 3]
        weeks += {0: [-1], 1: [0]}.get(place % 3, [])
        promoted = np.isin(day // 7, weeks)
        units = random.poisson(np.where(promoted, 40.0, 20.0))
        censored = (day >= -7) & (day < -4) & (place == 2)
        told = rows(np.where(censored, 0, units), item=f"item-{place:02d}", censored=censored)
        parts.append(told.assign(is_promoted=promoted))
        events += [promotion(100 * place + w, 7 * w, 7, item_id=f"item-{place:02d}") for w in weeks]
    features = pd.DataFrame(
        {"item_id": [f"item-{place:02d}" for place in range(12)], "site_id": "store-0", "demand_segment": "smooth"}
    )
    menus = dict.fromkeys(release.forecast.candidates, ("HistoricAverage",))
    one = release.model_copy(update={"forecast": release.forecast.model_copy(update={"candidates": menus})})
    found = World(pd.concat(parts), features).forecast(one, events=DIM_EVENT.conform(pd.DataFrame(events)))
    return SimpleNamespace(recent=found.recent.set_index("item_id"), forecast=found.forecast)


@pytest.mark.parametrize(
    ("item", "asked", "comparable"),
    [("item-00", 280, 140), ("item-03", 280, 140), ("item-01", 140, 280), ("item-04", 140, 280), ("item-05", 140, 140)],
)
def test_a_promotion_of_one_stretch_does_not_set_it_apart_from_the_other(made, item, asked, comparable):
    assert made.recent.loc[item, "asked_units"] == pytest.approx(asked, rel=0.2)
    assert made.recent.loc[item, "comparable_units"] == pytest.approx(comparable, rel=0.2)
    assert made.recent.loc[item, "buckets"] == 7


def test_what_stock_outs_hid_is_estimated_and_counted(made):
    assert made.recent.loc["item-02", "estimated_buckets"] == 3
    assert made.recent.loc["item-02", "asked_units"] == pytest.approx(140, rel=0.2)
    assert (made.recent["estimated_buckets"] > 0).sum() == 1


def test_a_series_of_which_little_is_known_is_not_held_against_its_forecast(world, release):
    last = world.demand["bucket_start"].max() - pd.Timedelta(days=4)
    hidden = (world.demand["item_id"] == "item-5") & (world.demand["bucket_start"] >= last)
    censored = type(world)(world.demand.assign(is_censored=world.demand["is_censored"] | hidden), world.features)
    told = set(censored.forecast(release).recent["item_id"])
    assert "item-5" not in told
    assert "item-4" in told
