"""Dispatching for a network: its ledger, tables, releases, people and gateway brought to one dispatch run.

Called by the command line and by the asset alike. Not here: what dispatching does (``governance.dispatch``).
"""

from __future__ import annotations

import datetime as dt
import os
import socket
from contextlib import AbstractContextManager
from dataclasses import replace

from assets.feeds.landing import LandingArea
from assets.governance.dispatch import DispatchDay, Dispatched, clock_off, dispatch
from assets.governance.dispatch_alerts import dispatch_alerts
from assets.governance.disposition import close_compensated, held_orders, left_to_people
from assets.governance.events import ACCESS, PAUSE, RELEASES
from assets.governance.facts import Known
from assets.governance.grants import AccessBook, access_book
from assets.governance.identity import owner_of, still_named
from assets.governance.known import known_of
from assets.governance.ledger_log import LedgerLog
from assets.governance.pause import pause_state
from assets.kernel.clock import Clock
from assets.kernel.errors import EquipoiseError
from assets.kernel.frames.decisions import DOCUMENTS
from assets.kernel.home import NetworkHome
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from assets.orders.availability import Availability, availability
from assets.orders.commitments import land_commitments, land_missing, shown_orders
from assets.orders.events import Channel
from assets.orders.gateways.port import Gateway
from assets.orders.order import OrderStatus
from assets.orders.outbox import SendTerms
from assets.orders.standing import hindsight, judged, stopped
from assets.orders.store import OrderFilter, OrderStore
from assets.orders.trace import trace_id
from assets.orders.unanswered import unanswered
from assets.policy.access import Permission
from orchestration import alerts, locks
from orchestration.gateways import gateway_address
from orchestration.policies import registry_of
from orchestration.rollout import finish_rollbacks
from orchestration.settings import Settings
from orchestration.tracing import TracedGateway, tracer_of

_PATIENCE_S = 30


def dispatch_network(
    settings: Settings,
    *,
    store: OrderStore,
    gateway: Gateway,
    clock: Clock,
) -> Dispatched:
    """Bring the orders of the clock's plan date as far as they may go.

    Parameters
    ----------
    settings : Settings
        The installation.
    store : OrderStore
        The ledger.
    gateway : Gateway
        Where orders go.
    clock : Clock
        The network's.
    """
    tracer = tracer_of(settings)
    traced: Gateway = gateway if tracer is None else TracedGateway(gateway, tracer, lambda name: _trace(store, name))
    home = settings.network_home()
    resumed = finish_rollbacks(store, home.profile, clock)
    day_now = DayNow(settings, store, clock)
    day = day_now()
    landing = LandingArea(home.landing, clock)

    def land() -> None:
        with _telling(home):
            land_commitments(store, landing, home.profile, clock)

    done = dispatch(
        store, traced, day, send_terms(settings), clock.now, before_sending=land, day_now=day_now
    )  # fmt: skip
    undone = close_compensated(store, home.profile.name)
    try:
        land()
    finally:
        done = replace(done, alerts_refused=_alerted(settings, store, done, day))
    also = {*undone, *(order_id for one in resumed for order_id in one.changed)}
    return replace(done, changed=tuple(sorted({*done.changed, *also}))) if also else done


def _alerted(settings: Settings, store: OrderStore, done: Dispatched, day: DispatchDay) -> str:
    """Deliver the alerts of a run; return why they did not go out. What was sent is told all the same."""
    told = dispatch_alerts(done, day.plan_date, day.today, _refused(store, done.changed))
    try:
        alerts.deliver_rows(settings, told, day.plan_date, store=store)
    except EquipoiseError as error:
        return str(error)
    return ""


def before_a_plan(settings: Settings, store: OrderStore, clock: Clock, plan_date: dt.date | None) -> None:
    """Finish what processes that died left half done, so that a plan meets rollbacks and commitments whole.

    Of commitments only a plan of the clock's date is told: another one would change what that one has known.
    """
    home = settings.network_home()
    finish_rollbacks(store, home.profile, clock)
    if plan_date == home.profile.calendar.start_of_bucket(clock.today()):
        with _telling(home):
            land_missing(store, LandingArea(home.landing, clock), home.profile, clock)


def _telling(home: NetworkHome) -> AbstractContextManager[None]:
    """Return what lets one process at a time tell planning what is committed to: a word stands on the one before."""
    return locks.hold(home.locks / "commitments.lock", "telling a plan of orders", wait_seconds=_PATIENCE_S)


def _trace(store: OrderStore, order_id: str) -> str:
    """Return the trace of an order: that of the run that made it."""
    return "".join(trace_id(one.document.provenance.run_id) for one in store.orders(OrderFilter(order_ids=(order_id,))))


def _refused(store: OrderStore, changed: tuple[str, ...]) -> tuple[str, ...]:
    """Return which of the orders to which something happened the other side refused."""
    orders = store.orders(OrderFilter(order_ids=changed)) if changed else ()
    return tuple(
        f"{order.order_id} for {order.document.destination_id}"
        for order in orders
        if order.status is OrderStatus.FAILED
    )


def dispatch_day(settings: Settings, store: OrderStore, clock: Clock) -> DispatchDay:
    """Return what holds for the orders of the clock's plan date."""
    home = settings.network_home()
    profile, published = home.profile, Published(home.published)
    today = clock.today()
    plan_date = profile.calendar.start_of_bucket(today)
    planned = published.latest(DOCUMENTS.name, plan_date) is not None
    orders = store.orders(OrderFilter(network=profile.name, going_on=True))
    log = LedgerLog(store)
    releases = log.history(RELEASES)
    return DispatchDay(
        network=profile.name,
        plan_date=plan_date,
        today=today,
        release=registry_of(home, store).active(),
        known=known_of(published, plan_date, orders) if planned else Known(),
        availability=_availability(published, profile.name, plan_date) if planned else None,
        pauses=pause_state(log.history(PAUSE), today),
        may_approve=may_approve(settings, access_book(log.history(ACCESS))),
        stopped=_stopped(published, profile, store, plan_date),
        held=held_orders(orders, releases),
        left=left_to_people(orders, releases),
        unanswered=unanswered(store, orders, today=today, now=clock.now()),
        gateway=gateway_address(settings, home),
        clock_off=clock_off(store, clock.now()),
        next_plan_date=profile.calendar.bucket_start(plan_date, 1),
    )


class DayNow:
    """What holds for orders by now, read again when a pause, a grant, a release, a plan or the date changed.

    Parameters
    ----------
    settings, store, clock
        As ``dispatch_network``.
    """

    def __init__(self, settings: Settings, store: OrderStore, clock: Clock) -> None:
        self._settings, self._store, self._clock = settings, store, clock
        self._read: tuple[object, DispatchDay] | None = None

    def __call__(self) -> DispatchDay:
        """Return it. Where it cannot be read again nothing leaves, and it says why.

        Raises
        ------
        EquipoiseError
            If it cannot be read the first time.
        """
        try:
            state = self._state()
            if self._read is None or self._read[0] != state:
                self._read = (state, dispatch_day(self._settings, self._store, self._clock))
        except EquipoiseError as error:
            if self._read is None:
                raise
            return replace(self._read[1], stopped=f"what holds now cannot be read: {error}")
        return self._read[1]

    def _state(self) -> object:
        home, today = self._settings.network_home(), self._clock.today()
        last = [self._store.history(stream, last=1) for stream in (RELEASES, PAUSE, ACCESS)]
        plan_date = home.profile.calendar.start_of_bucket(today)
        return today, [one[-1].version if one else 0 for one in last], judged(Published(home.published), plan_date)


def _availability(published: Published, network: str, plan_date: dt.date) -> Availability:
    return availability(published, network, plan_date, shown_orders(published, plan_date))


def may_approve(settings: Settings, book: AccessBook) -> frozenset[str]:
    """Return the people who may approve now; the owner of the home while nobody was granted a role."""
    if not book.ever_granted:
        return frozenset({owner_of(settings.network_home().root).person})
    return frozenset(person for person in book.people_that_may(Permission.APPROVE) if still_named(person))


def send_terms(settings: Settings) -> SendTerms:
    """Return how this process works the outbox off."""
    return SendTerms(by=settings.sender or f"{socket.gethostname()}/{os.getpid()}")


def _stopped(published: Published, profile: NetworkProfile, store: OrderStore, plan_date: dt.date) -> str:
    planned = store.orders(OrderFilter(network=profile.name, plan_date=plan_date, channel=Channel.LIVE, going_on=True))
    runs = {order.document.provenance.run_id for order in planned}
    return stopped(published, plan_date) or hindsight(published, plan_date, runs)
