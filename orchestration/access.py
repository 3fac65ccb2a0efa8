"""Who is at work on a network, what they may do and see, and what of that is written down.

The command line asks here before anything else, as every other way in will have to. Not here: roles and
permissions (``policy.access``), who somebody is (``governance.identity``), or what is hidden how
(``policy.masking``).
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from assets.governance.access_log import log_sensitive_read, refusals_logged
from assets.governance.events import ACCESS
from assets.governance.grants import access_book
from assets.governance.identity import current_user, identify, owner_of
from assets.governance.ledger_log import LedgerLog
from assets.kernel.clock import Clock
from assets.kernel.errors import EquipoiseError
from assets.kernel.home import NetworkHome
from assets.kernel.published import Published
from assets.orders.codec import UnreadableEvent
from assets.orders.sql_store import SqlOrderStore
from assets.policy.access import Identity, Permission, require
from assets.policy.masking import sensitive_in
from assets.policy.oversight import MaskingRules
from orchestration.ledger import open_ledger
from orchestration.policies import registry_of
from orchestration.sensitive import NamedOrders, sensitive_items
from orchestration.settings import Settings

Shown = TypeVar("Shown")


@dataclass
class Access:
    """Somebody at work on a network.

    Attributes
    ----------
    settings : Settings
        The installation.
    store : SqlOrderStore
        The ledger, open as long as they are at work.
    clock : Clock
        The network's.
    identity : Identity
        Who they are.
    what : str
        What they do, as a person would name it.
    """

    settings: Settings
    store: SqlOrderStore
    clock: Clock
    identity: Identity
    what: str
    _written_down: set[str] = field(default_factory=set)

    @property
    def home(self) -> NetworkHome:
        """Home of the network."""
        return self.settings.network_home()

    @property
    def network(self) -> str:
        """Name of the network."""
        return self.home.profile.name

    @property
    def today(self) -> dt.date:
        """Date by the network's clock."""
        return self.clock.today()

    @property
    def log(self) -> LedgerLog:
        """Streams of governance."""
        return LedgerLog(self.store)

    @cached_property
    def sensitive_items(self) -> frozenset[str]:
        """All sensitive items, by the latest plan, the newest item master and what the ledger holds beyond them."""
        return sensitive_items(self.home, self.store)

    def hidden_items(self, *, of_orders: Iterable[str] = ()) -> frozenset[str]:
        """Return the items that they may not see: sensitive ones, and of some orders those that no plan here names."""
        if self.identity.may(Permission.READ_SENSITIVE):
            return frozenset()
        return self._orders.hidden_in(of_orders).items

    def hides(self, item_id: str, *, of_order: str = "") -> bool:
        """Tell whether an item, perhaps one of an order, is one that they may not see."""
        return item_id in self.hidden_items(of_orders=(of_order,))

    def require_sight_of(self, item_id: str, *, of_order: str = "") -> None:
        """Let somebody pass who may see an item, perhaps one of an order.

        Raises
        ------
        NotPermitted
            If it is hidden from them; the error does not name it.
        """
        if self.hides(item_id, of_order=of_order):
            require(self.identity, Permission.READ_SENSITIVE)

    def shown(self, what: Shown) -> Shown:
        """Return what they may see of a record, a list of them, or a text; a sight of sensitive items is logged.

        Each item is logged once, before it is shown: what cannot be written down is not shown.
        """
        hidden = self._orders.hidden_of(what)
        if not self.identity.may(Permission.READ_SENSITIVE):
            return hidden.masked(what, self._rules)
        fresh = sensitive_in(what, hidden.items - self._written_down)
        log_sensitive_read(self.log, self.clock, self.identity, self.what, fresh)
        self._written_down |= fresh
        return what

    @cached_property
    def _rules(self) -> MaskingRules:
        return masking_rules(self.home, self.store)

    @cached_property
    def _orders(self) -> NamedOrders:
        return NamedOrders(self.store, self.sensitive_items, Published(self.home.published))


@contextmanager
def at_work(
    settings: Settings, what: str, needs: Permission, environ: Mapping[str, str] | None = None
) -> Iterator[Access]:
    """Identify who acts on the network of the settings, and let them work if they may.

    What they are refused, here or inside, is written down in the access log.

    Parameters
    ----------
    settings : Settings
        The installation.
    what : str
        The command or asset, as a person would name it.
    needs : Permission
        Without which nothing of it is done.
    environ : mapping, optional
        The environment, of which only the token is read; this process's if not given.

    Raises
    ------
    EquipoiseError
        If there is no network, if a token stands for nobody, or if they may not.
    """
    home = settings.network_home()
    clock = home.profile.clock
    with closing(open_ledger(settings, clock)) as store:
        log = LedgerLog(store)
        with refusals_logged(log, clock, what):
            identity = _let_in(home, log, clock, needs, environ)
            yield Access(settings, store, clock, identity, what)


def _let_in(
    home: NetworkHome, log: LedgerLog, clock: Clock, needs: Permission, environ: Mapping[str, str] | None
) -> Identity:
    try:
        identity = who_acts(home, log, clock, environ)
    except UnreadableEvent:
        if needs is not Permission.VERIFY_LEDGER:
            raise
        # Who may do what is itself in doubt: looking for what was touched takes nobody's leave, and shows nothing
        # that is hidden from a stranger.
        return Identity(current_user().person)
    require(identity, needs)
    return identity


def who_acts(home: NetworkHome, log: LedgerLog, clock: Clock, environ: Mapping[str, str] | None = None) -> Identity:
    """Return whom this process acts as: the person of its token, else the user that it runs as.

    Raises
    ------
    TokenFault
        If the token stands for nobody.
    """
    return identify(
        access_book(log.history(ACCESS)), user=current_user(), owner=owner_of(home.root),
        environ=os.environ if environ is None else environ, today=clock.today(),
    )  # fmt: skip


def masking_rules(home: NetworkHome, store: SqlOrderStore) -> MaskingRules:
    """Return the active release's rules; the strictest where none can be read."""
    try:
        return registry_of(home, store).active().masking
    except EquipoiseError:
        return MaskingRules()


def describe(identity: Identity) -> dict[str, Any]:
    """Return somebody as a record."""
    return {"person": identity.person, "roles": sorted(identity.roles), "via": identity.via}
