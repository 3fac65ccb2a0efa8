"""The other side as it is for tests, drills and the simulated network, with a store of its own."""

from assets.orders.gateways.counterpart.counterpart import Counterpart
from assets.orders.gateways.counterpart.orders import Behaviour, TheirOrder
from assets.orders.gateways.counterpart.store import CounterpartStore

__all__ = ["Behaviour", "Counterpart", "CounterpartStore", "TheirOrder"]
