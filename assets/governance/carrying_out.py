"""Doing what a recorded rollback says of orders in flight, once, also where the process that recorded it died.

The rollback's event holds what becomes of each order; a second event says that all were seen to. Between the two
whoever comes next goes on (``finish``): every step leaves alone what was done. Not here: the rules (``in_flight``),
or taking a release back (``rollback``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from assets.governance.disposition import TRANSFER, counter_move, counter_move_id
from assets.governance.events import RELEASES, Event, LeftToPeople, RollbackCarriedOut, RolledBack
from assets.governance.in_flight import Disposition, InFlight
from assets.governance.log import GovernanceLog, settle
from assets.kernel.errors import EquipoiseError
from assets.orders.decide import decide
from assets.orders.events import Cancel, Propose, Withdraw
from assets.orders.order import ENDED, Order, OrderStatus
from assets.orders.store import Append, OrderFilter, OrderStore, VersionConflict, require_order

REASON = "policy_rolled_back"
"""Why orders are cancelled; beside what people may say, because no person says it of one order."""
_ATTEMPTS = 5
_ARRIVED = (OrderStatus.RECEIVED, OrderStatus.CLOSED)


@dataclass(frozen=True)
class CarriedOut:
    """What became of orders, by id; each sorted.

    Attributes
    ----------
    kept, held, cancelled : tuple of str
        Orders that go on, that wait for a person, and that are cancelled or asked to be.
    compensated : dict
        Order to the proposal that undoes it.
    for_people : dict
        Order to why a person has to see to it: what was bought cannot be sent back by a document.
    """

    kept: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    cancelled: tuple[str, ...] = ()
    compensated: Mapping[str, str] = field(default_factory=dict)
    for_people: Mapping[str, str] = field(default_factory=dict)

    @property
    def changed(self) -> tuple[str, ...]:
        """Orders to which something happened, and proposals that are new."""
        return tuple(sorted({*self.cancelled, *self.compensated.values()}))


def unfinished(history: Iterable[Event]) -> tuple[RolledBack, ...]:
    """Return the rollbacks whose orders nobody has said to be seen to, oldest first."""
    open_: dict[tuple[str, dt.datetime], RolledBack] = {}
    for event in history:
        if isinstance(event, RolledBack) and event.orders:
            open_[event.version, event.at] = event
        if isinstance(event, RollbackCarriedOut):
            open_.pop((event.version, event.rolled_back_at), None)
    return tuple(open_.values())


def finish(store: OrderStore, log: GovernanceLog, *, today: dt.date, at: dt.datetime) -> tuple[CarriedOut, ...]:
    """Carry out every rollback that is not, and return what became of its orders.

    Parameters
    ----------
    today : date
        The clock's plan date: counter-moves that were not proposed yet are documents of it.
    at : datetime
        UTC, for the audit.
    """
    return tuple(see_to(store, log, rolled, today=today, at=at) for rolled in unfinished(log.history(RELEASES)))


def see_to(store: OrderStore, log: GovernanceLog, rolled: RolledBack, *, today: dt.date, at: dt.datetime) -> CarriedOut:
    """Carry one rollback out, and record that it was."""
    done = carry_out(store, rolled, plan_date=today)
    left = tuple(LeftToPeople(order_id, why) for order_id, why in sorted(done.for_people.items()))

    def carried(history: tuple[Event, ...]) -> Sequence[Event]:
        again = rolled in unfinished(history)
        return (RollbackCarriedOut(rolled.version, rolled.at, at, left),) if again else ()

    settle(log, RELEASES, carried)
    return done


def carry_out(store: OrderStore, rolled: RolledBack, *, plan_date: dt.date) -> CarriedOut:
    """Carry out what a rollback says of orders, through the ledger.

    ``cancel`` asks the ledger, and through it the other side; ``compensate`` proposes the counter-move.

    Parameters
    ----------
    plan_date : date
        The clock's: counter-moves are documents of this date.
    """
    done: dict[InFlight, list[str]] = {action: [] for action in InFlight}
    counter: dict[str, str] = {}
    people: dict[str, str] = {}
    for one in rolled.orders or ():
        if one.action is InFlight.COMPENSATE:
            undone_by, why = _compensate(store, require_order(store, one.order_id), rolled, plan_date)
            counter.update({one.order_id: undone_by} if undone_by else {})
            people.update({one.order_id: why} if why else {})
            continue
        action = _given_up(store, one, rolled) if one.action is InFlight.CANCEL else one.action
        if action is None:
            people[one.order_id] = "it went on while the release was taken back; look at it again"
        else:
            done[action].append(one.order_id)
    return CarriedOut(
        tuple(done[InFlight.KEEP]), tuple(done[InFlight.HOLD]), tuple(done[InFlight.CANCEL]), counter, people
    )


def _given_up(store: OrderStore, one: Disposition, rolled: RolledBack) -> InFlight | None:
    """Cancel an order, also where somebody else changes it meanwhile; ``None`` where it could not be."""
    note = f"{rolled.version} was taken back"
    for _ in range(_ATTEMPTS):
        order = require_order(store, one.order_id)
        if order.status in _ARRIVED:
            return None
        if order.status in ENDED:
            return InFlight.CANCEL if order.status is OrderStatus.CANCELLED else InFlight.KEEP
        if rolled.version not in order.document.releases:
            return InFlight.KEEP  # the restored release has planned it anew meanwhile
        # What nobody acted on is withdrawn, so that the restored release may propose the very same.
        gives_up = Withdraw(note, "") if order.status is OrderStatus.PROPOSED else Cancel(rolled.by, REASON, note)
        events = decide(order, gives_up)
        try:
            if events:
                store.append([Append(order.order_id, order.version, events)])
        except VersionConflict:
            continue
        return InFlight.CANCEL
    return None


def _compensate(store: OrderStore, order: Order, rolled: RolledBack, plan_date: dt.date) -> tuple[str, str]:
    """Return the proposal that undoes an order, made now unless it was; or why people have to see to it."""
    if order.document.kind != TRANSFER:
        return "", f"a {order.document.kind} under way is sent back by no document of ours"
    days = (plan_date - (rolled.plan_date or plan_date)).days
    names = [counter_move_id(order, plan_date - dt.timedelta(days=back)) for back in range(max(days, 0) + 1)]
    known = store.orders(OrderFilter(order_ids=tuple(sorted(names))))
    if known:
        return known[0].order_id, ""
    try:
        document = counter_move(order, plan_date)
        store.append([Append(document.order_id, 0, decide(None, Propose(document)))])
    except VersionConflict:
        pass  # another process proposed the same document: one is enough
    except EquipoiseError as refused:
        return "", str(refused)
    return document.order_id, ""
