"""The pause switch: where nothing leaves for now. Plans go on.

Here: the commands, what is paused on a day, and whether that holds an order. Not here: dispatching.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from assets.governance.events import Event, Paused, PauseKind, PauseScope, Resumed
from assets.governance.facts import TRANSFER, OrderFacts
from assets.kernel.errors import EquipoiseError
from assets.policy.access import Identity, Permission, require


@dataclass(frozen=True)
class PauseState:
    """What is paused on one day, the pause of each scope that holds."""

    pauses: tuple[Paused, ...] = ()


def pause_state(history: Iterable[Event], today: dt.date) -> PauseState:
    """Return what is paused today, by scope.

    A pause holds from when it was recorded, whatever a host's clock says of ``since``, until it is resumed or
    until the clock reaches ``until``.
    """
    standing: dict[PauseScope, Paused] = {}
    for event in history:
        match event:
            case Paused(scope):
                standing[scope] = event
            case Resumed(scope):
                standing.pop(scope, None)
    held = [pause for pause in standing.values() if pause.until is None or today < pause.until]
    return PauseState(tuple(sorted(held, key=lambda pause: (pause.scope.kind, pause.scope.name))))


def paused_by(facts: OrderFacts, state: PauseState) -> str:
    """Return why an order does not leave; empty if no pause holds it."""
    for pause in state.pauses:
        if _concerns(pause.scope, facts):
            until = f" until {pause.until}" if pause.until else ""
            return f"{scope_name(pause.scope)} is paused since {pause.since}{until} by {pause.by}: {pause.why}"
    return ""


def pause(
    history: Iterable[Event],
    scope: PauseScope,
    *,
    by: Identity,
    at: dt.datetime,
    today: dt.date,
    why: str,
    until: dt.date | None = None,
) -> tuple[Event, ...]:
    """Pause a scope; pausing it again replaces reason and end. Nothing happens where both are the same.

    Raises
    ------
    EquipoiseError
        If they may not, if the scope is none, if no reason is given, or if it would end before it begins.
    """
    require(by, Permission.PAUSE)
    _require_scope(scope)
    why = " ".join(why.split())
    if not why:
        raise _refused(scope, "no reason was given", "Say why with --reason")
    if until is not None and until <= today:
        raise _refused(scope, f"it would end on {until}, and today is {today}", "Give a later day, or none")
    before = [one for one in pause_state(history, today).pauses if one.scope == scope]
    if before and (before[0].why, before[0].until) == (why, until):
        return ()
    since = before[0].since if before else today
    return (Paused(scope, by.person, at, since, why, until),)


def resume(
    history: Iterable[Event], scope: PauseScope, *, by: Identity, at: dt.datetime, today: dt.date, why: str = ""
) -> tuple[Event, ...]:
    """Let orders leave there again.

    Raises
    ------
    EquipoiseError
        If they may not, or if the scope is not paused; the error names what is.
    """
    require(by, Permission.PAUSE)
    paused = pause_state(history, today).pauses
    if scope not in {one.scope for one in paused}:
        names = ", ".join(scope_name(one.scope) for one in paused) or "nothing"
        raise _refused(scope, f"it is not paused; paused: {names}", "Name what is paused")
    return (Resumed(scope, by.person, at, " ".join(why.split())),)


def scope_of(text: str) -> PauseScope:
    """Return the scope that a text names: ``all``, ``site=DC1``, ``supplier=S9`` or ``lane=DC1>S1``.

    Raises
    ------
    EquipoiseError
        If it names none.
    """
    kind, _, name = text.strip().partition("=")
    if kind not in list(PauseKind):
        raise EquipoiseError(
            f"{text!r} cannot be paused", where="pause",
            remedy="Name all, site=SITE, supplier=SUPPLIER or lane=ORIGIN>DESTINATION",
        )  # fmt: skip
    scope = PauseScope(PauseKind(kind), name.strip())
    _require_scope(scope)
    return scope


def scope_name(scope: PauseScope) -> str:
    """Return how a person would name a scope."""
    return "everything" if scope.kind is PauseKind.ALL else f"{scope.kind} {scope.name}"


def _concerns(scope: PauseScope, facts: OrderFacts) -> bool:
    match scope.kind:
        case PauseKind.ALL:
            return True
        case PauseKind.SITE:
            # Levels have no origin: their ERP orders from the sources of their lines.
            supplied = {source for how, source in facts.level_sources if how == TRANSFER}
            return scope.name in {facts.origin_id, facts.destination_id, *supplied}
        case PauseKind.SUPPLIER:
            # What is sped up may come from a supplier.
            supplied = {source for how, source in facts.level_sources if how != TRANSFER}
            return facts.kind != TRANSFER and scope.name in {facts.origin_id, *supplied}
        case PauseKind.LANE:
            origins = {facts.origin_id, *(source for _, source in facts.level_sources)}
            return scope.name in {f"{origin}>{facts.destination_id}" for origin in origins}


def _require_scope(scope: PauseScope) -> None:
    fits = {
        PauseKind.ALL: not scope.name,
        PauseKind.SITE: bool(scope.name),
        PauseKind.SUPPLIER: bool(scope.name),
        PauseKind.LANE: all(scope.name.partition(">")),
    }
    if not fits[scope.kind]:
        raise _refused(
            scope, f"{scope.name!r} names no {scope.kind}", "Name all, a site, a supplier or ORIGIN>DESTINATION"
        )


def _refused(scope: PauseScope, what: str, remedy: str) -> EquipoiseError:
    return EquipoiseError(what, where=f"pause of {scope_name(scope)}", remedy=remedy)
