"""The releases of a network: the shipped ones and its own, at the stages that its ledger has for them.

Not here: what a release is (``assets.policy``), or how it comes to a stage (``governance.stages``).
"""

from __future__ import annotations

from assets.governance.events import RELEASES
from assets.governance.ledger_log import LedgerLog
from assets.governance.stages import standings
from assets.kernel.home import NetworkHome
from assets.orders.store import OrderStore
from assets.policy.registry import PolicyRegistry


def registry_of(home: NetworkHome, store: OrderStore, decides: str = "") -> PolicyRegistry:
    """Return a network's releases.

    Parameters
    ----------
    decides : str
        Version that decides whatever its stage, for a replay or a shadow.
    """
    return PolicyRegistry(
        decides=decides, own=home.policies, stages=lambda: standings(LedgerLog(store).history(RELEASES))
    )
