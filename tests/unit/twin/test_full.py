import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.feeds.synthetic import World, WorldParameters
from assets.kernel.errors import EquipoiseError
from assets.policy.registry import PolicyRegistry
from assets.twin.full import Planned, play, play_rule
from assets.twin.full_book import PURCHASE, Book, OpenLine, SentLine
from assets.twin.full_record import RunRecord, digest_of
from assets.twin.scenario import Scenario, named_scenario, shipped_scenarios
from assets.twin.scenario_world import Staged, staged
from assets.twin.scorecard import days_to_recover, score, software_score
from assets.twin.scorecard_costs import Costing

SMALL = WorldParameters.small()
WORLD = World(SMALL)
RELEASE = PolicyRegistry().active()
DAYS = 21


def of(name: str, days: int = DAYS) -> Staged:
    """Return a scenario in the small world, whose history is lived once for all tests."""
    found = staged(named_scenario(name), SMALL, days)
    if not found.scenario.changes_the_range:
        found.world.__dict__.update(catalogue=WORLD.catalogue, demand=WORLD.demand, history=WORLD.history)
    return found


class Planner:
    """A network that orders the same few lines every day, and remembers what it was told."""

    def __init__(self, told: Staged, units: int = 6) -> None:
        self.staged, self.units = told, units
        self.changed: list[OpenLine] = []
        self.days: list[dt.date] = []

    def plan_day(self, date: dt.date, book: Book) -> Planned:  # noqa: ARG002
        catalogue = self.staged.world.catalogue
        places, lanes, sourcing = catalogue.places, catalogue.lanes, catalogue.sourcing
        self.days.append(date)
        shipped = np.flatnonzero(places.supply_lane >= 0)[:5]
        lines = [
            self._line(date, "transfer", place, str(catalogue.sites.ids[lanes.origin[places.supply_lane[place]]]))
            for place in shipped
        ]
        row = sourcing.place[0]
        lines.append(self._line(date, PURCHASE, row, str(sourcing.supplier_ids[sourcing.supplier[0]])))
        return Planned(tuple(lines))

    def day_passed(self, date: dt.date, world: World, changed: Sequence[OpenLine], book: Book) -> None:  # noqa: ARG002
        assert world.last_lived == date
        self.changed += changed

    def _line(self, date: dt.date, kind: str, place: int, origin: str) -> SentLine:
        catalogue = self.staged.world.catalogue
        site = str(catalogue.site_ids[place])
        name = f"{kind}-{date}-{origin}-{site}-{place}"
        return SentLine(
            name, 1, kind, str(catalogue.item_ids[place]), origin, site, self.units, date, date, "truck"
        )  # fmt: skip


def test_an_empty_scenario_lives_the_days_of_the_plain_world_to_the_bit() -> None:
    plain = Staged(named_scenario("undisturbed"), World(SMALL), SMALL.last_date + dt.timedelta(days=1), 9, (), ())
    assert digest_of(play_rule(of("undisturbed", 9))) == digest_of(play_rule(plain))


@pytest.mark.parametrize("name", ["stale-tills", "unit-error-x12", "erp-down", "freight-up"])
def test_what_touches_no_goods_changes_no_unit_under_the_worlds_own_rule(name: str) -> None:
    assert digest_of(play_rule(of(name))) == digest_of(play_rule(of("undisturbed")))


@pytest.mark.parametrize("name", sorted(set(shipped_scenarios()) - {"store-opening", "launch-and-end"}))
def test_no_unit_is_made_or_lost_whatever_happens(name: str) -> None:
    lived = play_rule(of(name))  # which requires it of every day
    assert len(lived) == DAYS
    assert all((one.day.on_hand >= 0).all() for one in lived)


def test_days_before_the_first_event_are_those_of_the_undisturbed_run() -> None:
    stressed, calm = play_rule(of("demand-up")), play_rule(of("undisturbed"))
    assert digest_of(stressed[:7]) == digest_of(calm[:7])
    assert digest_of(stressed[:8]) != digest_of(calm[:8])


def test_twice_the_demand_is_asked_for_place_by_place() -> None:
    event = {"kind": "demand", "start": 1, "days": 1, "factor": 2.0}
    twice = staged(Scenario.model_validate({"name": "twice", "title": "Twice", "events": [event]}), SMALL, 1)
    twice.world.__dict__.update(catalogue=WORLD.catalogue, demand=WORLD.demand, history=WORLD.history)
    assert np.array_equal(
        play_rule(twice)[0].day.flows.demanded, 2 * play_rule(of("undisturbed", 1))[0].day.flows.demanded
    )


def test_a_closed_site_gives_nothing_and_takes_nothing_in_that_left_during_the_run() -> None:
    found = of("dc-down")
    lived = play_rule(found)
    catalogue = found.world.catalogue
    at = np.flatnonzero(catalogue.site_ids == "dc-1")
    for number in range(7, 14):
        assert lived[number].day.flows.issued[at].sum() == 0
    for number, one in enumerate(lived[:7]):
        here = np.isin(catalogue.sourcing.place[one.day.orders.sourcing_row], at)
        arrives = number + one.day.flows.lead_days[here]
        assert not ((arrives >= 7) & (arrives < 14)).any()


def test_suppliers_that_are_short_deliver_their_share() -> None:
    lived = play_rule(of("supplier-60"))
    bought = [(one.day.orders.purchase_units, one.day.flows.supplied_units) for one in lived[5:15]]
    asked, came = (np.concatenate(columns) for columns in zip(*bought, strict=True))
    assert len(asked)
    assert (came <= asked * 60 // 100).all()


def test_a_store_sells_nothing_before_it_opens_and_something_after() -> None:
    found = staged(named_scenario("store-opening"), SMALL, DAYS)
    here = found.world.catalogue.site_ids[: found.world.catalogue.places.store_count] == "store-02"
    sold = np.array([int(one.day.flows.sold[here].sum()) for one in play_rule(found)])
    assert sold[:7].sum() == 0
    assert sold[7:].sum() > 0
    assert sum(int(day.flows.sold[here].sum()) for day in found.world.history.days) == 0


def test_a_run_of_the_same_seed_is_the_same_to_the_bit(tmp_path: Path) -> None:
    first, again = (of("undisturbed", 6) for _ in range(2))
    one = play(first, Planner(first), RunRecord(tmp_path / "a"))
    other = play(again, Planner(again), RunRecord(tmp_path / "b"))
    assert digest_of(one) == digest_of(other)


def test_a_run_that_was_interrupted_goes_on_with_its_day_and_ends_the_same(tmp_path: Path) -> None:
    whole = of("undisturbed", 6)
    expected = digest_of(play(whole, Planner(whole), RunRecord(tmp_path / "whole")))
    record, told = RunRecord(tmp_path / "parts"), of("undisturbed", 6)
    play(replace(told, days=3), Planner(told), record)
    later = Planner(told)
    assert digest_of(play(told, later, record)) == expected
    assert later.days == list(told.dates[3:])


def test_a_day_that_was_torn_is_told_with_the_remedy(tmp_path: Path) -> None:
    told, record = of("undisturbed", 2), RunRecord(tmp_path)
    play(told, Planner(told), record)
    path = tmp_path / f"{told.start}.npz"
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(EquipoiseError, match="--restart"):
        record.days(told.dates)


def test_our_orders_are_the_only_ones_and_the_feeds_name_them(tmp_path: Path) -> None:
    told = of("undisturbed", 8)
    network = Planner(told)
    lived = play(told, network, RunRecord(tmp_path))
    for one in lived:
        assert set(one.day.orders.purchase_reference or []) <= one.book.taken
    world = told.world.gone_on([one.day for one in lived], lived[-1].stock)
    sent = [batch for batch in world.feeds(told.start, told.dates[-1]) if batch.row_availability == "batch"]
    references = {
        name
        for batch in sent
        if batch.table.name in ("erp_purchase_orders", "tms_shipments")
        for name in batch.data["order_reference"].dropna()
    }
    assert references
    assert references <= lived[-1].book.taken


def test_what_moved_is_told_from_the_beginning_and_never_more_than_was_promised(tmp_path: Path) -> None:
    told = of("undisturbed", 10)
    network = Planner(told)
    play(told, network, RunRecord(tmp_path))
    assert any(one.received for one in network.changed)
    for one in network.changed:
        assert 0 <= one.received <= one.shipped <= max(one.promised, one.shipped) <= one.line.units


def test_what_no_lane_can_carry_is_promised_no_more() -> None:
    line = SentLine("T-1", 1, "transfer", "item-0001", "store-01", "dc-1", 5, SMALL.last_date, SMALL.last_date, "van")
    book = Book().with_sent([line])
    date = SMALL.last_date
    due = book.due(WORLD.catalogue, date)
    _, flows = WORLD.live(WORLD.history.closing, due.orders, date)
    after, changed = due.settled(book, flows, date)
    assert [one.promised for one in changed] == [0]
    assert after.open == ()
    assert after.taken == {"T-1"}


@settings(max_examples=30)
@given(units=st.integers(1, 10**6), received=st.booleans(), number=st.integers(1, 99))
def test_a_book_read_back_is_the_same_book(units: int, received: bool, number: int) -> None:
    date = SMALL.last_date
    line = SentLine("P-é", number, PURCHASE, "i", "s", "d", units, date, date, "supplier")
    one = OpenLine(line, units, units if received else 0, 0, received, date if received else None)
    book = Book((one,), frozenset({"P-é", "older"}))
    assert Book.load(book.dump()) == book


def test_costs_of_a_run_add_up_and_dearer_freight_is_paid_on_the_same_goods() -> None:
    cards = {}
    for name in ("undisturbed", "freight-up"):
        found = of(name)
        card = score(Costing(found.world, RELEASE), WORLD.history.closing, play_rule(found), WORLD.catalogue)
        assert card.cost == pytest.approx(
            card.holding + card.shortage + card.transport + card.expedite + card.purchases
        )
        cards[name] = card
    assert cards["freight-up"].transport > 1.3 * cards["undisturbed"].transport
    assert cards["freight-up"].transfer_units == cards["undisturbed"].transfer_units
    assert cards["freight-up"].purchases == cards["undisturbed"].purchases


def test_days_to_recover_count_from_the_end_of_the_event() -> None:
    calm = play_rule(of("undisturbed"))
    assert days_to_recover(calm, calm, 7) == 0
    assert days_to_recover(play_rule(of("dc-down")), calm, 14, tolerance=-1.0) is None
    assert (days_to_recover(play_rule(of("demand-up")), calm, 14) or 0) > 0


def test_hours_to_recover_wait_for_an_empty_outbox() -> None:
    lived = play_rule(of("undisturbed", 8))
    stuck = [
        replace(one, software=replace(one.software, in_outbox=3 if 3 <= number < 6 else 0))
        for number, one in enumerate(lived)
    ]
    assert software_score(stuck, 4, 4)["hours_to_recover"] == 48
    assert software_score(lived, 4, 4)["hours_to_recover"] == 0
