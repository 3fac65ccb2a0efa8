"""What decisions were worth in hindsight, where that table is published. Not here: working it out."""

from __future__ import annotations

import pyarrow.parquet as pq

from assets.monitoring.report.day import Day, Row

REGRET = "regret"
_MONEY = ("value_low_amount", "value_high_amount", "regret_low_amount", "regret_high_amount")


def regret(day: Day) -> list[Row]:
    """Return how many decisions of each sort became known, and what they were worth and lost, at least and at most.

    The table is read by these columns, not by a frame; without it, or with others, there is nothing to tell.
    """
    publication = day.published.latest(REGRET, day.plan_date)
    if publication is None or day.stopped:
        return []
    table = pq.read_table(day.published.root / publication.path).to_pandas()
    if not {"decision", *_MONEY} <= set(table.columns):
        return []
    sums = table.assign(**{name: table[name].astype(float) for name in _MONEY}).groupby("decision", sort=True)
    return [
        {
            "decision": str(decision),
            "decisions": len(group),
            **{name: round(float(group[name].sum()), 4) for name in _MONEY},
        }
        for decision, group in sums
    ]
