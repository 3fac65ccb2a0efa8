"""Files in a shared folder pass the conformance kit."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from contract.gateways.kit import GatewayConformance, Rig
from contract.gateways.rigs import FileDropRig


class TestFileDrop(GatewayConformance):
    @pytest.fixture
    def rig(self, tmp_path: Path) -> Iterator[Rig]:
        rig = FileDropRig(tmp_path)
        yield rig
        rig.close()
