"""Paired experiments: policies played in closed loop on the same demand, and what their difference proves.

Not here: the physics (``twin.day``, ``twin.run``), or where a network's history comes from.
"""
