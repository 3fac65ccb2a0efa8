"""The fake gateway passes the conformance kit, so that tests which use it can be believed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from contract.gateways.kit import GatewayConformance, Rig
from contract.gateways.rigs import memory_rig


class TestMemoryGateway(GatewayConformance):
    @pytest.fixture
    def rig(self, tmp_path: Path) -> Iterator[Rig]:
        rig = memory_rig(tmp_path)
        yield rig
        rig.close()
