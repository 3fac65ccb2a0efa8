"""What is at stake: held item-sites by what they will be short of, lines left out by their gains, stops by the plan."""

import datetime as dt
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from unit.cli.tiny_network import rows

from assets.kernel.frames.decisions import PLAN_LINES, PLAN_SUMMARY, TARGETS
from assets.kernel.frames.forecasts import DEMAND_FORECAST, QUANTILE_COLUMNS
from assets.kernel.frames.marts import FCT_INVENTORY_POSITION, FEAT_ITEM_SITE
from assets.kernel.frames.quality import FEED_ALERTS, FORECAST_VERDICTS, VERDICTS
from assets.kernel.published import Published
from assets.monitoring.alerts import alerts_of, by_money, collect, raise_alerts
from assets.monitoring.stakes import Stakes

PLAN_DATE = dt.date(2026, 3, 2)
PRICE, SURE_DEMAND, POSITION = 10.0, 8.0, 3


def verdict(action: str, site: str, item: str, gate: str = "feeds", rule: str = "r") -> dict[str, Any]:
    return {
        "plan_date": PLAN_DATE, "gate": gate, "rule": rule, "feed": "wms_inventory", "site_id": site, "item_id": item,
        "action": action, "severity": "warning", "message": "It is wrong", "remedy": "Run `equipoise land DIR`",
    }  # fmt: skip


def verdicts(*given: dict[str, Any]) -> pd.DataFrame:
    return rows(VERDICTS, *given)


@pytest.fixture
def published(tmp_path: Path) -> Published:
    """Two stores and the warehouse that serves them; each is to sell 8 and has 3, at 10 a unit short."""
    made = Published(tmp_path)
    places = [("I1", "S1", "W1"), ("I1", "S2", "W1"), ("I2", "S1", "W1"), ("I1", "W1", "SUP")]
    known = dict.fromkeys(QUANTILE_COLUMNS, SURE_DEMAND)
    tables = {
        TARGETS: [
            {"source_id": source, "protection_buckets": 2, "shortage_cost_per_unit": PRICE} for *_, source in places
        ],
        FCT_INVENTORY_POSITION: [{"position_units": POSITION} for _ in places],
        DEMAND_FORECAST: [{"bucket_index": 1, **known} for _ in places],
        FEAT_ITEM_SITE: [{"mean_units_per_bucket": 2.0} for _ in places],
    }
    for frame, given in tables.items():
        keyed = [
            {"plan_date": PLAN_DATE, "item_id": item, "site_id": site, **row}
            for (item, site, _), row in zip(places, given, strict=True)
        ]
        made.write(frame, rows(frame, *keyed), PLAN_DATE, "run")
    line = {"kind": "transfer", "item_id": "I1", "origin_id": "W1", "mode": "truck", "plan_date": PLAN_DATE}
    gains = [
        {**line, "destination_id": "S1", "gain_amount": 40.0},
        {**line, "destination_id": "S2", "gain_amount": 7.0},
    ]
    made.write(PLAN_LINES, rows(PLAN_LINES, *gains), PLAN_DATE, "run")
    return made


ONE_SHORT = (SURE_DEMAND - POSITION) * PRICE


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([verdict("hold", "S1", "I1")], ONE_SHORT),
        ([verdict("hold", "S1", "")], 2 * ONE_SHORT),
        ([verdict("hold", "", "I1")], 3 * ONE_SHORT),
        ([verdict("hold", "S1", ""), verdict("hold", "S1", "I1")], 2 * ONE_SHORT),
        ([verdict("hold_outbound", "W1", "")], 3 * ONE_SHORT),
        ([verdict("hold_outbound", "S1", "")], 0.0),
        ([verdict("hold", "S1", "I1", gate="plan")], 40.0),
        ([verdict("hold", "W1", "I1", gate="plan")], 47.0),
        ([verdict("hold", "S1", "I1", gate="forecasts")], (2 * 2.0 - POSITION) * PRICE),
        ([verdict("warn", "S1", "I1")], 0.0),
        ([verdict("stop", "", "")], 0.0),
    ],
)
def test_what_is_held_is_worth_what_will_be_short_or_stays_behind(
    published: Published, given: list[dict[str, Any]], expected: float
) -> None:
    assert Stakes(published, PLAN_DATE).of(verdicts(*given)) == pytest.approx(expected)


def test_nothing_known_is_nothing_at_stake(tmp_path: Path) -> None:
    stakes = Stakes(Published(tmp_path), PLAN_DATE)
    held = [verdict("hold", "S1", ""), verdict("hold", "S2", "", gate="plan"), verdict("hold_outbound", "W1", "")]
    assert stakes.of(verdicts(*held)) == 0.0


def summary(published: Published, day: dt.date, saved: float) -> None:
    policies = [{"policy": "joint_plan", "cost_amount": 100.0}, {"policy": "do_nothing", "cost_amount": 100.0 + saved}]
    given = [{"plan_date": day, **policy} for policy in policies]
    published.write(PLAN_SUMMARY, rows(PLAN_SUMMARY, *given), day, "run")


def test_a_stop_is_worth_what_the_last_plan_saved(published: Published) -> None:
    summary(published, PLAN_DATE - dt.timedelta(days=2), 5.0)
    summary(published, PLAN_DATE - dt.timedelta(days=1), 25.0)
    summary(published, PLAN_DATE + dt.timedelta(days=1), 99.0)
    assert Stakes(published, PLAN_DATE).of(verdicts(verdict("stop", "", ""))) == 25.0


def test_a_stop_of_the_feeds_is_priced_when_it_is_read(published: Published) -> None:
    summary(published, PLAN_DATE - dt.timedelta(days=1), 25.0)
    stop = raise_alerts([verdicts(verdict("stop", "", ""))], PLAN_DATE)
    assert stop["stake_amount"].tolist() == [0.0]
    published.write(FEED_ALERTS, stop, PLAN_DATE, "run")
    assert collect(published, PLAN_DATE)["stake_amount"].tolist() == [25.0]


def test_alerts_come_stops_first_and_then_by_money(published: Published) -> None:
    held = [
        verdict("hold", "S1", "", rule="b"),
        verdict("hold", "S2", "", rule="c"),
        verdict("warn", "S2", "", rule="a"),
    ]
    published.write(VERDICTS, verdicts(*held), PLAN_DATE, "run")
    stop = verdict("stop", "", "", gate="forecasts", rule="z")
    published.write(FORECAST_VERDICTS, rows(FORECAST_VERDICTS, stop), PLAN_DATE, "run")
    ranked = by_money(alerts_of(published, PLAN_DATE))
    assert ranked["rule"].tolist() == ["z", "b", "c", "a"]
    assert ranked["stake_amount"].tolist() == [0.0, 2 * ONE_SHORT, ONE_SHORT, 0.0]
    assert ranked["owner"].tolist() == [
        "warehouse-operations",
        *["warehouse-operations at " + s for s in ("S1", "S2", "S2")],
    ]
