"""What assets and jobs do, as whom, and whether they may: asked before each step, in one place.

A run that Dagster starts (from its pages, a schedule, a sensor) acts as whoever its process runs as: a person or a
service with a role of their own, by uid or by the token in its environment. The command line has asked already when it
runs a plan in its own process. Not here: who somebody is (``access``), or what roles may do (``policy.access``).
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import dagster as dg

from assets.governance.access_log import refusals_logged
from assets.governance.ledger_log import LedgerLog
from assets.governance.tokens import TokenFault
from assets.kernel.clock import Clock
from assets.kernel.errors import EquipoiseError
from assets.kernel.home import NetworkHome
from assets.orders.store import OrderStore
from assets.policy.access import Permission, require
from orchestration.access import who_acts
from orchestration.stages import DISPATCH

ACTS: Mapping[str, Permission] = {
    "feeds": Permission.LAND_DATA,
    "staging": Permission.PLAN,
    "quality": Permission.PLAN,
    "features": Permission.PLAN,
    "forecasting": Permission.PLAN,
    "inventory": Permission.PLAN,
    "forecast_gate": Permission.PLAN,
    "rebalancing": Permission.PLAN,
    "plan_gate": Permission.PLAN,
    "orders": Permission.PLAN,
    "rollout": Permission.PLAN,
    "monitoring": Permission.PLAN,
    DISPATCH: Permission.DISPATCH,
}
"""Stage to what its assets need: pruning and the canary's guards are parts of a plan. A stage not named here fails."""

Admit = Callable[[Permission, str], None]
"""Raises ``NotPermitted`` unless whoever runs this process may do something, named as a person would."""


def admitted_before(_needs: Permission, _what: str) -> None:
    """Let a run go on whose process has asked before it started it."""


class Doorkeeper:
    """Asks who runs this process, and whether they may; what they are refused is in the access log.

    Parameters
    ----------
    home : NetworkHome
        Of the network.
    store : OrderStore
        The ledger, which holds grants and tokens.
    clock : Clock
        The network's.
    """

    def __init__(self, home: NetworkHome, store: OrderStore, clock: Clock) -> None:
        self._home, self._store, self._clock = home, store, clock

    def __call__(self, needs: Permission, what: str) -> None:
        """Let a step pass.

        Raises
        ------
        NotPermitted
            If whoever runs this process may not.
        TokenFault
            If their token stands for nobody.
        """
        log = LedgerLog(self._store)
        with refusals_logged(log, self._clock, what):
            require(who_acts(self._home, log, self._clock), needs)

    def refusal(self, needs: Permission) -> str:
        """Return why they may not, without writing it down; empty if they may."""
        try:
            identity = who_acts(self._home, LedgerLog(self._store), self._clock)
        except TokenFault as fault:
            return str(fault)
        return "" if identity.may(needs) else f"{identity.person} may not {needs}; `equipoise access grant` gives roles"


def guarded(asset: Any, admit: Admit) -> Any:
    """Return an asset whose steps are admitted first; others as they are."""
    if isinstance(asset, dg.AssetsDefinition) and asset.is_executable:
        body = asset.op.compute_fn
        needs, what = need_of(asset), f"asset {asset.op.name}"
        # Dagster has no public way to wrap the function that an asset was declared with.
        asset.op._compute_fn = body._replace(  # type: ignore[union-attr]
            decorated_fn=_asked_first(body.decorated_fn, lambda: admit(needs, what))
        )
    return asset


def need_of(asset: dg.AssetsDefinition) -> Permission:
    """Return what the assets of one step need, the stricter where they differ; checks alone need planning.

    Raises
    ------
    EquipoiseError
        If an asset is of no stage that says what it needs.
    """
    groups = {spec.group_name or "" for spec in asset.specs}
    lawless = sorted(groups - ACTS.keys())
    if lawless:
        raise EquipoiseError(
            f"nothing says who may run assets of group {lawless[0] or 'none'}", where=f"asset {asset.op.name}",
            remedy="Give them a group of the stages, and the stage what it needs in `actions.ACTS`",
        )  # fmt: skip
    needs = {ACTS[group] for group in groups} or {Permission.PLAN}
    return next((one for one in (Permission.DISPATCH, Permission.PLAN) if one in needs), Permission.LAND_DATA)


def _asked_first(body: Callable[..., Any], ask: Callable[[], None]) -> Callable[..., Any]:
    @functools.wraps(body)
    def whole(*given: Any, **named: Any) -> Any:
        ask()
        return body(*given, **named)

    @functools.wraps(body)
    def piecewise(*given: Any, **named: Any) -> Iterator[Any]:
        ask()
        yield from body(*given, **named)

    return piecewise if inspect.isgeneratorfunction(body) else whole
