"""A real Tryton for tests: installed once for all sessions, with a fresh database for whoever asks."""

import datetime as dt
import fcntl
import itertools
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from assets.kernel.errors import EquipoiseError
from assets.orders.gateways.tryton.gateway import Tryton
from assets.orders.gateways.tryton.installation import (
    DATABASE,
    INTEGRATION_USER,
    OPERATOR,
    Installation,
    create_database,
    install,
)
from assets.orders.gateways.tryton.master import rows
from assets.orders.gateways.tryton.rpc import Credentials, Rpc
from assets.orders.gateways.tryton.server import serving
from assets.orders.gateways.tryton.their_orders import (
    LEVELS,
    PURCHASE,
    SHIPMENT,
    TheirOrder,
    level_documents,
    purchases,
    shipments,
)

FIRST = dt.date(2026, 1, 5)
KEPT = Path(__file__).parents[1] / ".equipoise" / "erp_test"


@dataclass
class Erp:
    """A server that runs, and its database."""

    url: str
    installation: Installation
    days: Iterator[dt.date] = field(default_factory=lambda: (FIRST + dt.timedelta(n) for n in itertools.count()))

    @property
    def file(self) -> Path:
        return self.installation.databases / f"{DATABASE}.sqlite"

    @property
    def key(self) -> str:
        return self.installation.key_file(INTEGRATION_USER).read_text().strip()

    def rpc(self, user: str = INTEGRATION_USER) -> Rpc:
        return Rpc(self.url, DATABASE, Credentials.from_file(user, self.installation.key_file(user)))

    def gateway(self, page: int = 500) -> Tryton:
        return Tryton(self.rpc(), page=page)

    def operator(self) -> "Operator":
        return Operator(self.rpc(OPERATOR))


class Operator:
    """A person in the warehouse and in purchasing, who works with Tryton and knows nothing of us."""

    def __init__(self, rpc: Rpc) -> None:
        self.rpc = rpc

    def order(self, reference: str) -> TheirOrder:
        domain = [["reference", "=", reference]]
        (found,) = [*shipments(self.rpc, domain), *purchases(self.rpc, domain), *level_documents(self.rpc, domain)]
        return found

    def orders(self) -> Mapping[str, int]:
        """Return how many records bear each reference, whoever made them."""
        found = [row for model in (SHIPMENT, PURCHASE, LEVELS) for row in rows(self.rpc, model, [], ["reference"])]
        return dict(Counter(row["reference"] for row in found))

    def times_there(self, reference: str) -> int:
        return self.orders().get(reference, 0)

    def accept(self, reference: str) -> None:
        order = self.order(reference)
        for button in ("wait",) if order.model == SHIPMENT else ("quote", "confirm"):
            self._click(order, button)

    def halve(self, reference: str) -> None:
        for move in self.order(reference).moves:
            half = {"quantity": move["internal_quantity"] // 2}
            self.rpc.change("model.stock.move.write", [move["id"]], half)

    def refuse(self, reference: str) -> None:
        self._click(self.order(reference), "cancel")

    def ship(self, reference: str) -> None:
        for button in ("assign_force", "pack", "ship"):
            self._click(self.order(reference), button)

    def receive(self, reference: str) -> None:
        order = self.order(reference)
        if order.model == SHIPMENT:
            self._click(order, "do")
        else:
            self.rpc.change("model.stock.move.do", [move["id"] for move in order.moves])

    def touch(self, reference: str) -> None:
        order = self.order(reference)
        self.rpc.change(f"model.{order.model}.write", [order.record_id], {"reference": reference})

    def _click(self, order: TheirOrder, button: str) -> None:
        self.rpc.change(f"model.{order.model}.{button}", [order.record_id])


def prepared_erp(scratch: Path, *, may_install: bool) -> Installation:
    """Return an installation with a fresh database, or skip with the reason."""
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not may_install and not any((KEPT / "databases").glob("*.sqlite")):
            pytest.skip("Tryton is not installed yet, which takes a minute: `make test-all` does it")
        try:
            install(Installation(KEPT), print)
            create_database(Installation(KEPT), print)
        except EquipoiseError as error:
            pytest.skip(str(error))
    installation = Installation(scratch)
    installation.databases.mkdir(parents=True)
    for name in ("environment", "keys"):
        (scratch / name).symlink_to(KEPT / name)
    shutil.copy(KEPT / "databases" / f"{DATABASE}.sqlite", installation.databases)
    return installation


@contextmanager
def running_erp(installation: Installation) -> Iterator[Erp]:
    """Serve Tryton."""
    with serving(installation) as url:
        yield Erp(url, installation)
