"""A network whose master data and stock come from Tryton is planned, and what it orders is in Tryton once.

Tryton holds no sales, lanes, sourcing terms or settings of item-sites: those are landed beside its feeds, as a user
would from other systems.
"""

import datetime as dt
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tryton_erp import prepared_erp, running_erp

from assets.feeds.landing import LandingArea
from assets.governance.approval import approve
from assets.governance.identity import owner_of
from assets.kernel.frames import feeds
from assets.kernel.frames.marts import FCT_INVENTORY_POSITION
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from assets.orders.answers import answer_one
from assets.orders.order import OrderStatus
from assets.orders.store import OrderFilter
from assets.policy.access import Identity, Role
from assets.policy.registry import PolicyRegistry
from orchestration.dispatching import dispatch_network
from orchestration.erp_feeds import land_from_tryton
from orchestration.gateways import open_gateway
from orchestration.ledger import open_ledger
from orchestration.planning import plan_day
from orchestration.settings import GatewayKind, Settings

pytestmark = pytest.mark.slow

ITEMS, SHOPS, DC, SUPPLIER = ("I1", "I2"), ("S1", "S2", "S3"), "DC1", "P1"
DAYS, RATE = 120, {"I1": 60.0, "I2": 30.0}


def beside(last: dt.date) -> dict[str, pd.DataFrame]:
    """Return what Tryton does not hold: sales of four months, lanes, sourcing terms, settings of item-sites."""
    random = np.random.default_rng(3)
    sales = [
        {"site_id": shop, "item_id": item, "sales_date": last - dt.timedelta(days=back), "in_stock_share": 1.0,
         "sold_units": int(random.poisson(RATE[item])), "unit_price": None, "is_promoted": False}
        for back in range(DAYS, -1, -1) for shop in SHOPS for item in ITEMS
    ]  # fmt: skip
    lanes = [
        {"origin_id": DC, "destination_id": shop, "mode": "truck", "fixed_cost_per_departure": 1.0, "cost_per_kg": 0.0,
         "cost_per_m3": 0.0, "cost_per_unit": 0.01, "capacity_kg": None, "departure_days": None,
         "quoted_transit_days": 1, "is_allowed": True}
        for shop in SHOPS
    ]  # fmt: skip
    sourcing = [
        {"item_id": item, "supplier_id": SUPPLIER, "site_id": DC, "unit_cost": cost, "minimum_order_units": 1,
         "order_multiple_units": 1, "quoted_lead_time_days": 4, "minimum_order_amount": 0.0,
         "capacity_units_per_day": None}
        for item, cost in zip(ITEMS, (2.0, 5.0), strict=True)
    ]  # fmt: skip
    settings = [
        {"item_id": item, "site_id": site, "holding_rate_per_year": 0.2, "shortage_cost_per_unit": 4.0,
         "service_target": None, "presentation_minimum_units": 0, "maximum_units": None, "review_days": 1,
         "lifecycle": "active"}
        for item in ITEMS for site in (DC, *SHOPS)
    ]  # fmt: skip
    rows = {
        "demand_sales": (feeds.SALES, sales), "tms_lanes": (feeds.LANES, lanes),
        "erp_sourcing": (feeds.SOURCING, sourcing), "erp_item_site_settings": (feeds.ITEM_SITE_SETTINGS, settings),
    }  # fmt: skip
    return {name: frame.conform(pd.DataFrame(found)) for name, (frame, found) in rows.items()}


def dispatch(settings: Settings) -> None:
    home = settings.network_home()
    clock = home.profile.clock
    with closing(open_ledger(settings, clock)) as store, closing(open_gateway(settings, home)) as gateway:
        dispatch_network(settings, store=store, gateway=gateway, clock=clock)


def approve_all(settings: Settings) -> None:
    """Approve what waits, as the owner of the home: nothing was ever ordered in this network."""
    home = settings.network_home()
    owner, today = Identity(owner_of(home.root).person, frozenset({Role.ADMIN})), home.profile.clock.today()
    with closing(open_ledger(settings, home.profile.clock)) as store:
        for order in store.orders(OrderFilter(status=OrderStatus.PROPOSED)):
            release, seen = PolicyRegistry().active(), order.document.content_digest
            while order.status is OrderStatus.PROPOSED:
                yes = approve(order, release, seen_digest=seen, by=owner, today=today)
                answer_one(store, order.order_id, yes)
                (order,) = store.orders(OrderFilter(order_ids=(order.order_id,)))


def test_a_day_planned_on_trytons_feeds_orders_in_tryton_once(tmp_path: Path) -> None:
    installation = prepared_erp(tmp_path / "erp", may_install=True)
    with running_erp(installation) as erp:
        settings = Settings(
            home=tmp_path / "home", network="sample", gateway=GatewayKind.TRYTON, gateway_url=erp.url,
            gateway_secret=erp.key,
        )  # fmt: skip
        home = settings.network_home()
        plan_date = dt.datetime.now(dt.UTC).date()
        before = plan_date - dt.timedelta(days=1)
        NetworkProfile(name="sample", first_plan_date=before).write(home.root)
        landed = land_from_tryton(settings, home, before)
        assert not landed.problems
        area = LandingArea(home.landing, home.profile.clock)
        assert not area.land_frames(beside(before), business_date=before, timezone="UTC").problems

        planned = plan_day(settings)
        assert planned.success, planned.error
        position = Published(home.published).read(FCT_INVENTORY_POSITION, plan_date).set_index(["site_id", "item_id"])
        told = pd.concat(
            pd.read_parquet(area.directory(one) / one.files[0]) for one in landed.landed if one.table == "inventory"
        ).set_index(["site_id", "item_id"])["on_hand_units"]
        assert position["on_hand_units"].to_dict() == told.to_dict()
        assert told.sum() > 0

        dispatch(settings)
        approve_all(settings)
        dispatch(settings)
        operator = erp.operator()
        with closing(open_ledger(settings, home.profile.clock)) as store:
            orders = store.orders(OrderFilter(network="sample"))
        assert {order.document.kind for order in orders} == {"purchase", "transfer"}
        assert operator.orders() == {order.order_id: 1 for order in orders}
        for order in orders:
            operator.accept(order.order_id)
        dispatch(settings)
        with closing(open_ledger(settings, home.profile.clock)) as store:
            for order in store.orders():
                assert order.status is OrderStatus.ACKNOWLEDGED
                assert order.receipt is not None
                assert order.receipt.accepted_units == order.document.quantity_units > 0
