"""Every fault of the synthetic world, landed and taken in like any feed, at the feeds' gate.

Here: one fault, the verdict that it promises and nothing else. Not here: what the plan makes of
it (``test_plan_day``, three of them), and variants on hand-made tables (``test_feeds_gate_verdicts``).
"""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from assets.feeds.contract import contract
from assets.feeds.landing import LandingArea
from assets.feeds.raw import ingest, prepare
from assets.feeds.synthetic import World, WorldParameters, demo_dates, demo_profile, emit
from assets.feeds.synthetic.faults import FAULTS, fault
from quality.gate import run_gate
from quality.known import Known
from quality.profiles import profile_feeds
from quality.suite import read_suite

Found = set[tuple[str, str, str, str, str]]
Judge = Callable[..., Found]


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    """Return a function that lands the small world with faults and says what the gate finds."""
    world = World(WorldParameters.small(7))
    profile = demo_profile(world.parameters)
    start, end = demo_dates(world.parameters)

    def judged(*names: str) -> Found:
        folder: Path = tmp_path_factory.mktemp("landing")
        landing = LandingArea(folder, profile.clock)
        emit(world, landing, start, end, [fault(name) for name in names])
        plan_date = end + dt.timedelta(days=1)
        with duckdb.connect() as connection:
            prepare(connection)
            for table in contract():
                ingest(connection, table, landing, profile.calendar)
            profiles = profile_feeds(connection, Known.of(profile.calendar, plan_date))
        verdicts = run_gate(read_suite("feeds"), profiles, plan_date, None)
        rows = verdicts.loc[verdicts["action"] != "pass", ["rule", "feed", "site_id", "item_id", "action"]]
        return {(str(r), str(f), str(s), str(i), str(a)) for r, f, s, i, a in rows.itertuples(index=False, name=None)}

    return judged


@pytest.fixture(scope="module")
def usual(judge: Judge) -> Found:
    return judge()


STOCK, SALES, SITE, ITEM = "wms_inventory", "demand_sales", "store-01", "item-0001"
PROMISED: dict[str, Found] = {
    "stale_feed": {("site_stale", STOCK, SITE, "", "hold_outbound")},
    "stale_tills": {("site_sales_stale", SALES, SITE, "", "warn")},
    "missing_site": {("site_never_seen", STOCK, SITE, "", "hold")},
    "negative_stock": {("negative_stock", STOCK, SITE, ITEM, "hold")},
    "unit_error_x12": {("site_unit_jump", feed, SITE, "", "hold") for feed in (STOCK, SALES)},
    "duplicate_batch": set(),
    "schema_drift": {("count_rejected", STOCK, "", "", "hold_outbound")},
    "outliers": {("outlier", SALES, SITE, ITEM, "warn")},
    "distribution_shift": {("distribution_shift", SALES, SITE, "", "warn")},
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_synthetic_fault_ends_in_the_verdict_that_it_promises(judge: Judge, usual: Found, name: str) -> None:
    found = judge(name)
    assert found - usual == PROMISED[name]
    assert usual <= found
