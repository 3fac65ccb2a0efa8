"""CloudEvents over a real socket pass the conformance kit."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from contract.gateways.kit import GatewayConformance, Rig, send_until_known
from contract.gateways.kit_documents import submission
from contract.gateways.rigs import WebhookRig

from assets.orders.gateways.cloud_event import Request
from assets.orders.gateways.counterpart import Behaviour
from assets.orders.gateways.faults import Fault


class TestWebhook(GatewayConformance):
    @pytest.fixture
    def rig(self, tmp_path: Path) -> Iterator[Rig]:
        rig = WebhookRig(tmp_path)
        yield rig
        rig.close()


@pytest.mark.parametrize(
    "fault", [Fault.CRASH_BEFORE_COMMIT, Fault.CRASH_AFTER_COMMIT, Fault.LOST_REPLY, Fault.RATE_LIMIT, Fault.DOWN]
)
def test_asking_first_makes_one_order_even_where_the_other_side_knows_no_keys(tmp_path: Path, fault: Fault) -> None:
    rig = WebhookRig(tmp_path)
    rig.other_side.behaviour = Behaviour(idempotent=False)
    rig.face.arm(Request.SUBMIT, fault, fault)
    rig.face.arm(Request.FIND, Fault.LOST_REPLY)
    send_until_known(rig.gateway, submission(), rig.wait)
    created = rig.times_created()
    rig.close()
    assert created == {submission().reference: 1}
