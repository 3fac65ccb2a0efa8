"""A store is left to its ERP: the plan orders nothing for it, its levels go out by the job, and stand there once."""

import datetime as dt
import json
from contextlib import closing
from dataclasses import dataclass

import dagster as dg
import pandas as pd
import pytest
import yaml
from networks import copied

from assets.governance.approval import approve
from assets.governance.identity import owner_of
from assets.governance.shadow import ShadowDay, cast_shadows
from assets.kernel.calendar import AsKnown
from assets.kernel.frames.decisions import LEVELS_THERE, ORDER_LEVELS, PLAN_LINES
from assets.kernel.published import Published
from assets.orders.announced import LedgerAnnouncements
from assets.orders.answers import answer_one
from assets.orders.events import PARAMETERS
from assets.orders.gateways.counterpart import Counterpart, CounterpartStore
from assets.orders.gateways.counterpart.folder_face import open_face
from assets.orders.levels_there import LedgerLevels, TheseLevels
from assets.orders.order import Order, OrderStatus
from assets.orders.store import OrderFilter
from assets.policy.access import Identity, Role
from assets.policy.registry import PolicyRegistry
from assets.policy.release import Release
from orchestration import gateways, instance, jobs, locks, planning, replay
from orchestration.definitions import build_defs
from orchestration.dispatching import dispatch_network
from orchestration.ledger import open_ledger
from orchestration.settings import Settings

pytestmark = pytest.mark.slow

STAGES = ("rebalancing", "plan_gate", "orders")


@dataclass
class Network:
    """A small network that a release of its own plans, with its other side."""

    settings: Settings
    site: str

    def __post_init__(self) -> None:
        home = self.settings.network_home()
        self.home, self.clock = home, home.profile.clock
        self.other_side = Counterpart(CounterpartStore(home.root / "counterpart.db"))

    @property
    def date(self) -> dt.date:
        return self.clock.today()

    def policies(self) -> PolicyRegistry:
        document = PolicyRegistry().active().model_dump(mode="json")
        document |= {"name": "handed", "author": "bo#1", "stage": "draft"}
        document["parameters"] = {"handed_over": [{"site": self.site, "category": "*"}]}
        self.home.policies.mkdir(exist_ok=True)
        (self.home.policies / "handed.yaml").write_text(yaml.safe_dump(document))
        (mine,) = [one for one in PolicyRegistry(own=self.home.policies).releases() if one.name == "handed"]
        return PolicyRegistry(decides=mine.version, own=self.home.policies)

    def plan(self, **resources: object) -> None:
        """Plan the date again by the release, from the tables that are there."""
        writer = locks.hold(self.home.locks / locks.WRITER, "test")
        with writer, instance.opened(self.settings) as store:
            definitions = build_defs(self.settings, policies=self.policies(), **resources)
            graph = definitions.resolve_asset_graph()
            wanted = [key for stage in STAGES for key in dg.AssetSelection.groups(stage).resolve(graph)]
            made = definitions.resolve_job_def(jobs.PLAN_DAY).execute_in_process(
                instance=store, partition_key=self.date.isoformat(),
                asset_selection=[key for key in wanted if key != dg.AssetKey(["orders", "order"])],
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            )  # fmt: skip
        assert made.success

    def dispatch(self) -> None:
        with closing(open_ledger(self.settings, self.clock)) as store:
            gateway = gateways.open_gateway(self.settings, self.home)
            dispatch_network(self.settings, store=store, gateway=gateway, clock=self.clock)
            open_face(self.other_side, self.home.gateway_files).poll()
            dispatch_network(self.settings, store=store, gateway=gateway, clock=self.clock)

    def document(self) -> Order:
        with closing(open_ledger(self.settings, self.clock)) as store:
            (found,) = store.orders(OrderFilter(plan_date=self.date, kind=PARAMETERS))
        return found

    def approve(self) -> None:
        order, owner = self.document(), Identity(owner_of(self.home.root).person, frozenset({Role.ADMIN}))
        seen = order.document.content_digest
        yes = approve(order, self.policies().active(), seen_digest=seen, by=owner, today=self.date)
        with closing(open_ledger(self.settings, self.clock)) as store:
            answer_one(store, order.order_id, yes)

    def of_the_next_date(self) -> TheseLevels:
        """Return the levels that stand when the next date is planned, as if they had stood before this one."""
        with closing(open_ledger(self.settings, self.clock)) as store:
            there = LedgerLevels(store, self.home.profile.name).of(self.date + dt.timedelta(days=1))
        return TheseLevels(there.assign(plan_date=pd.Timestamp(self.date)))

    def read(self, frame: object) -> pd.DataFrame:
        return Published(self.home.published).read(frame, self.date)


@pytest.fixture(scope="module")
def network(planned_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Network:
    settings = copied(planned_settings, tmp_path_factory.mktemp("levels"))
    lines = Published(settings.network_home().published).read(PLAN_LINES, settings.network_home().profile.clock.today())
    # The site that the plan would send most lines to is left to its ERP.
    return Network(settings, str(lines["destination_id"].value_counts().sort_index().idxmax()))


def test_a_site_that_is_handed_over_gets_levels_and_no_orders_and_each_once(network: Network) -> None:
    assert (network.read(PLAN_LINES)["destination_id"] == network.site).any()
    network.plan()
    # Its ERP has not said yet that it orders, so that the plan goes on.
    assert (network.read(PLAN_LINES)["destination_id"] == network.site).any()
    told = network.read(ORDER_LEVELS)
    assert set(told["site_id"]) == {network.site}
    assert network.read(LEVELS_THERE).empty
    order = network.document()
    assert (len(order.document.lines), order.status) == (len(told), OrderStatus.PROPOSED)

    network.dispatch()
    assert "handed over for the first time" in str(network.document().approval)
    network.approve()
    network.dispatch()
    assert network.document().status is OrderStatus.CLOSED
    (sent,) = (network.home.gateway_files / "orders").glob("L-*.json")
    assert json.loads(sent.read_text())["schema"] == "equipoise.parameters"
    rows = zip(told["site_id"], told["item_id"], told["reorder_point_units"], told["maximum_units"], strict=True)
    there = {(*key, one.reorder_point_units, one.maximum_units) for key, one in network.other_side.levels().items()}
    assert there == set(rows)

    network.plan()
    network.dispatch()
    assert network.document().revision == 1
    assert [o.times_delivered for o in network.other_side.orders() if o.moves_nothing] == [1]

    network.plan(levels=network.of_the_next_date())
    assert not (network.read(PLAN_LINES)["destination_id"] == network.site).any()


def test_a_plan_that_hands_levels_over_is_replayed_to_the_bit(network: Network) -> None:
    with closing(open_ledger(network.settings, network.clock)) as store:
        assert store.orders(OrderFilter(kind=PARAMETERS))
    with locks.hold(network.home.locks / locks.WRITER, "test"):
        planning.execute(
            network.settings, network.date, {"equipoise/trigger": "test"}, None, policies=network.policies()
        )
    assert replay.replay(network.settings, network.date).differing == []


@dataclass(frozen=True)
class Releases:
    """An active release and one at stage shadow."""

    active: Release
    shadow: Release

    def shadows(self) -> list[Release]:
        return [self.shadow]

    def version(self, version: str) -> Release:
        return next(one for one in (self.active, self.shadow) if one.version == version)


def test_levels_of_a_shadow_that_shuns_shortages_are_priced_by_the_stock_that_they_keep(network: Network) -> None:
    policies = network.policies()
    active = policies.active()
    weights = active.objective.model_copy(update={"shortage_weight": 4 * active.objective.shortage_weight})
    shy = active.model_copy(update={"name": "shy", "objective": weights})
    published, profile = Published(network.home.published), network.home.profile
    with closing(open_ledger(network.settings, network.clock)) as store:
        told = LedgerAnnouncements(store, profile, network.clock, AsKnown.THEN, policies)
        day = ShadowDay(published, profile, network.date, told, store, "run-shadow")
        (row,) = cast_shadows(Releases(active, shy), day).levels.to_dict("records")  # type: ignore[arg-type]
    assert (row["policy_release"], row["site_id"]) == (shy.version, network.site)
    assert row["differing_item_sites"] == row["priced_item_sites"] > 0
    assert row["allowed_stock_amount"] > row["holding_per_day_amount"] > 0
    assert row["average_stock_units"] > 0
