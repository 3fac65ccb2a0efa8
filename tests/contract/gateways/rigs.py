"""The rigs of our own gateways: each with a fresh counterpart, which makes the faults where it can."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from assets.orders.gateways.cloud_event import Request
from assets.orders.gateways.counterpart import Behaviour, Counterpart, CounterpartStore
from assets.orders.gateways.counterpart.folder_face import CounterpartCrash, open_face
from assets.orders.gateways.counterpart.http_face import HttpFace
from assets.orders.gateways.faults import WIRE_FAULTS, Fault, FaultyGateway
from assets.orders.gateways.filedrop import FileDrop
from assets.orders.gateways.memory import MemoryGateway
from assets.orders.gateways.port import Answer, Gateway
from assets.orders.gateways.webhook import Webhook
from assets.orders.gateways.webhook_exchange import Patience

OWN_DECISIONS = {
    Fault.LATE_ACKNOWLEDGEMENT: Behaviour(answer=Answer.PENDING),
    Fault.PARTIAL_ACCEPTANCE: Behaviour(accepted_percent=50),
    Fault.REFUSAL: Behaviour(answer=Answer.REFUSED),
}
SECRET = "a secret that only tests have"
AN_HOUR = dt.timedelta(hours=1)


@dataclass
class TickingClock:
    """Simulated time: it passes when told to."""

    instant: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))

    def today(self) -> dt.date:
        return self.instant.date()

    def now(self) -> dt.datetime:
        return self.instant

    def tick(self, seconds: float) -> None:
        self.instant += dt.timedelta(seconds=seconds)


class ProxyRig:
    """Any gateway on a counterpart, with a proxy before it that makes the faults of the wire."""

    def __init__(self, inner: Gateway, other_side: Counterpart, folder: Path, clock: TickingClock) -> None:
        self.clock = clock
        self.other_side = other_side
        self.proxy = FaultyGateway(inner, clock)
        self._backup = folder / "backup.db"

    @property
    def gateway(self) -> Gateway:
        return self.proxy

    @property
    def faults(self) -> frozenset[Fault]:
        return frozenset(Fault)

    def inject(self, fault: Fault) -> None:
        if fault in OWN_DECISIONS:
            self.other_side.behaviour = OWN_DECISIONS[fault]
        elif fault is Fault.DOWN:
            self.proxy.down_until = self.clock.now() + AN_HOUR
        elif fault in WIRE_FAULTS:
            self.proxy.arm("submit", fault)
            if fault is Fault.DUPLICATE_REPLY:
                self.proxy.arm("confirmations", fault)

    def lift(self) -> None:
        self.other_side.behaviour = Behaviour()

    def wait(self, seconds: float) -> None:
        self.clock.tick(seconds)

    def settle(self) -> None:
        """Nothing is left to do: it answers at once."""

    def times_created(self) -> Mapping[str, int]:
        made = Counter({order.reference: order.times_created for order in self.other_side.orders()})
        return dict(+made)

    def decide(self, reference: str) -> None:
        self.other_side.decide(reference)

    def ship(self, reference: str) -> None:
        self.other_side.ship_all(reference)

    def receive(self, reference: str) -> None:
        self.other_side.receive_all(reference)

    def levels(self) -> Mapping[tuple[str, str], tuple[int, int, int]]:
        there = self.other_side.levels()
        return {key: (one.reorder_point_units, one.minimum_units, one.maximum_units) for key, one in there.items()}

    @property
    def decides_on_levels(self) -> bool:
        return True

    @property
    def calls_off(self) -> bool:
        return True

    def call_off(self, reference: str) -> None:
        self.other_side.call_off(reference)

    def repeat(self, reference: str) -> None:
        self.other_side.say_again(reference)

    def back_up(self) -> None:
        self.other_side.copy_to(self._backup)

    def restore(self) -> None:
        self.clock.tick(1)
        self.other_side.restore(self._backup)

    def close(self) -> None:
        self.other_side.store.close()


def memory_rig(folder: Path) -> ProxyRig:
    clock = TickingClock()
    other_side = Counterpart(CounterpartStore(), clock=clock)
    return ProxyRig(MemoryGateway(other_side, page=2), other_side, folder, clock)


class FileDropRig(ProxyRig):
    """Files: the other side crashes and spoils its answers by itself; the rest happens to our own calls."""

    def __init__(self, folder: Path) -> None:
        clock = TickingClock()
        other_side = Counterpart(CounterpartStore(folder / "counterpart.db"), clock=clock)
        gateway = FileDrop(folder / "shared", clock=clock, page=2, settle_s=0)
        super().__init__(gateway, other_side, folder, clock)
        self.face = open_face(other_side, folder / "shared")

    def inject(self, fault: Fault) -> None:
        theirs = (Fault.WRONG_TOTALS, Fault.SCHEMA_CHANGE, Fault.DUPLICATE_REPLY)
        crashes = (Fault.CRASH_BEFORE_COMMIT, Fault.CRASH_AFTER_COMMIT)
        if fault in theirs + crashes:
            self.face.faults.append(fault)
        if fault not in theirs:
            super().inject(fault)

    def settle(self) -> None:
        for _ in range(3):
            try:
                self.face.poll()
            except CounterpartCrash:
                continue


class WebhookRig(ProxyRig):
    """HTTP on a loopback socket: all faults happen there, between two programs; the proxy is not in between."""

    def __init__(self, folder: Path) -> None:
        clock = TickingClock()
        other_side = Counterpart(CounterpartStore(folder / "counterpart.db"), clock=clock)
        self.face = HttpFace(other_side, SECRET, clock, slow_s=5.0)
        self.face.start()
        self._patient, self._hasty = (self._gateway(clock, seconds) for seconds in (20.0, 0.2))
        self._in_use = self._patient
        self._up_at: dt.datetime | None = None
        super().__init__(self._patient, other_side, folder, clock)

    def _gateway(self, clock: TickingClock, timeout_s: float) -> Webhook:
        patience = Patience(timeout_s=timeout_s)
        return Webhook(self.face.url, SECRET, clock=clock, patience=patience, page=2, sleep=clock.tick)

    @property
    def gateway(self) -> Gateway:
        return self._in_use

    def inject(self, fault: Fault) -> None:
        if fault is Fault.DOWN:
            self.face.stop()
            self._up_at = self.clock.now() + AN_HOUR
        elif fault in WIRE_FAULTS:
            self.face.arm(Request.SUBMIT, fault)
            if fault is Fault.DUPLICATE_REPLY:
                self.face.arm(Request.CONFIRMATIONS, fault)
            if fault is Fault.SLOW:
                self._in_use = self._hasty
        else:
            super().inject(fault)

    def wait(self, seconds: float) -> None:
        super().wait(seconds)
        self._in_use = self._patient
        if self._up_at is not None and self.clock.now() >= self._up_at:
            self._up_at = None
            self.face.start()

    def close(self) -> None:
        self._patient.close()
        self._hasty.close()
        self.face.stop()
        super().close()
