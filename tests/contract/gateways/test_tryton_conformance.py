"""Tryton passes the conformance kit: a real server, a person who works with it, and a proxy for the wire."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest
from contract.gateways.kit import GatewayConformance, Rig, everything_said, sent
from contract.gateways.kit_documents import submission
from contract.gateways.rigs import AN_HOUR, TickingClock
from tryton_erp import prepared_erp, running_erp

from assets.orders.gateways.faults import WIRE_FAULTS, Fault, FaultyGateway
from assets.orders.gateways.port import Answer, Gateway
from assets.orders.gateways.tryton.order_points import read

pytestmark = pytest.mark.slow


class TrytonRig:
    """A server with a fresh database; whoever works there accepts all, unless a fault says otherwise."""

    def __init__(self, folder: Path) -> None:
        self.clock = TickingClock()
        self._installation = prepared_erp(folder / "erp", may_install=True)
        self._backup = folder / "backup.sqlite"
        self._mood: Fault | None = None
        self._start()
        self.proxy = FaultyGateway(self._gateway, self.clock)

    def _start(self) -> None:
        self._running = ExitStack()
        erp = self._running.enter_context(running_erp(self._installation))
        self._file, self._operator, self._gateway = erp.file, erp.operator(), erp.gateway(page=2)
        self._running.callback(self._gateway.close)
        self._running.callback(self._operator.rpc.close)

    @property
    def gateway(self) -> Gateway:
        return self.proxy

    @property
    def faults(self) -> frozenset[Fault]:
        return frozenset(Fault)

    def inject(self, fault: Fault) -> None:
        if fault is Fault.DOWN:
            self.proxy.down_until = self.clock.now() + AN_HOUR
        elif fault in WIRE_FAULTS:
            self.proxy.arm("submit", fault)
            if fault is Fault.DUPLICATE_REPLY:
                self.proxy.arm("confirmations", fault)
        else:
            self._mood = fault

    def lift(self) -> None:
        self._mood = None

    def wait(self, seconds: float) -> None:
        self.clock.tick(seconds)

    def settle(self) -> None:
        for reference in self._operator.orders():
            if self._operator.order(reference).answer is not Answer.PENDING:
                continue
            match self._mood:
                case Fault.LATE_ACKNOWLEDGEMENT:
                    continue
                case Fault.REFUSAL:
                    self._operator.refuse(reference)
                case Fault.PARTIAL_ACCEPTANCE:
                    self._operator.halve(reference)
                    self._operator.accept(reference)
                case _:
                    self._operator.accept(reference)

    def times_created(self) -> Mapping[str, int]:
        return self._operator.orders()

    def decide(self, reference: str) -> None:
        self._operator.accept(reference)

    def ship(self, reference: str) -> None:
        self._operator.ship(reference)

    def receive(self, reference: str) -> None:
        self._operator.receive(reference)

    def levels(self) -> Mapping[tuple[str, str], tuple[int, int, int]]:
        there = read(self._operator.rpc)
        return {key: (one.reorder_point_units, one.minimum_units, one.maximum_units) for key, one in there.items()}

    @property
    def decides_on_levels(self) -> bool:
        return False

    @property
    def calls_off(self) -> bool:
        return False

    def call_off(self, reference: str) -> None:
        raise NotImplementedError(reference)

    def repeat(self, reference: str) -> None:
        self._operator.touch(reference)

    def back_up(self) -> None:
        shutil.copy(self._file, self._backup)

    def restore(self) -> None:
        self._running.close()
        shutil.copy(self._backup, self._file)
        self._start()
        self.proxy.inner = self._gateway

    def close(self) -> None:
        self._running.close()


class TestTryton(GatewayConformance):
    @pytest.fixture
    def rig(self, tmp_path: Path) -> Iterator[Rig]:
        rig = TrytonRig(tmp_path)
        yield rig
        rig.close()

    def test_every_confirmation_has_an_id_of_its_own(self, rig: Rig) -> None:
        """Tryton keeps no messages: only what is asked for in between is told."""
        said = []
        cursor = ""
        for site in ("S1", "S2"):
            reference = sent(rig, submission(site)).reference
            for step in (rig.settle, lambda: rig.ship(reference)):  # noqa: B023 - called at once
                step()
                found, _, cursor = everything_said(rig.gateway, cursor)
                said += found
        ids = [one.confirmation_id for one in said]
        assert len(ids) == 4
        assert len(set(ids)) == len(ids)
