"""What a day issues counts in the next day's plan once: by the ledger's word, then by the feed that shows it."""

import dataclasses
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from networks import SEED, copied

from assets.feeds.contract import feed_table
from assets.feeds.envelope import batch_available_at
from assets.feeds.landing import LandingArea
from assets.feeds.raw import ingest
from assets.feeds.synthetic import World, WorldParameters
from assets.kernel.calendar import AsKnown
from assets.kernel.frames.marts import FCT_INVENTORY_POSITION, FCT_OPEN_ORDER, FCT_SCHEDULED_RECEIPT
from assets.kernel.home import NetworkHome
from assets.kernel.published import Published
from assets.kernel.warehouse import Warehouse
from assets.orders.availability import availability
from assets.orders.commitments import land_commitments, shown_orders
from assets.orders.decide import decide
from assets.orders.events import BeginSend, Command, Confirm, Errand, Issue, Require, Reserve
from assets.orders.order import Order
from assets.orders.receipts import Answer, Receipt
from assets.orders.store import Append, OrderFilter, OrderStore, require_order
from orchestration.ledger import open_ledger
from orchestration.planning import plan_day
from orchestration.settings import Settings

KEY = ["item_id", "site_id"]
SHIPMENTS = feed_table("tms", "shipments")
ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Morrow:
    """The morning after a day on which transfers were issued.

    Attributes
    ----------
    settings : Settings
        The network.
    day : date
        On which they were.
    issued : tuple of Order
        Those transfers.
    """

    settings: Settings
    day: dt.date
    issued: tuple[Order, ...]

    @property
    def home(self) -> NetworkHome:
        return self.settings.network_home()

    def plan(self) -> None:
        run = plan_day(self.settings, self.day + ONE_DAY)
        assert run.success, f"{run.failed_step}: {run.error}"

    def read(self, frame: object) -> pd.DataFrame:
        return Published(self.home.published).read(frame, self.day + ONE_DAY)  # type: ignore[arg-type]

    @property
    def lines(self) -> pd.DataFrame:
        """Item, origin, destination and units of what was issued."""
        rows = [
            (order.order_id, line.item_id, order.document.origin_id, order.document.destination_id, line.quantity_units)
            for order in self.issued
            for line in order.document.lines
        ]
        return pd.DataFrame(rows, columns=["order_id", "item_id", "origin_id", "destination_id", "units"])

    def to(self, end: str) -> "pd.Series[int]":
        """Return units issued by item and site at one end."""
        return self.lines.rename(columns={end: "site_id"}).groupby(KEY)["units"].sum()


def sent(store: OrderStore, order: Order, until: dt.date) -> Order:
    taken_in = Receipt(order.order_id, order.revision, Answer.PENDING, ())
    steps: tuple[Command, ...] = (
        Require(0, (), until), Reserve((), until), Issue("rule", "memory", order.order_id),
        BeginSend(Errand.SUBMIT, "host-1", dt.datetime.combine(until, dt.time(), dt.UTC)), Confirm(taken_in, "submit"),
    )  # fmt: skip
    for command in steps:
        stands = require_order(store, order.order_id)
        events = decide(stands, command)
        store.append([Append(stands.order_id, stands.version, events)])
    return require_order(store, order.order_id)


def land_the_day(home: NetworkHome, day: dt.date) -> None:
    """Land what the sample world sends of one more day."""
    world = World(dataclasses.replace(WorldParameters.small(SEED), last_date=day))
    landing = LandingArea(home.landing, home.profile.clock)
    for batch in world.feeds(day, day):
        if batch.business_date == day:
            known = batch_available_at(batch.table, day, home.profile.timezone)
            landing.land_frame(batch.table, batch.data, day, available_at=known)


@pytest.fixture(scope="module")
def morrow(planned_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Morrow]:
    """Return the network on the day after, planned, with the transfers of the day before issued and landed."""
    settings = copied(planned_settings, tmp_path_factory.mktemp("morrow"))
    home = settings.network_home()
    day = home.profile.clock.today()
    store = open_ledger(settings, home.profile.clock)
    planned = store.orders(OrderFilter(network=home.profile.name, plan_date=day))
    issued = [sent(store, order, day + ONE_DAY) for order in planned if order.document.kind != "purchase"]
    assert len(issued) > 1
    assert land_commitments(store, LandingArea(home.landing, home.profile.clock), home.profile, home.profile.clock)
    land_the_day(home, day)
    home.profile.model_copy(update={"declared_date": day + ONE_DAY}).write(home.root)
    made = Morrow(settings, day, tuple(issued))
    made.plan()
    return made


def told_under_way(home: NetworkHome, plan_date: dt.date) -> "pd.Series[int]":
    """Return the units that the TMS itself says are in transit before a date, by item and destination."""
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        found = connection.execute(
            "select item_id, destination_id as site_id, sum(shipped_units)::bigint as units from ("
            "select * from raw.tms_shipments where departed_date < $1 qualify row_number() over ("
            "partition by shipment_id, line_number order by _available_at desc, _business_date desc) = 1"
            ") where status = 'in_transit' or arrived_date >= $1 group by all",
            [plan_date],
        ).df()
    return found.set_index(KEY)["units"]


def in_transit(morrow: Morrow) -> "pd.Series[int]":
    return morrow.read(FCT_INVENTORY_POSITION).set_index(KEY)["in_transit_units"]


def test_what_was_issued_is_on_its_way_once_to_where_it_goes(morrow: Morrow) -> None:
    told, position = told_under_way(morrow.home, morrow.day + ONE_DAY), in_transit(morrow)
    expected = told.reindex(position.index, fill_value=0) + morrow.to("destination_id").reindex(
        position.index, fill_value=0
    )
    assert (position == expected).all()
    receipts = morrow.read(FCT_SCHEDULED_RECEIPT)
    transfers = receipts.loc[receipts["receipt_kind"] == "transfer"].groupby(KEY)["receipt_units"].sum()
    assert transfers.to_dict() == expected[expected > 0].to_dict()


def test_what_was_issued_is_no_more_available_where_it_comes_from(morrow: Morrow) -> None:
    position = morrow.read(FCT_INVENTORY_POSITION).set_index(KEY)
    leaving = morrow.to("origin_id").reindex(position.index, fill_value=0)
    aside = position["reserved_units"] + position["blocked_units"] + position["expiring_units"]
    assert (position["available_units"] == (position["on_hand_units"] - aside - leaving).clip(lower=0)).all()
    assert (leaving > 0).any()


def test_what_was_issued_is_an_open_order_from_its_departure_on_and_named_behind_the_position(morrow: Morrow) -> None:
    ours = morrow.read(FCT_OPEN_ORDER)
    ours = ours.loc[ours["observation_id"].str.startswith("transfer/ledger/")]
    departed = [line for order in morrow.issued for line in order.document.lines if line.departure_date <= morrow.day]
    assert ours["open_units"].sum() == sum(line.quantity_units for line in departed)
    (batch,) = LandingArea(morrow.home.landing, morrow.home.profile.clock).batches(feed_table("ledger", "commitments"))
    position = morrow.read(FCT_INVENTORY_POSITION).set_index(KEY)
    for end in ("origin_id", "destination_id"):
        places = position.index.intersection(morrow.to(end).index)
        assert position.loc[places, "batch_ids"].str.contains(batch.batch_id).all()


def test_reservations_do_not_take_what_the_position_has_taken_out(morrow: Morrow) -> None:
    published, plan_date = Published(morrow.home.published), morrow.day + ONE_DAY
    shown = shown_orders(published, plan_date)
    assert shown.keys() == {order.order_id for order in morrow.issued}
    assert sum(sum(units.values()) for units in shown.values()) == sum(
        line.quantity_units for order in morrow.issued for line in order.document.lines
    )
    assert availability(published, morrow.home.profile.name, plan_date, shown).guard.shown == shown


def test_the_day_itself_planned_again_does_not_know_of_them(morrow: Morrow) -> None:
    landing = LandingArea(morrow.home.landing, morrow.home.profile.clock)
    (batch,) = landing.batches(feed_table("ledger", "commitments"))
    assert batch.business_date == morrow.day
    assert batch.available_at <= morrow.home.profile.calendar.cutoff(morrow.day + ONE_DAY, AsKnown.THEN)
    assert shown_orders(Published(morrow.home.published), morrow.day) == {}


def supply(home: NetworkHome) -> pd.DataFrame:
    """Return transfers under way by item, destination and origin, and what of them only the ledger knows of.

    The views of the last plan: what it would have counted, had it known of what has landed since.
    """
    with Warehouse(home.warehouse).connect() as connection:
        ingest(connection, SHIPMENTS, LandingArea(home.landing, home.profile.clock), home.profile.calendar)
        return connection.execute(
            "select item_id, site_id, source_id, sum(open_units)::bigint as units,"
            " sum(if(is_commitment, open_units, 0))::bigint as promised_units"
            " from intermediate.int_supply where receipt_kind = 'transfer' group by all order by all"
        ).df()


def test_a_shipment_that_names_the_order_counts_in_its_place(morrow: Morrow, tmp_path: Path) -> None:
    home = copied(morrow.settings, tmp_path).network_home()
    before, order = supply(home), morrow.issued[0]
    rows = [
        {
            "shipment_id": "H-1", "line_number": line.line_number, "item_id": line.item_id,
            "origin_id": order.document.origin_id, "destination_id": order.document.destination_id, "mode": line.mode,
            "shipped_units": line.quantity_units, "departed_date": pd.Timestamp(morrow.day),
            "expected_date": pd.Timestamp(line.arrival_date), "arrived_date": None, "status": "in_transit",
            "order_reference": order.order_id,
        }
        for line in order.document.lines
    ]  # fmt: skip
    known = batch_available_at(SHIPMENTS, morrow.day, home.profile.timezone)
    LandingArea(home.landing, home.profile.clock).land_frame(
        SHIPMENTS, pd.DataFrame(rows), morrow.day, available_at=known
    )
    after = supply(home)
    assert after.drop(columns="promised_units").equals(before.drop(columns="promised_units"))
    assert before["promised_units"].sum() == morrow.lines["units"].sum()
    others = morrow.lines.loc[morrow.lines["order_id"] != order.order_id]
    assert after["promised_units"].sum() == others["units"].sum()
