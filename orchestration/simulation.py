"""The full twin's production: a simulated network, planned by the graph, its orders sent through a gateway.

Each day its clock is declared anew, the graph plans, dispatching sends, and the other side, whose truth is what
the world then lives, confirms. The process keeps Dagster's record, dbt and its parsed project over the days.
Not here: the world and the run (``assets.twin``), its home (``simulation_home``), or the way without the graph
(``simulation_direct``).
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import dagster as dg

from assets.features.defs import NetworkDbt
from assets.features.warm_dbt import awake
from assets.feeds.synthetic.emission import day_feeds
from assets.feeds.synthetic.world import World
from assets.governance.dispatch import Dispatched
from assets.kernel.frames.decisions import DOCUMENTS, PLAN_LINES
from assets.kernel.frames.quality import VERDICTS
from assets.kernel.home import NetworkHome
from assets.kernel.published import Published
from assets.kernel.warehouse import Warehouse
from assets.orders.gateways.counterpart.counterpart import Counterpart
from assets.orders.gateways.counterpart.orders import TheirOrder
from assets.orders.gateways.counterpart.store import CounterpartStore
from assets.orders.gateways.faults import Fault, FaultyGateway
from assets.orders.gateways.memory import MemoryGateway
from assets.orders.gateways.port import Answer, Gateway, ReceiptLine
from assets.orders.gateways.wire import ORDER_SCHEMA
from assets.twin.full import Planned
from assets.twin.full_book import Book, OpenLine, SentLine
from assets.twin.full_record import Software
from assets.twin.scenario_world import Staged
from orchestration import alerts, locks, planning, recalibration
from orchestration.dbt import parsed_project
from orchestration.dispatching import dispatch_network
from orchestration.ledger import open_ledger
from orchestration.resources import LATE_IMPORTS
from orchestration.settings import Settings
from orchestration.simulation_home import EVENING, MORNING, SimulatedClock, declare, land

OTHER_SIDE = "other_side.db"
_MOST_FAULTY_CALLS = 1_000
_SENT = frozenset({Answer.ACCEPTED, Answer.CLOSED})


class KeptDbt(NetworkDbt):
    """A dbt that is awake for longer than one run, and builds models without their data tests."""

    def yield_for_execution(self, context: dg.InitResourceContext) -> Any:  # noqa: ARG002
        """Yield it as it is: whoever made it ends it."""
        return _as_it_is(self)

    def cli(self, arguments: Sequence[str], **options: Any) -> Any:
        """Begin to build; the gates judge the data, as on any day."""
        return super().cli([*arguments, "--exclude-resource-type", "test"], **options)


@contextmanager
def _as_it_is(dbt: KeptDbt) -> Iterator[KeptDbt]:
    yield dbt


@dataclass
class GraphNetwork:
    """A simulated network whose days go through the production graph; use it as a context.

    Attributes
    ----------
    settings : Settings
        Of the simulated network.
    staged : Staged
        The scenario in its world.
    on_step : callable, optional
        Told when a step of a plan starts and ends.
    """

    settings: Settings
    staged: Staged
    on_step: planning.OnStep | None = None
    _open: ExitStack = field(default_factory=ExitStack, repr=False)
    _other_side: Counterpart = field(init=False, repr=False)
    _store: dg.DagsterInstance = field(init=False, repr=False)
    _dbt: KeptDbt = field(init=False, repr=False)
    _morning: Software = field(default_factory=Software, init=False, repr=False)

    def __enter__(self) -> GraphNetwork:
        home = self.settings.network_home()
        # Without data tests Dagster says of each that it told nothing, every day.
        told = logging.getLogger("dagster._core.execution.plan.active")
        self._open.callback(told.setLevel, told.level)
        told.setLevel(logging.ERROR)
        kept = CounterpartStore(home.root / OTHER_SIDE)
        self._open.callback(kept.close)
        self._clock = SimulatedClock(self.staged.start)
        self._other_side = Counterpart(kept, clock=self._clock)
        # What was run is told by published tables and the ledger: a record in memory needs no disk to answer.
        self._store = self._open.enter_context(dg.DagsterInstance.ephemeral())
        plain = NetworkDbt(parsed_project(home))
        executable, *flags = self._open.enter_context(awake(plain.dbt_executable))
        kept_dbt = KeptDbt(parsed_project(home), meanwhile=list(LATE_IMPORTS))
        self._dbt = kept_dbt.model_copy(update={"dbt_executable": executable, "global_config_flags": flags})
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()

    def plan_day(self, date: dt.date, book: Book) -> Planned:  # noqa: ARG002
        """Plan the day by the graph, let its orders leave, and return what the other side has taken in."""
        self._turn(date, MORNING)
        home = self.settings.network_home()
        run_id, error = self._run(home, date)
        dispatched = self._dispatch(date)
        published = Published(home.published)
        documents, lines = (_rows_of_run(published, frame.name, date, run_id) for frame in (DOCUMENTS, PLAN_LINES))
        verdicts = published.of_run(VERDICTS, date, run_id)
        held = 0 if verdicts is None else int(verdicts["action"].isin(["hold", "hold_outbound", "stop"]).sum())
        self._morning = Software(
            planned=not error, error=error, documents=documents, lines=lines, held=held,
            in_outbox=dispatched.in_outbox,
        )  # fmt: skip
        return Planned(tuple(self._sent()), self._morning)

    def day_passed(self, date: dt.date, world: World, changed: Sequence[OpenLine], book: Book) -> Software:  # noqa: ARG002
        """Confirm what moved, take the confirmations in, and land the day's feeds."""
        self._turn(date, EVENING)
        for reference in sorted({one.line.reference for one in changed}):
            self._stand(reference, [one for one in changed if one.line.reference == reference])
        dispatched = self._dispatch(date)
        land(self.settings.network_home(), world, self.staged.spoilt(day_feeds(world, date)), self._clock)
        theirs = [order for order in self._other_side.orders() if order.times_created]
        of_day = [order for order in theirs if self._plan_date(order) == date]
        return replace(
            self._morning, issued=len(of_day), blocked=max(self._morning.documents - len(of_day), 0),
            in_outbox=dispatched.in_outbox, duplicates=sum(order.times_created - 1 for order in theirs),
        )  # fmt: skip

    def _turn(self, date: dt.date, hour: int) -> None:
        self._clock.turn(date, hour)
        declare(self.settings.network_home(), date, self.staged.world)

    def _run(self, home: NetworkHome, date: dt.date) -> tuple[str, str]:
        """Run the graph and what follows a plan; return the run and why it failed, empty if it did not."""
        tags = {"equipoise/as_known": "then", "equipoise/trigger": "simulation"}
        with locks.hold(home.locks / locks.WRITER, f"equipoise simulate {date}", wait_seconds=60):
            run_id, _ = planning.execute_in(
                self._store, self.settings, date, tags, self.on_step, dbt=self._dbt,
                warehouse=Warehouse(home.warehouse),
            )  # fmt: skip
        run = self._store.get_run_by_id(run_id)
        failed = run is None or run.status is not dg.DagsterRunStatus.SUCCESS
        step, error = planning.first_failure(self._store, run_id) if failed else ("", "")
        recalibration.request_refits(home, date)
        alerts.deliver(self.settings, date)
        return run_id, f"{step}: {error}" if failed else ""

    def _dispatch(self, date: dt.date) -> Dispatched:
        with closing(open_ledger(self.settings, self._clock)) as store:
            return dispatch_network(self.settings, store=store, gateway=self._gateway(date), clock=self._clock)

    def _gateway(self, date: dt.date) -> Gateway:
        gateway: Gateway = MemoryGateway(self._other_side)
        faults = self.staged.gateway_faults_on(date)
        if not faults:
            return gateway
        faulty = FaultyGateway(gateway, clock=self._clock)
        for name in faults:
            fault = Fault(name)
            for method in ("submit", "find", "cancel", "confirmations") if fault is Fault.DOWN else ("submit",):
                faulty.arm(method, *[fault] * _MOST_FAULTY_CALLS)
        return faulty

    def _sent(self) -> Iterator[SentLine]:
        for order in self._other_side.orders():
            if not order.times_created or order.answer not in _SENT:
                continue
            message = self._other_side.message(order.reference)
            if message["schema"] != ORDER_SCHEMA:
                continue  # levels move nothing
            promised = {line.line_number: line.accepted_units for line in order.lines}
            for line in message["lines"]:
                yield SentLine(
                    order.reference, line["line_number"], message["kind"], line["item_id"], message["origin_id"],
                    message["destination_id"], promised.get(line["line_number"], 0),
                    dt.date.fromisoformat(line["departure_date"]), dt.date.fromisoformat(line["arrival_date"]),
                    line["mode"],
                )  # fmt: skip

    def _stand(self, reference: str, changed: Sequence[OpenLine]) -> None:
        order = self._other_side.store.order(reference)
        if order is None:
            return
        new = {
            one.line.line_number: ReceiptLine(one.line.line_number, one.promised, one.shipped, one.received)
            for one in changed
        }
        self._other_side.stand(reference, tuple(new.get(line.line_number, line) for line in order.lines))

    def _plan_date(self, order: TheirOrder) -> dt.date:
        return dt.date.fromisoformat(self._other_side.message(order.reference)["plan_date"])


def _rows_of_run(published: Published, name: str, date: dt.date, run_id: str) -> int:
    latest = published.latest(name, date)
    return latest.rows if latest is not None and latest.run_id == run_id else 0
