"""The key figures of a planned network: all of them are there, and they say what its tables say."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from assets.kernel.frames.decisions import DOCUMENTS
from assets.kernel.frames.kpis import KPI_WINDOWS, KPIS, NETWORK
from assets.kernel.frames.marts import FCT_DEMAND, FCT_INVENTORY_POSITION
from assets.kernel.frames.reports import RPT_DAILY_STOCK
from assets.kernel.published import Published
from assets.monitoring.kpis.definitions import KEY_FIGURES, SHARE, Facts
from orchestration.settings import Settings

AFTER_SEVERAL_PLANS = {"plan_adherence", "decision_latency"}
"""Figures of orders that a first plan cannot know; those of forecasts cannot either."""


@pytest.fixture(scope="module")
def published(planned_settings: Settings) -> Published:
    return Published(planned_settings.network_home().published)


@pytest.fixture(scope="module")
def plan_date(published: Published) -> dt.date:
    return published.plan_dates(KPIS.name)[-1]


@pytest.fixture(scope="module")
def network(published: Published, plan_date: dt.date) -> pd.DataFrame:
    table = published.read(KPIS, plan_date)
    return table[table["dimension"] == NETWORK].set_index(["kpi", "window_days"])


def test_a_first_plan_has_every_key_figure_that_needs_no_earlier_one(network: pd.DataFrame) -> None:
    assert set(network.index) == {(kpi.name, days) for kpi in KEY_FIGURES for days in KPI_WINDOWS}
    for kpi in KEY_FIGURES:
        value = network.loc[(kpi.name, 28), "value"]
        unknown = kpi.facts is Facts.FORECASTS or kpi.name in AFTER_SEVERAL_PLANS
        assert pd.isna(value) is unknown, f"{kpi.name} is {value}"
        assert kpi.unit != SHARE or unknown or 0.0 <= value <= 1.0, f"{kpi.name} is {value}"


def test_service_counts_the_sales_and_stock_outs_that_the_plan_knew(
    published: Published, plan_date: dt.date, network: pd.DataFrame
) -> None:
    demand = published.read(FCT_DEMAND, plan_date)
    recent = demand[demand["bucket_start"] >= pd.Timestamp(plan_date) - pd.Timedelta(days=28)]
    empty = network.loc[("stock_out_rate", 28)]
    # Item-sites that are ending or delisted are owed no service.
    assert 0.8 * len(recent) < empty["denominator"] <= len(recent)
    assert 0 < empty["numerator"] <= (recent["in_stock_share"] < 1).sum()
    assert 0.5 < network.loc[("fill_rate", 28), "value"] < 1.0


def test_the_stock_of_the_last_count_is_the_position_of_the_plan(published: Published, plan_date: dt.date) -> None:
    stock = published.read(RPT_DAILY_STOCK, plan_date)
    last = stock.loc[stock["day"] == stock["day"].max(), "stock_amount"].sum()
    positions = published.read(FCT_INVENTORY_POSITION, plan_date)
    counted = np.maximum(positions["stock_amount"], 0.0).sum()
    assert last == pytest.approx(counted)


def test_every_document_is_traced(published: Published, plan_date: dt.date, network: pd.DataFrame) -> None:
    documents = published.read(DOCUMENTS, plan_date)
    assert network.loc[("lineage_coverage", 7), ["numerator", "denominator"]].tolist() == [len(documents)] * 2
