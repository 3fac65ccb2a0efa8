"""What orders of a date announced: lines of those that stand, in the channel of the plan that is made."""

import datetime as dt
from pathlib import Path

import pytest
import yaml
from unit.orders.order_samples import PLAN_DATE, order_book

from assets.kernel.calendar import AsKnown, Bucket
from assets.kernel.clock import DeclaredClock
from assets.kernel.network import NetworkProfile
from assets.orders.announced import LedgerAnnouncements
from assets.orders.events import Channel
from assets.orders.record import record
from assets.orders.store import MemoryOrderStore
from assets.policy.registry import PolicyRegistry

PROFILE = NetworkProfile(name="sample", first_plan_date=PLAN_DATE)


def announced(store: MemoryOrderStore, today: dt.date, as_known: AsKnown = AsKnown.THEN) -> list[tuple[str, str, int]]:
    lines = LedgerAnnouncements(store, PROFILE, DeclaredClock(today), as_known, PolicyRegistry()).of(PLAN_DATE)
    return sorted(zip(lines["item_id"], lines["destination_id"], lines["quantity_units"], strict=True))


@pytest.fixture
def store() -> MemoryOrderStore:
    made = MemoryOrderStore()
    record(order_book(), made)
    return made


def test_every_line_of_the_orders_that_stand_is_announced(store: MemoryOrderStore) -> None:
    assert announced(store, PLAN_DATE) == [("I1", "DC1", 100), ("I1", "S1", 10), ("I1", "S2", 7), ("I2", "S1", 4)]


def test_a_withdrawn_order_announces_nothing_and_a_revised_one_what_it_says_now(store: MemoryOrderStore) -> None:
    record(order_book([("transfer", "I1", "DC1", "S1", 12)], run_id="run-2"), store)
    assert announced(store, PLAN_DATE) == [("I1", "S1", 12)]


def test_orders_of_another_channel_or_date_do_not_count(store: MemoryOrderStore) -> None:
    assert announced(store, PLAN_DATE, AsKnown.NOW) == []
    assert announced(store, PLAN_DATE + dt.timedelta(days=1)) == []
    record(order_book([("transfer", "I2", "DC1", "S2", 3)], channel=Channel.BACKFILL), store)
    assert announced(store, PLAN_DATE, AsKnown.NOW) == [("I2", "S2", 3)]
    other = LedgerAnnouncements(store, PROFILE, DeclaredClock(PLAN_DATE), AsKnown.THEN, PolicyRegistry())
    assert other.of(PLAN_DATE - dt.timedelta(days=1)).empty


@pytest.mark.parametrize(("bucket", "days_later", "lines"), [("week", 1, 4), ("week", 2, 0), ("day", 1, 0)])
def test_a_replan_inside_a_longer_window_sees_the_live_orders_of_its_date(
    store: MemoryOrderStore, tmp_path: Path, bucket: str, days_later: int, lines: int
) -> None:
    document = PolicyRegistry().active().model_dump(mode="json") | {"dispatch": {"window_days": 2}}
    (tmp_path / "standard.yaml").write_text(yaml.safe_dump(document))
    profile = PROFILE.model_copy(update={"bucket": Bucket(bucket)})
    clock = DeclaredClock(PLAN_DATE + dt.timedelta(days=days_later))
    found = LedgerAnnouncements(store, profile, clock, AsKnown.THEN, PolicyRegistry(tmp_path))
    assert len(found.of(PLAN_DATE)) == lines
