"""Numbers of the independent random streams, so that no two draws ever share one.

A new stream takes a new number; changing one changes every world.
"""

from __future__ import annotations

ITEMS = 1
SITES = 2
RANGING = 3
LANES = 4
SOURCING = 5
SETTINGS = 6
DEMAND_SHAPE = 7
DEMAND = 8
PROMOTIONS = 9
CHANCE = 10
RESERVATIONS = 11
SIGNALS = 12
BIAS = 13
ALLOCATION = 14
SHOCK = 15
