"""How far errors of one item move together over its sites: found on average, drawn to the network where few tell."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from assets.forecasting.evaluation.calibrate import untested
from assets.forecasting.evaluation.site_correlation import ItemErrors, SiteCorrelation, site_correlation
from assets.forecasting.registry.selection import Selection

HORIZON = 3


def errors(
    correlation: dict[str, float],
    sites: int = 6,
    origins: int = 3,
    seed: int = 1,
    categories: dict[str, str] | None = None,
) -> ItemErrors:
    """Normal errors of items by the correlation of each; deviations differ from site to site and grow with horizon."""
    random = np.random.default_rng(seed)
    items = list(correlation)
    shape = (len(items), origins, sites, HORIZON)
    share = np.array(list(correlation.values()))[:, None, None, None]
    common, own = random.normal(size=(len(items), origins, 1, HORIZON)), random.normal(size=shape)
    size = np.linspace(1.0, 4.0, sites)[None, None, :, None] * np.sqrt(np.arange(1, HORIZON + 1))
    deviation = np.broadcast_to(size, shape)
    error = (np.sqrt(share) * common + np.sqrt(1 - share) * own) * deviation
    item = np.repeat(np.array(items, dtype=object), origins * sites)
    named = categories or {}
    return ItemErrors(
        error.reshape(-1, HORIZON),
        deviation.reshape(-1, HORIZON),
        item,
        np.array([named.get(name, "c") for name in item], dtype=object),
        np.tile(np.repeat(np.arange(origins), sites), len(items)),
    )


def named(correlation: float, count: int, prefix: str = "i") -> dict[str, float]:
    return {f"{prefix}{place:03d}": correlation for place in range(count)}


@pytest.mark.parametrize("correlation", [0.0, 0.2, 0.7])
def test_the_correlation_of_a_network_is_found(correlation: float) -> None:
    found = site_correlation(errors(named(correlation, 600)))
    assert found.network == pytest.approx(correlation, abs=0.04)


def test_items_of_few_origins_are_drawn_to_their_category_and_those_of_many_keep_their_own() -> None:
    truth = named(0.1, 20, "low") | named(0.8, 20, "high")
    apart = []
    for origins in (3, 60):
        found = site_correlation(errors(truth, origins=origins)).items
        high, low = (np.mean([found[name] for name in truth if name.startswith(part)]) for part in ("high", "low"))
        apart.append(high - low)
    assert 0.1 < apart[0] < apart[1]
    assert apart[1] == pytest.approx(0.7, abs=0.08)


def test_categories_that_differ_are_told_apart() -> None:
    truth = named(0.05, 60, "low") | named(0.7, 60, "high")
    found = site_correlation(errors(truth, categories={name: name[:3] for name in truth}))
    assert found.categories["low"] < 0.2 < 0.5 < found.categories["hig"]


def test_an_item_that_was_not_tested_has_its_categorys_and_one_of_no_known_category_the_networks() -> None:
    found = SiteCorrelation(0.2, {"c": 0.4}, {"i": 0.6})
    asked = pd.DataFrame({"item_id": ["i", "j", "k"], "category": ["c", "c", "other"]})
    assert found.of(asked).tolist() == [0.6, 0.4, 0.2]


def test_items_of_one_site_say_nothing() -> None:
    assert site_correlation(errors(named(0.5, 30), sites=1)) == SiteCorrelation()


def test_what_is_not_scored_and_the_order_of_rows_change_nothing() -> None:
    made = errors(named(0.4, 30), seed=3)
    hidden = np.random.default_rng(4).random(made.error.shape) < 0.3
    seen = replace(made, error=np.where(hidden, 0.0, made.error), deviation=np.where(hidden, 0.0, made.deviation))
    turned = ItemErrors(**{name: values[::-1] for name, values in vars(seen).items()})
    plain, other = site_correlation(seen), site_correlation(turned)
    assert plain.network == pytest.approx(0.4, abs=0.2)
    assert other.network == pytest.approx(plain.network)
    assert list(other.items.values()) == pytest.approx(list(plain.items.values()))


def test_it_is_never_outside_of_nothing_and_one() -> None:
    alike = errors(named(1.0, 10))
    against = replace(alike, error=alike.error * np.tile([1.0, -1.0], len(alike.error) // 2)[:, None])
    wild = replace(alike, error=alike.error * 5.0)
    for made in (against, wild):
        found = site_correlation(made)
        assert all(0.0 <= value <= 1.0 for value in (found.network, *found.categories.values(), *found.items.values()))
    assert site_correlation(wild).network == 1.0


def test_a_stored_selection_gives_it_back_to_the_bit_and_one_of_before_has_none() -> None:
    told = site_correlation(errors(named(0.3, 5)))
    made = Selection(dt.date(2026, 3, 2), "rules", (), untested(3), pd.DataFrame(), correlation=told)
    document = json.loads(json.dumps(made.document()))
    assert Selection.of_document(document, pd.DataFrame()).correlation == told
    assert Selection.of_document({**document, "correlation": None}, pd.DataFrame()).correlation == SiteCorrelation()
    assert "correlation" not in replace(made, correlation=SiteCorrelation()).document()
