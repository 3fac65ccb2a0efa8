"""Doing what a recorded rollback says of orders in flight, once, also where the process that recorded it died.

The rollback's event holds what becomes of each order; a second event says that they were seen to. Between the two
whoever comes next goes on (``finish``): every step leaves alone what was done. An order of which nobody knows whether
it arrived waits, held, until that is known; then whoever comes next sees to it by where it stands. Goods on their way
wait until a snapshot of stock can count them. Not here: the rules (``in_flight``), or taking a release back
(``rollback``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from assets.governance.disposition import TRANSFER, counter_move, counter_move_id
from assets.governance.events import RELEASES, Arrival, Event, HoldLifted, LeftToPeople, RollbackCarriedOut, RolledBack
from assets.governance.in_flight import IN_FLIGHT, InFlight
from assets.governance.log import GovernanceLog, settle
from assets.kernel.errors import EquipoiseError
from assets.orders.decide import decide
from assets.orders.events import Cancel, Command, Propose, Withdraw
from assets.orders.order import Order, OrderStatus
from assets.orders.store import Append, OrderFilter, OrderStore, VersionConflict, require_order

REASON = "policy_rolled_back"
"""Why orders are cancelled; beside what people may say, because no person says it of one order."""
_ATTEMPTS = 5
NO_ARRIVALS: Mapping[str, dt.date] = {}
_ARRIVED = frozenset({OrderStatus.RECEIVED, OrderStatus.CLOSED})


@dataclass(frozen=True)
class Fate:
    """What became of one order: by which rule, undone by which proposal, whether the ledger changed it, or why not.

    ``waits`` until the other side has said whether it has the order, or until a plan date counts its goods, which
    have ``arrived`` or not.
    """

    order_id: str
    action: InFlight | None = None
    undone_by: str = ""
    changed: bool = False
    for_people: str = ""
    waits: bool = False
    arrived: bool = False


@dataclass(frozen=True)
class CarriedOut:
    """What became of orders, by id; each sorted.

    Attributes
    ----------
    kept, held, cancelled : tuple of str
        Orders that go on, that wait for a person, and that are cancelled or asked to be.
    as_before : tuple of str
        Those of the kept ones that lost an amendment: they go on as the other side has them.
    compensated : dict
        Order to the proposal that undoes it; empty while its goods are on their way.
    for_people : dict
        Order to why a person has to see to it: what was bought cannot be sent back by a document.
    waiting : tuple of str
        Those that nothing more can be done about yet: whether they reached the other side, or their goods the site.
    arrived : tuple of str
        Those of the waiting ones whose goods have come, which the snapshot of a later plan date counts.
    """

    kept: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    cancelled: tuple[str, ...] = ()
    as_before: tuple[str, ...] = ()
    compensated: Mapping[str, str] = field(default_factory=dict)
    for_people: Mapping[str, str] = field(default_factory=dict)
    waiting: tuple[str, ...] = ()
    arrived: tuple[str, ...] = ()

    @property
    def changed(self) -> tuple[str, ...]:
        """Orders to which something happened, and proposals that are new."""
        return tuple(sorted({*self.cancelled, *self.as_before, *filter(None, self.compensated.values())}))

    @classmethod
    def of(cls, fates: Iterable[Fate]) -> CarriedOut:
        """Return what became of orders, put together."""
        found = sorted(fates, key=lambda fate: fate.order_id)

        def those(action: InFlight) -> tuple[str, ...]:
            return tuple(fate.order_id for fate in found if fate.action is action)

        return cls(
            those(InFlight.KEEP), those(InFlight.HOLD), those(InFlight.CANCEL),
            tuple(fate.order_id for fate in found if fate.changed and fate.action is InFlight.KEEP),
            {fate.order_id: fate.undone_by for fate in found if fate.action is InFlight.COMPENSATE},
            {fate.order_id: fate.for_people for fate in found if fate.for_people},
            tuple(fate.order_id for fate in found if fate.waits),
            tuple(fate.order_id for fate in found if fate.arrived),
        )  # fmt: skip


def unfinished(history: Iterable[Event]) -> tuple[RolledBack, ...]:
    """Return the rollbacks with the orders that nobody has said to be seen to, oldest first."""
    open_: dict[tuple[str, dt.datetime], RolledBack] = {}
    for event in history:
        if isinstance(event, RolledBack) and event.orders:
            open_[event.version, event.at] = event
        if isinstance(event, RollbackCarriedOut):
            key = event.version, event.rolled_back_at
            rolled = open_.pop(key, None)
            left = tuple(one for one in (rolled.orders or ()) if one.order_id in event.waiting) if rolled else ()
            if rolled and left:
                open_[key] = replace(rolled, orders=left)
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
    """Carry one rollback out, and record that it was; nothing where all that is left of it still waits."""
    before = log.history(RELEASES)
    lifted = {
        (event.order_id, event.revision) for event in before if isinstance(event, HoldLifted) and event.at >= rolled.at
    }
    done = carry_out(store, rolled, plan_date=today, lifted=lifted, arrivals=arrivals_of(before, rolled))
    left = tuple(LeftToPeople(order_id, why) for order_id, why in sorted(done.for_people.items()))

    def carried(history: tuple[Event, ...]) -> Sequence[Event]:
        # Another process may have seen to some of them meanwhile.
        open_ = _still_open(history, rolled)
        waiting = tuple(order_id for order_id in done.waiting if order_id in open_)
        noted = arrivals_of(history, rolled)
        arrived = tuple(Arrival(one, today) for one in done.arrived if one in open_ and one not in noted)
        told = any(_says_of(event, rolled) for event in history)
        if not open_ or (told and open_ == set(waiting) and not arrived):
            return ()
        return (RollbackCarriedOut(rolled.version, rolled.at, at, left, waiting, arrived),)

    settle(log, RELEASES, carried)
    return done


def arrivals_of(history: Iterable[Event], rolled: RolledBack) -> dict[str, dt.date]:
    """Return, by order of a rollback, the plan date on which its goods were first seen to have come."""
    found: dict[str, dt.date] = {}
    for event in history:
        if isinstance(event, RollbackCarriedOut) and _says_of(event, rolled):
            for one in event.arrived:
                found.setdefault(one.order_id, one.plan_date)
    return found


def _still_open(history: tuple[Event, ...], rolled: RolledBack) -> set[str]:
    """Return the orders of a rollback that nobody has said to be seen to."""
    same = [one for one in unfinished(history) if (one.version, one.at) == (rolled.version, rolled.at)]
    return {order.order_id for one in same for order in one.orders or ()}


def _says_of(event: Event, rolled: RolledBack) -> bool:
    if not isinstance(event, RollbackCarriedOut):
        return False
    return (event.version, event.rolled_back_at) == (rolled.version, rolled.at)


def carry_out(
    store: OrderStore,
    rolled: RolledBack,
    *,
    plan_date: dt.date,
    lifted: Collection[tuple[str, int]] = (),
    arrivals: Mapping[str, dt.date] = NO_ARRIVALS,
) -> CarriedOut:
    """Carry out what the rules say of a rollback's orders, as they stand now, through the ledger.

    Orders may have moved since the rollback was recorded: the rule for the status that an order has now holds, and
    again for the status that carrying it out left it in, until nothing of the release is left to see to.

    Parameters
    ----------
    plan_date : date
        The clock's: counter-moves are documents of this date.
    lifted : collection of (order, revision)
        Of which a person has said meanwhile that they hold.
    arrivals : mapping
        Order to the plan date on which its goods were first seen to have come.

    Raises
    ------
    EquipoiseError
        If the ledger is busy; nothing is recorded as done then, and whoever comes next goes on.
    """
    return CarriedOut.of(
        _seen_to(store, one.order_id, rolled, plan_date, lifted, arrivals.get(one.order_id))
        for one in rolled.orders or ()
    )


def _seen_to(
    store: OrderStore,
    order_id: str,
    rolled: RolledBack,
    plan_date: dt.date,
    lifted: Collection[tuple[str, int]],
    came_on: dt.date | None,
) -> Fate:
    """Bring one order to where the rules have nothing more to do, also where somebody else changes it meanwhile."""
    changed, lost = False, 0
    while True:
        order = require_order(store, order_id)
        fate = _settled(order, rolled, lifted)
        if fate is InFlight.COMPENSATE:
            return replace(_compensated(store, order, rolled, plan_date, came_on), changed=changed)
        if isinstance(fate, InFlight | str):
            told, why = (fate, "") if isinstance(fate, InFlight) else (None, fate)
            waits = told is InFlight.HOLD and order.status is OrderStatus.UNKNOWN
            return Fate(order_id, told, changed=changed, for_people=why, waits=waits)
        try:
            store.append([Append(order_id, order.version, decide(order, fate))])
            changed = True
        except VersionConflict:
            lost += 1
            if lost == _ATTEMPTS:
                raise


def _settled(order: Order, rolled: RolledBack, lifted: Collection[tuple[str, int]]) -> InFlight | str | Command:
    """Return what became of an order, why people have to see to it, or what is to be done to it first."""
    if order.status is OrderStatus.CANCELLED:
        return InFlight.CANCEL
    of_release = rolled.version in order.document.releases
    if not of_release or (order.order_id, order.revision) in lifted:
        return InFlight.KEEP  # the restored release has planned it anew meanwhile, or a person vouches for it
    if _came_after(order, rolled):
        return InFlight.COMPENSATE
    action, _ = IN_FLIGHT[order.status]
    if action is not InFlight.CANCEL or order.cancel_pending:
        return action
    note = f"{rolled.version} was taken back"
    if order.status is OrderStatus.PROPOSED:
        # What nobody acted on is withdrawn, so that the restored release may propose the very same. Of an amendment
        # that leaves what the other side has, which is looked at anew.
        return Withdraw(note, "")
    if order.former is not None and rolled.version not in order.former.document.releases:
        return "its amendment is on the way; to cancel it would cancel what another release ordered"
    return Cancel(rolled.by, REASON, note)


def _came_after(order: Order, rolled: RolledBack) -> bool:
    """Tell whether goods came by a transfer since its release was taken back."""
    then = {one.order_id: one.status for one in rolled.orders or ()}
    if order.receipt is None or order.document.kind != TRANSFER or then.get(order.order_id) in _ARRIVED:
        return False
    return order.status in _ARRIVED and any(line.received_units for line in order.receipt.lines)


def _compensated(
    store: OrderStore, order: Order, rolled: RolledBack, plan_date: dt.date, came_on: dt.date | None
) -> Fate:
    """Return the proposal that undoes an order, made now unless it was; or why people have to see to it.

    It is made on a plan date after the one on which its goods were first seen to have come, whose snapshot of stock
    counts them: before, nothing could be reserved for it.
    """
    if order.document.kind != TRANSFER:
        why = f"a {order.document.kind} under way is sent back by no document of ours"
        return Fate(order.order_id, for_people=why)
    if came_on is None or came_on >= plan_date:
        return Fate(order.order_id, InFlight.COMPENSATE, waits=True, arrived=order.status in _ARRIVED)
    days = (plan_date - (rolled.plan_date or plan_date)).days
    names = [counter_move_id(order, plan_date - dt.timedelta(days=back)) for back in range(max(days, 0) + 1)]
    known = store.orders(OrderFilter(order_ids=tuple(sorted(names))))
    if known:
        return Fate(order.order_id, InFlight.COMPENSATE, known[0].order_id)
    try:
        document = counter_move(order, plan_date)
    except EquipoiseError as refused:
        return Fate(order.order_id, for_people=str(refused))
    with suppress(VersionConflict):  # another process proposed the same document: one is enough
        store.append([Append(document.order_id, 0, decide(None, Propose(document)))])
    return Fate(order.order_id, InFlight.COMPENSATE, document.order_id)
