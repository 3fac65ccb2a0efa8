"""The quarantine of a plan date: rows that could not be used, with reason and batch.

Not here: deciding which rows go there; landing does.
"""

from __future__ import annotations

import datetime as dt

import duckdb
import pandas as pd

from assets.kernel.frames.quality import QUARANTINE
from quality.known import RECENT_DAYS, Known


def quarantined(connection: duckdb.DuckDBPyConnection, known: Known) -> pd.DataFrame:
    """Return the rows that the plan knows to be refused of batches of the last four weeks.

    Returns
    -------
    DataFrame
        Conforms to ``QUARANTINE``; older rows stay in ``raw.quarantine``. Of a history, whose rows have
        dates of their own, all that were known by then.
    """
    columns = ", ".join(f"refused.{name}" for name in QUARANTINE.names)
    rows = connection.execute(
        f"select distinct {columns} from raw.quarantine as refused "
        "join raw.batches as batches on batches.batch_id = refused.batch_id "
        "where refused._available_at <= ? and refused.business_date < ? and batches.business_date >= ?",
        [
            known.cutoff.astimezone(dt.UTC).replace(tzinfo=None),
            known.plan_date,
            known.plan_date - dt.timedelta(days=RECENT_DAYS),
        ],
    ).df()
    return QUARANTINE.conform(rows.drop_duplicates(list(QUARANTINE.key)))


def counts(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows refused per feed, business date and reason, most first.

    Returns
    -------
    DataFrame
        feed, business_date, reason, row_count.
    """
    grouped = rows.groupby(["feed", "business_date", "reason"], as_index=False).size()
    named = grouped.rename(columns={"size": "row_count"})
    return named.sort_values(
        ["row_count", "feed", "business_date", "reason"], ascending=[False, True, False, True], ignore_index=True
    )
