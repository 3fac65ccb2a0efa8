"""One dispatch run: what came too late ends, rules speak, stock is kept, what may leave leaves, answers come back.

Every step can be repeated, and a process that dies between two of them leaves the rest to the next. Not
here: any of the steps (``requirement``, ``pause``; ``orders.reservations``, ``issuing``, ``outbox``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from assets.governance.approval import not_counted, required, uncounted
from assets.governance.facts import Known, facts_of
from assets.governance.pause import PauseState, paused_by
from assets.governance.requirement import Requirement, requirement
from assets.kernel.errors import EquipoiseError
from assets.orders.answers import answer_each
from assets.orders.availability import Availability
from assets.orders.confirmations import Taken, take_confirmations
from assets.orders.decide import decide
from assets.orders.events import CancelRequested, Channel, Command, OrderIssued, Reopen, ResendRequested
from assets.orders.evolve import evolve_all
from assets.orders.gateways.port import Gateway, NotSent, NotUnderstood, OutcomeUnknown
from assets.orders.issuing import CAPACITY, Issued, close, expire, issue
from assets.orders.order import Order, OrderStatus, certainly_here
from assets.orders.outbox import Now, SendTerms, Sent, outbox, send_due
from assets.orders.reservations import Reservations, reserve
from assets.orders.store import OrderFilter, OrderStore
from assets.orders.unanswered import awaits_answer, has_missed_departure
from assets.policy.oversight import Feature
from assets.policy.release import Release

_MORE_PEOPLE = "the rules ask for more people now"
CLOCKS_AGREE = dt.timedelta(minutes=5)
"""Clocks of hosts that are nearer to each other tell the same day, but for these minutes at midnight."""


@dataclass(frozen=True)
class DispatchDay:
    """What holds for orders when they are to leave.

    Attributes
    ----------
    network : str
        Whose orders.
    plan_date : date
        The clock's; orders of no other date leave.
    today : date
        By the network's clock.
    release : Release
        Whose limits and toggles hold.
    known : Known
        What the plan date knows beside its documents.
    availability : Availability or None
        What may be reserved; ``None`` where the plan date was not planned, or elsewhere: nothing leaves then.
    pauses : PauseState
        What is paused today.
    may_approve : frozenset of str
        Who may approve now.
    held : dict
        Order to why it may not leave: the release that made it was taken back.
    left : dict
        Order to why a person has to see to it: a rollback could not settle it.
    unanswered : dict
        Order to since when the other side has it and does not answer.
    stopped : str
        Why nothing of the plan may leave: a gate stopped it since. Empty if nothing did.
    capacity : int
        Orders that the outbox holds.
    gateway : str
        Where orders go (``Gateway.address``); empty where that is not known.
    clock_off : str
        By how much this host's clock is off the ledger's, in words; nothing leaves, ends or is opened again then.
        Empty if they agree.
    next_plan_date : date or None
        From which on these leave no more, however long their window is; ``None`` if it is not known.
    """

    network: str
    plan_date: dt.date
    today: dt.date
    release: Release
    known: Known
    availability: Availability | None
    pauses: PauseState
    may_approve: frozenset[str]
    stopped: str = ""
    held: Mapping[str, str] = field(default_factory=dict)
    left: Mapping[str, str] = field(default_factory=dict)
    unanswered: Mapping[str, str] = field(default_factory=dict)
    capacity: int = CAPACITY
    gateway: str = ""
    clock_off: str = ""
    next_plan_date: dt.date | None = None

    @property
    def closed(self) -> str:
        """Why nothing of the plan date may leave; empty if it may."""
        if self.clock_off:
            return self.clock_off
        if self.availability is None:
            return f"the tables of the plan of {self.plan_date} are not on this host"
        if self.stopped:
            return self.stopped
        return "" if self.today < self.window_ends else f"its dispatch window ended on {self.window_ends}"

    @property
    def window_ends(self) -> dt.date:
        """First day on which orders of the plan date leave no more."""
        ends = self.plan_date + dt.timedelta(days=self.release.dispatch.window_days)
        return ends if self.next_plan_date is None else min(ends, self.next_plan_date)

    @property
    def can_judge(self) -> bool:
        """Whether rules can speak: what a plan knows of an order is in its tables, and the clock is right."""
        return self.availability is not None and not self.clock_off


@dataclass(frozen=True)
class Dispatched:
    """What one dispatch run brought; ids in each list sorted or in the order of sending.

    Attributes
    ----------
    expired : tuple of str
        Came too late.
    waiting_for_people : tuple of str
        Proposals that somebody has to approve.
    reserved : Reservations
        Whose stock is kept, and whose was not there.
    issued : Issued
        What went into the outbox, and what was held and why.
    sent : Sent
        What came of sending.
    taken : Taken or None
        What the other side said; ``None`` if it did not answer.
    silence : str
        Why it did not; empty if it did.
    in_outbox : int
        Orders that are left there.
    held_in_outbox : int
        Those of them that wait for somebody to let them go, as the inbox says.
    oldest : str
        The one of the others that has waited longest; empty if none is left.
    waited : timedelta
        Since that one was issued, or was to be sent again or cancelled.
    changed : tuple of str
        Orders to which anything happened.
    left_to_people : dict
        Order to why a person has to see to it: a rollback could not settle it.
    unanswered : dict
        Order to since when the other side has it and does not answer.
    alerts_refused : str
        Why alerts of the run did not go out, which are tried again with the next; empty if they did.
    clock_off : str
        By how much this host's clock is off, so that nothing was ended or sent; empty if it is right.
    """

    expired: tuple[str, ...] = ()
    waiting_for_people: tuple[str, ...] = ()
    reserved: Reservations = field(default_factory=lambda: Reservations((), ()))
    issued: Issued = field(default_factory=Issued)
    sent: Sent = field(default_factory=Sent)
    taken: Taken | None = None
    silence: str = ""
    in_outbox: int = 0
    held_in_outbox: int = 0
    oldest: str = ""
    waited: dt.timedelta = dt.timedelta(0)
    changed: tuple[str, ...] = ()
    left_to_people: Mapping[str, str] = field(default_factory=dict)
    unanswered: Mapping[str, str] = field(default_factory=dict)
    alerts_refused: str = ""
    clock_off: str = ""


def nobody_to_tell() -> None:
    """Tell nobody of what is about to leave."""


def dispatch(
    store: OrderStore,
    gateway: Gateway,
    day: DispatchDay,
    terms: SendTerms,
    now: Now,
    *,
    before_sending: Callable[[], object] = nobody_to_tell,
    day_now: Callable[[], DispatchDay] | None = None,
) -> Dispatched:
    """Bring orders as far as they may go, and take in what the other side says.

    Parameters
    ----------
    gateway : Gateway
        The other side. Where it is down orders wait; nothing is raised for it.
    terms : SendTerms
        How the outbox is worked off, and by whom.
    now : callable
        The time in UTC.
    before_sending : callable
        Called when all that may leave is in the outbox and nothing has left: what planning must know of it, it knows
        from then on, whatever dies later. What it raises keeps all orders here; the other side is heard all the same.
    day_now : callable
        What holds by now, asked before each order leaves; ``day`` if not given.
    """
    expired, closed = ((), ()) if day.clock_off else _ended(store, day)
    asked = (*reopen(store, day), *ask_rules(store, day))
    kept, issued = Reservations((), ()), Issued()
    if day.availability is not None and not day.closed:
        kept = reserve(
            store, _of(store, day, OrderStatus.APPROVED), day.availability.guard,
            stock_sites=day.availability.stock_sites, expires_on=day.window_ends,
        )  # fmt: skip
        issued = issue(
            store, _of(store, day, OrderStatus.RESERVED), gateway=gateway.address, by=terms.by,
            holds=lambda order: held_back(order, day), capacity=day.capacity,
        )  # fmt: skip
    try:
        before_sending()
    except (EquipoiseError, OSError):
        # Nothing leaves, and what the other side has said is taken in all the same.
        _listened(store, gateway, day.network)
        raise
    current = day_now or (lambda: day)
    sent = send_due(store, gateway, day.network, terms, now, lambda order: may_not_leave(order, current()))
    taken, silence = _listened(store, gateway, day.network)
    left = outbox(store, day.network)
    going = _not_held(left, current())
    changed = {
        *expired, *closed, *asked, *kept.reserved, *kept.refused, *issued.issued, *sent.answered, *sent.waiting,
        *sent.unknown, *sent.not_understood, *(taken.orders if taken else ()),
    }  # fmt: skip
    return Dispatched(
        expired, _waiting(store, day), kept, issued, sent, taken, silence, len(left), len(left) - len(going),
        *_oldest(store, going, now()), tuple(sorted(changed)), dict(day.left),
        _still_unanswered(store, day.unanswered), clock_off=day.clock_off,
    )  # fmt: skip


def clock_off(store: OrderStore, now: dt.datetime) -> str:
    """Return by how much a host's clock is off the one that the ledger's hosts share, in words; empty if they agree.

    Whoever lives on another day would end, or send, what is not of its day.
    """
    shared = store.shared_time()
    if shared is None or abs(now - shared) <= CLOCKS_AGREE:
        return ""
    way = "ahead of" if now > shared else "behind"
    minutes = abs(now - shared).total_seconds() / 60
    return f"this host's clock is {minutes:,.0f} minutes {way} the ledger's database: set it right"


def _ended(store: OrderStore, day: DispatchDay) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what came too late, and what arrived and is settled."""
    days = day.release.dispatch.window_days
    expired = expire(store, day.network, day.today, plan_date=day.plan_date, window_days=days)
    return expired, close(store, day.network, day.today)


def reopen(store: OrderStore, day: DispatchDay) -> tuple[str, ...]:
    """Make proposals again of what was approved and no longer is: by people who may not, or by rules that changed.

    Also of what is in the outbox and has certainly not left: there nobody could approve it.
    """
    asked: list[tuple[Order, Command]] = []
    if not day.can_judge:
        return ()
    for status in (OrderStatus.APPROVED, OrderStatus.RESERVED, OrderStatus.ISSUED):
        for order in _of(store, day, status):
            if (status is not OrderStatus.ISSUED or waits_here(order)) and needs_people(order, day):
                why = "; ".join(not_counted(order, day.may_approve, day.today)) or _MORE_PEOPLE
                asked.append((order, Reopen(why, uncounted(order, day.may_approve, day.today))))
    return answer_each(store, asked)


def ask_rules(store: OrderStore, day: DispatchDay) -> tuple[str, ...]:
    """Have the rules speak about every live proposal of the plan date, and return those they said something new of.

    A host that cannot judge says nothing.
    """
    if not day.can_judge:
        return ()
    proposals = _of(store, day, OrderStatus.PROPOSED)
    return answer_each(store, [(order, required(_needed(order, day))) for order in proposals])


def as_asked(order: Order, day: DispatchDay) -> Order:
    """Return a proposal as it will be when the rules have spoken, as ``ask_rules`` has them speak."""
    if day.availability is None and order.approval is not None:
        return order
    return evolve_all(order, decide(order, required(_needed(order, day)))) or order


def may_not_leave(order: Order, day: DispatchDay) -> str:
    """Return why an order in the outbox that has certainly not arrived stays; empty if it may leave."""
    if order.document.plan_date != day.plan_date:
        return f"it is of {order.document.plan_date}, and orders of {day.plan_date} leave"
    return day.closed or held_back(order, day)


def held_back(order: Order, day: DispatchDay) -> str:
    """Return why an order that is reserved or in the outbox may not leave now; empty if it may."""
    faults = not_counted(order, day.may_approve, day.today)
    if faults:
        return "; ".join(faults)
    if needs_people(order, day):
        return _MORE_PEOPLE
    if order.order_id in day.held:
        return day.held[order.order_id]
    if order.former is not None and not day.release.enabled(Feature.AMENDMENTS):
        return f"{day.release.name} lets no amendment leave"
    return _missed(order, day.today) or paused_by(facts_of(order.document, order.revision, day.known), day.pauses)


def waits_here(order: Order) -> bool:
    """Tell whether an order in the outbox has certainly not left, and is still to."""
    return certainly_here(order) and not order.cancel_pending


def needs_people(order: Order, day: DispatchDay) -> bool:
    """Tell whether more people have to approve an order by now than have."""
    return _counted(order, day) < _needed(order, day).approvers


def _not_held(left: Iterable[Order], day: DispatchDay) -> list[Order]:
    """Return what of the outbox waits for no person; a host without the tables of the plan cannot tell."""

    def is_held(order: Order) -> bool:
        ours = day.availability is not None and order.document.plan_date == day.plan_date
        return ours and waits_here(order) and bool(day.stopped or held_back(order, day))

    return [order for order in left if not is_held(order)]


def _missed(order: Order, today: dt.date) -> str:
    """Return why a document comes too late: a line of it was to depart before today; empty where none was."""
    if not has_missed_departure(order, today):
        return ""
    first = order.document.first_departure
    return f"it was to depart on {first}, and today is {today}: a later plan decides anew"


def _counted(order: Order, day: DispatchDay) -> int:
    """Return the people whose approval counts now."""
    given = len(order.approval.given) if order.approval else 0
    return given - len(uncounted(order, day.may_approve, day.today))


def _needed(order: Order, day: DispatchDay) -> Requirement:
    facts = facts_of(order.document, order.revision, day.known, order.overridden_by)
    return requirement(replace(facts, decided_before=order.person_decided), day.release)


def _of(store: OrderStore, day: DispatchDay, status: OrderStatus) -> tuple[Order, ...]:
    wanted = OrderFilter(network=day.network, plan_date=day.plan_date, channel=Channel.LIVE, status=status)
    return store.orders(wanted)


def _waiting(store: OrderStore, day: DispatchDay) -> tuple[str, ...]:
    return tuple(order.order_id for order in _of(store, day, OrderStatus.PROPOSED))


def _listened(store: OrderStore, gateway: Gateway, network: str) -> tuple[Taken | None, str]:
    try:
        return take_confirmations(store, gateway, network), ""
    except (NotSent, OutcomeUnknown, NotUnderstood) as error:
        return None, str(error)


def _still_unanswered(store: OrderStore, before: Mapping[str, str]) -> dict[str, str]:
    orders = store.orders(OrderFilter(order_ids=tuple(sorted(before)))) if before else ()
    return {order.order_id: before[order.order_id] for order in orders if awaits_answer(order)}


def _oldest(store: OrderStore, left: Iterable[Order], now: dt.datetime) -> tuple[str, dt.timedelta]:
    """Return the order that has waited longest for its errand, and how long."""
    since = {order.order_id: _in_outbox_since(store, order) for order in left}
    first = min(since, key=lambda order_id: (since[order_id], order_id), default="")
    return first, max(now - since[first], dt.timedelta(0)) if first else dt.timedelta(0)


def _in_outbox_since(store: OrderStore, order: Order) -> dt.datetime:
    errands = OrderIssued | ResendRequested | CancelRequested
    return max(entry.recorded_at for entry in store.history(order.order_id) if isinstance(entry.event, errands))
