"""Verdicts as a table: kept in the warehouse for dbt, read as holds, and shown by their worst.

Not here: reaching a verdict (``gate``). The planner reads the frame ``VERDICTS`` itself.
"""

from __future__ import annotations

import datetime as dt

import duckdb
import pandas as pd

from assets.kernel.errors import EquipoiseError
from assets.kernel.frames import Frame
from assets.kernel.frames.quality import ACTIONS, VERDICTS
from assets.kernel.published import Published

SHOWN = 20


def write_to_warehouse(connection: duckdb.DuckDBPyConnection, verdicts: pd.DataFrame, plan_date: dt.date) -> int:
    """Replace a plan date's slice of ``quality.verdicts``, the source of every mart.

    Returns
    -------
    int
        Rows written.
    """
    columns = ", ".join(f"{column.name} {column.duckdb_type}" for column in VERDICTS.columns)
    arriving = VERDICTS.to_arrow(verdicts)
    connection.execute("create schema if not exists quality")
    connection.execute(f"create table if not exists quality.verdicts ({columns})")
    connection.register("arriving_verdicts", arriving)
    connection.begin()
    connection.execute("delete from quality.verdicts where plan_date = ?", [plan_date])
    connection.execute("insert into quality.verdicts select * from arriving_verdicts")
    connection.commit()
    connection.unregister("arriving_verdicts")
    return int(arriving.num_rows)


def held(verdicts: pd.DataFrame, item_sites: pd.DataFrame) -> pd.DataFrame:
    """Return what verdicts ask of each item and site; an empty item or site stands for any.

    Parameters
    ----------
    verdicts : DataFrame
        Conforms to ``VERDICTS``.
    item_sites : DataFrame
        Columns item_id and site_id, one row per pair.

    Returns
    -------
    DataFrame
        item_id, site_id, hold, hold_outbound; what is held gives nothing either.
    """
    pairs = item_sites[["item_id", "site_id"]].drop_duplicates().reset_index(drop=True)
    hold = _asked(verdicts.loc[verdicts["action"].isin(["hold", "stop"])], pairs)
    outbound = _asked(verdicts.loc[verdicts["action"] == "hold_outbound"], pairs)
    return pairs.assign(hold=hold, hold_outbound=hold | outbound)


def _asked(verdicts: pd.DataFrame, pairs: pd.DataFrame) -> pd.Series[bool]:
    asked = pd.Series(False, index=pairs.index)
    places = set(zip(verdicts["item_id"], verdicts["site_id"], strict=True))
    for items, sites in ((True, True), (True, False), (False, True), (False, False)):
        keys = zip(
            pairs["item_id"] if items else [""] * len(pairs),
            pairs["site_id"] if sites else [""] * len(pairs),
            strict=True,
        )
        asked |= pd.Series([key in places for key in keys], index=pairs.index, dtype=bool)
    return asked


def judged(published: Published, frame: Frame, plan_date: dt.date) -> pd.DataFrame | None:
    """Return the verdicts of a gate on a plan date, or ``None`` where it has not judged."""
    return None if published.latest(frame.name, plan_date) is None else published.read(frame, plan_date)


def worst_offenders(verdicts: pd.DataFrame, feed: str | None = None) -> pd.DataFrame:
    """Return the verdicts to look at first, of all feeds or of one: strictest, then oddest.

    Returns
    -------
    DataFrame
        At most ``SHOWN`` rows without passes.
    """
    found = verdicts.loc[verdicts["action"] != "pass"]
    if feed is not None:
        found = found.loc[found["feed"] == feed]
    order = found["action"].map({action: -n for n, action in enumerate(ACTIONS)})
    ranked = found.assign(_order=order).sort_values(
        ["_order", "anomaly_score", "feed", "rule", "site_id", "item_id"],
        ascending=[True, False, True, True, True, True],
        kind="stable",
    )
    return ranked.head(SHOWN)[
        ["action", "rule", "feed", "site_id", "item_id", "observed", "expected", "message", "remedy"]
    ].reset_index(drop=True)


def counts_by_action(verdicts: pd.DataFrame) -> dict[str, int]:
    """Return the number of verdicts per action, strictest last, actions without one left out."""
    counts = verdicts["action"].value_counts()
    return {action: int(counts[action]) for action in ACTIONS if action in counts.index}


def stops(verdicts: pd.DataFrame) -> bool:
    """Return whether a verdict blocks the run."""
    return bool((verdicts["action"] == "stop").any())


def stopped(verdicts: pd.DataFrame) -> EquipoiseError | None:
    """Return the error a blocked run ends with: its worst ``stop``, or ``None`` if nothing blocks it."""
    blocking = worst_offenders(verdicts.loc[verdicts["action"] == "stop"])
    if blocking.empty:
        return None
    worst, others = blocking.iloc[0], int((verdicts["action"] == "stop").sum()) - 1
    more = f" (and {others} more)" if others else ""
    return EquipoiseError(
        f"{worst['message']}{more}", where=f"{worst['rule']} of {worst['feed']}", remedy=str(worst["remedy"])
    )
