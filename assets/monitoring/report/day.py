"""One plan date as the report reads it: published tables, or empty ones where nothing stands.

Not here: the ledger, which says what waits for people and comes as records.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import pyarrow.compute as pc

from assets.kernel.frames import Frame
from assets.kernel.frames.decisions import PLAN_SUMMARY
from assets.kernel.frames.quality import ALERTS, FEED_ALERTS, FORECAST_VERDICTS, PLAN_ALERTS, PLAN_VERDICTS, VERDICTS
from assets.kernel.published import Published
from assets.orders.standing import stopped

_JUDGED = frozenset(f.name for f in (VERDICTS, FORECAST_VERDICTS, PLAN_VERDICTS, FEED_ALERTS, PLAN_ALERTS, ALERTS))

Row = dict[str, object]
"""A row of the report: plain values by name."""


@dataclass(frozen=True)
class Day:
    """The tables of a plan date.

    Attributes
    ----------
    published : Published
        Where they are.
    plan_date : date
        The date.
    stopped : str
        Why its last plan was stopped: then tables of the plan are those of an earlier run, and count as
        not there. Empty if it was not.
    """

    published: Published
    plan_date: dt.date
    stopped: str = ""

    @classmethod
    def of(cls, published: Published, plan_date: dt.date) -> Day:
        """Return a plan date, with what stopped it."""
        return cls(published, plan_date, stopped(published, plan_date))

    def part(self, frame: Frame, columns: Sequence[str], where: pc.Expression | None = None) -> pd.DataFrame:
        """Return some columns of a table; without rows where it is not there, or of another version."""
        found = None
        if not self.stopped or frame.name in _JUDGED:
            found = self.published.part(frame, self.plan_date, columns, where=where)
        return pd.DataFrame(columns=list(columns)) if found is None else found


def day_before(published: Published, plan_date: dt.date) -> Day | None:
    """Return the last plan date before another that was planned to its end, if there is one."""
    for day in reversed(published.plan_dates(PLAN_SUMMARY.name)):
        if day < plan_date and not stopped(published, day):
            return Day(published, day)
    return None


def amounts(table: pd.DataFrame, column: str) -> float:
    """Return the sum of a column of money; 0 of no rows."""
    return round(float(table[column].astype(float).sum()), 4)
