"""Any planner of the production code as a policy: asked once a replication, with the stock that it has there.

The port is that of ``twin.run``: the number of the bucket and a ``Stock`` in, ``Lines`` out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assets.twin.day import Lines
from assets.twin.fast.books import Books
from assets.twin.run import PlanBucket


@dataclass(frozen=True)
class Planners:
    """A planner for every replication that one writer plays.

    Attributes
    ----------
    plan_bucket : sequence of callable
        One a replication, since a planner may remember.
    """

    plan_bucket: Sequence[PlanBucket]

    def decide(self, bucket: int, books: Books) -> list[Lines]:
        """Return the lines of each replication."""
        return [plan(bucket, books.stock_of(place)) for place, plan in enumerate(self.plan_bucket)]
