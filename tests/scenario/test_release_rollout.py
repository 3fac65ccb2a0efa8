"""A release goes draft, shadow, canary, active and is taken back, and the order stream changes at each step.

The default form plans the rebalancing and order stages again on one planned day; the slow form plans whole days.
"""

import datetime as dt
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal

import dagster as dg
import pandas as pd
import pytest
import yaml
from networks import copied

from assets.governance.events import Evidence, EvidenceKind, Figure
from assets.kernel.errors import EquipoiseError
from assets.kernel.frames.decisions import DECISIONS, DOCUMENTS, PLAN_LINES, PLAN_SUMMARY
from assets.kernel.frames.rollout import CANARY_GUARDS, CANARY_ITEMS, SHADOW_DIFFERENCES, SHADOW_PLANS
from assets.kernel.published import Published
from assets.orders.decide import decide
from assets.orders.events import Approve, Channel
from assets.orders.order import Order, OrderStatus
from assets.orders.store import OrderFilter
from assets.policy.access import Identity, Role
from assets.policy.registry import PolicyRegistry
from assets.policy.stage import Stage
from assets.rebalancing.what_if.recorded import recorded
from assets.rebalancing.what_if.verify import verify_line
from orchestration import instance, jobs, locks
from orchestration.definitions import build_defs
from orchestration.ledger import open_ledger
from orchestration.planning import plan_day
from orchestration.policies import registry_of
from orchestration.replay import replay
from orchestration.rollout import promote_release, roll_back_release
from orchestration.settings import Settings

ADA = Identity("ada#1000", frozenset({Role.ADMIN}))
ALAN = Identity("alan#1010", frozenset({Role.ADMIN}))
STAGES = ("rebalancing", "plan_gate", "orders", "rollout")
BACKTEST = (
    Evidence(EvidenceKind.BACKTEST, "runs/1", (Figure("cost of the active release", Decimal("0.98"), "times"),)),
)
NAME = "eager"

Stream = dict[str, tuple[str, str, str, str]]


@dataclass
class Network:
    """A network whose one date is planned again and again, by releases at other stages."""

    settings: Settings
    replan: Callable[[Settings], str]
    streams: dict[str, Stream] = field(default_factory=dict)

    @property
    def date(self) -> dt.date:
        return self.settings.network_home().profile.clock.today()

    def read(self, frame: object) -> pd.DataFrame:
        return Published(self.settings.network_home().published).read(frame, self.date)

    def draft(self, **rollout: object) -> None:
        """Write a release that is eager to move and buy."""
        document = PolicyRegistry().active().model_dump(mode="json")
        document |= {"name": NAME, "parent": PolicyRegistry().active().version, "author": "bo#1", "stage": "draft"}
        document["objective"] |= {"shortage_weight": 3.0, "transport_weight": 0.2}
        document["rollout"] |= {"share": 0.8, **rollout}
        folder = self.settings.network_home().policies
        folder.mkdir(exist_ok=True)
        (folder / f"{NAME}.yaml").write_text(yaml.safe_dump(document))

    def orders(self, channel: Channel) -> tuple[Order, ...]:
        with closing(open_ledger(self.settings, self.settings.network_home().profile.clock)) as store:
            return store.orders(OrderFilter(plan_date=self.date, channel=channel))

    def stream(self) -> Stream:
        """Return what stands in the live channel: by id its content, and what the gateway would get."""
        return {
            order.order_id: (order.document.content_digest, *order.document.identity[3:])
            for order in self.orders(Channel.LIVE)
            if order.status is OrderStatus.PROPOSED
        }

    def step(self, name: str) -> Stream:
        self.replan(self.settings)
        self.streams[name] = self.stream()
        return self.streams[name]

    def promote(self, **more: object) -> None:
        by = ALAN if self.standing() is Stage.CANARY else ADA
        promote_release(self.settings, NAME, by=by, why="next stage", **more)

    def standing(self) -> Stage:
        with closing(open_ledger(self.settings, self.settings.network_home().profile.clock)) as store:
            releases = registry_of(self.settings.network_home(), store).releases()
        return next(release.stage for release in releases if release.name == NAME)

    def publish_the_day_before(self) -> None:
        """Publish the canary's part of today as that of the day before."""
        before = self.date - dt.timedelta(days=1)
        table = self.read(CANARY_ITEMS).assign(plan_date=pd.Timestamp(before))
        Published(self.settings.network_home().published).write(CANARY_ITEMS, table, before, "run-before")

    def standing_of_the_release(self) -> list[str]:
        """Return the proposals that the release decided a line of."""
        return [
            order.order_id
            for order in self.orders(Channel.LIVE)
            if order.status is OrderStatus.PROPOSED
            and any(version.startswith(NAME) for version in order.document.releases)
        ]

    def changed_items(self, lines: pd.DataFrame, before: pd.DataFrame) -> set[str]:
        """Return the items of which a line is another than before."""
        kept = ["kind", "item_id", "origin_id", "destination_id", "mode", "quantity_units", "departure_date"]
        both = pd.concat([lines[kept], before[kept]])
        return set(both.loc[~both.duplicated(keep=False), "item_id"])


def stages_again(settings: Settings) -> str:
    """Plan the rebalancing and order stages again from the tables that stand."""
    home = settings.network_home()
    with locks.hold(home.locks / locks.WRITER, "test"), instance.opened(settings) as store:
        job = build_defs(settings).resolve_job_def(jobs.PLAN_DAY)
        graph = build_defs(settings).resolve_asset_graph()
        wanted = [key for stage in STAGES for key in dg.AssetSelection.groups(stage).resolve(graph)]
        chosen = [key for key in wanted if key != dg.AssetKey(["orders", "order"])]
        made = job.execute_in_process(
            instance=store,
            partition_key=home.profile.clock.today().isoformat(),
            asset_selection=chosen,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
        assert made.success
        return made.run_id


def whole_day(settings: Settings) -> str:
    run = plan_day(settings)
    assert run.success, f"{run.failed_step}: {run.error}"
    return run.run_id


@pytest.fixture
def network(planned_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Network:
    return Network(copied(planned_settings, tmp_path_factory.mktemp("rollout")), stages_again)


def test_a_release_goes_through_every_stage_with_another_order_stream_at_each(network: Network) -> None:
    network.draft()
    first = network.step("draft")
    lines = network.read(PLAN_LINES)
    assert first
    assert network.read(SHADOW_PLANS).empty
    assert not network.orders(Channel.SHADOW)

    network.promote(evidence=BACKTEST)
    assert network.step("shadow") == first, "a shadow changes nothing that may leave"
    assert_the_shadow_is_seen_and_never_sent(network)

    network.promote()
    canary = network.step("canary")
    assert_only_the_canarys_items_differ(network, lines)
    assert canary != first
    assert_explanations_solve_again_by_the_release_that_decided(network)
    assert not [order for order in network.orders(Channel.SHADOW) if order.status is OrderStatus.PROPOSED]

    network.promote()
    active = network.step("active")
    decided = set(network.read(PLAN_SUMMARY)["policy_release"])
    assert {version.partition("@")[0] for version in decided} == {NAME}
    assert active not in (first, canary)
    assert network.read(CANARY_ITEMS).empty

    assert network.standing_of_the_release()

    taken_back = roll_back_release(network.settings, NAME, by=ADA, why="stores complain")
    assert taken_back.proof.version.startswith("standard@")
    assert not network.standing_of_the_release(), "what it proposed is withdrawn"
    assert network.step("rolled back") == first
    pd.testing.assert_frame_equal(network.read(PLAN_LINES), lines)


def assert_the_shadow_is_seen_and_never_sent(network: Network) -> None:
    (shadow,) = network.read(SHADOW_PLANS).to_dict("records")
    proposals = network.orders(Channel.SHADOW)
    told = network.read(SHADOW_DIFFERENCES)
    assert len(proposals) == shadow["documents"] > 0
    assert len(told) == shadow["differing_documents"] > 0
    assert shadow["decided_amount"] >= shadow["active_decided_amount"], "at its own prices the active plan is best"
    assert {order.document.provenance.policy_release for order in proposals} == {shadow["policy_release"]}
    assert set(told["shadow_order_id"]) - {""} <= {order.order_id for order in proposals}
    assert not set(network.read(DOCUMENTS)["order_id"]) & {order.order_id for order in proposals}
    first = proposals[0]
    with pytest.raises(EquipoiseError, match="channel shadow goes no further"):
        decide(first, Approve("ada", first.document.content_digest, network.date, network.date))


def assert_only_the_canarys_items_differ(network: Network, before: pd.DataFrame) -> None:
    part = set(network.read(CANARY_ITEMS)["item_id"])
    changed = network.changed_items(network.read(PLAN_LINES), before)
    assert changed
    assert changed <= part < set(network.read(DECISIONS)["item_id"])
    for order in network.orders(Channel.LIVE):
        made_by = order.document.provenance
        mine = {line.item_id for line in order.document.lines} & part
        if order.status is OrderStatus.PROPOSED and order.revision > 1:
            assert set(made_by.canary_items) == mine
            assert all(made_by.release_of(item).startswith(NAME) for item in mine)
    assert len(network.read(CANARY_GUARDS)) == 4


def assert_explanations_solve_again_by_the_release_that_decided(network: Network) -> None:
    home = network.settings.network_home()
    plan = recorded(Published(home.published), home.profile, network.date)
    part = set(network.read(CANARY_ITEMS)["item_id"])
    lines = network.read(PLAN_LINES)
    ours, theirs = (lines.loc[lines["item_id"].isin(part) == inside].iloc[0] for inside in (True, False))
    assert plan.deciding(ours["item_id"]).problem.release.name == NAME
    assert plan.deciding(theirs["item_id"]).problem.release.name != NAME
    assert verify_line(plan, ours).confirmed


@pytest.mark.slow
def test_whole_days_planned_at_every_stage_give_the_same_streams_and_replay(network: Network) -> None:
    network.replan = whole_day
    network.draft()
    first = network.step("draft")
    network.promote(evidence=BACKTEST)
    assert network.step("shadow") == first
    network.promote()
    assert network.step("canary") != first
    assert replay(network.settings, network.date).differing == []
    network.promote()
    assert network.step("active") != first
    roll_back_release(network.settings, NAME, by=ADA, why="stores complain")
    assert network.step("rolled back") == first


@pytest.mark.slow
def test_a_canary_that_costs_too_much_takes_itself_back_and_its_part_is_the_one_of_the_day_before(
    network: Network,
) -> None:
    guard = {"metric": "cost", "tolerance": 0.0, "largest_difference": 0.0001}
    network.draft(false_alarm_rate=0.9, guards=[guard])
    first = network.step("draft")
    network.promote(evidence=BACKTEST)
    network.step("shadow")
    network.promote()
    canary = network.step("canary")
    assert not network.read(CANARY_GUARDS)["rolled_back"].any(), "one day is no evidence"
    network.publish_the_day_before()
    yesterdays = set(network.read(CANARY_ITEMS)["item_id"])
    network.step("guarded")
    (told,) = network.read(CANARY_GUARDS).to_dict("records")
    assert (told["metric"], told["days"], told["broken"], told["rolled_back"]) == ("cost", 2, True, True)
    assert set(network.read(CANARY_ITEMS)["item_id"]) == yesterdays
    assert network.standing() is Stage.RETIRED
    unchanged = {order_id for order_id, content in canary.items() if first.get(order_id) == content}
    assert unchanged <= set(network.streams["guarded"]) < set(canary)
    assert not network.standing_of_the_release()
    assert network.step("restored") == first
