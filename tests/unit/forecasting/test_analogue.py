"""Cold starts: from the same item elsewhere, else its category and price band, scaled to the site."""

import numpy as np
import pandas as pd
import pytest
from forecasting_panels import weekly_panel

from assets.forecasting.analogue import forecast_from_analogues, site_profiles
from assets.forecasting.history.censoring import fill_censored
from assets.forecasting.history.panel import SeriesPanel
from assets.forecasting.history.ranged import price_bands

# Level of each item, and how much of it each site sells.
LEVELS, PROFILES = np.array([2.0, 4.0, 8.0, 16.0, 32.0, 64.0] * 4), np.array([0.5, 1.0, 1.5, 1.0])


def panel_of(hidden: np.ndarray, *, bands: np.ndarray | None = None) -> tuple[SeriesPanel, np.ndarray]:
    """A panel of 24 items at 4 sites, some series hidden; and the true level of each."""
    level = np.outer(LEVELS, PROFILES).ravel()
    units = np.random.default_rng(0).poisson(level[:, None], (len(level), 60)).astype(float)
    units[hidden] = 0
    observed = np.broadcast_to(~hidden[:, None], units.shape).copy()
    panel = weekly_panel(units, observed=observed, sites=4)
    panel.index["price_band"] = 0 if bands is None else np.repeat(bands, 4)
    return panel, level


def borrowed(panel: SeriesPanel) -> np.ndarray:
    found = forecast_from_analogues(panel, fill_censored(panel), np.arange(4))
    return found.mean.mean(axis=1)


def test_the_same_item_elsewhere_is_scaled_from_site_to_site():
    hidden = np.zeros(96, dtype=bool)
    hidden[[4, 10, 23]] = True
    panel, level = panel_of(hidden)
    assert borrowed(panel) == pytest.approx(level[hidden], rel=0.5)


def test_an_item_nobody_sold_borrows_from_its_category_in_its_price_band():
    hidden = np.zeros(96, dtype=bool)
    hidden[20:24] = True
    bands = (LEVELS >= 16).astype(int) + 1
    with_band, level = panel_of(hidden, bands=bands)
    without, _ = panel_of(hidden)
    error, plain = (np.abs(borrowed(panel) - level[hidden]).sum() for panel in (with_band, without))
    assert error < plain
    # The site that sells half as much borrows half as much.
    assert borrowed(with_band)[0] < 0.7 * borrowed(with_band)[2]


def test_a_profile_is_what_a_site_sells_of_what_others_sell_too():
    index = pd.DataFrame(
        [(f"i{item:03d}", f"s{site}", "c") for item in range(300) for site in range(4)],
        columns=["item_id", "site_id", "category"],
    )
    rate = np.tile(PROFILES, 300) * np.repeat(np.arange(1, 301), 4)
    found = site_profiles(index, rate, np.ones(len(rate), dtype=bool))
    assert found[:4] == pytest.approx(PROFILES, rel=0.2)
    few = site_profiles(index.head(4), rate[:4], np.ones(4, dtype=bool))
    assert few == pytest.approx(np.ones(4), abs=0.1)


def test_a_network_that_sold_nothing_has_profiles_of_one():
    index = pd.DataFrame({"item_id": ["a"], "site_id": ["s"], "category": ["c"]})
    assert site_profiles(index, np.zeros(1), np.zeros(1, dtype=bool)).tolist() == [1.0]


def test_an_item_without_a_price_is_in_no_band():
    items = pd.DataFrame({"category": ["a", "a"], "unit_price": [None, 3.0]})
    assert price_bands(items).tolist() == [0, 3]
    assert price_bands(items[["category"]]).tolist() == [0, 0]
