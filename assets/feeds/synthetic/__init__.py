"""The one world model: a seeded network whose days can be lived, observed and spoilt on request."""

from assets.feeds.synthetic.batch import FeedBatch
from assets.feeds.synthetic.demo import demo_dates, demo_profile
from assets.feeds.synthetic.emission import EmitReport, emit
from assets.feeds.synthetic.faults import Fault, fault
from assets.feeds.synthetic.parameters import WorldParameters, WorldSize
from assets.feeds.synthetic.world import World

__all__ = [
    "EmitReport",
    "Fault",
    "FeedBatch",
    "World",
    "WorldParameters",
    "WorldSize",
    "demo_dates",
    "demo_profile",
    "emit",
    "fault",
]
