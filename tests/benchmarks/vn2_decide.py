"""`equipoise bench vn2-decide`: one round of the VN2 challenge from its files.

Reads the four files it is given and nothing else. Not here: the policy (``vn2_policy``).
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from vn2_files import SERIES, STATE_COLUMNS, read_challenge, read_state, require_place, write_orders
from vn2_policy import Choices, Forecasts, our_policy
from vn2_rules import Stock


def run(*, history: Path, in_stock: Path, master: Path, state: Path, orders: Path) -> dict[str, Any]:
    """Decide the orders of the week after the history, and write them in the order of the state.

    Raises
    ------
    EquipoiseError
        If a file is missing or wrong, or the orders cannot be written.
    """
    started = time.monotonic()
    require_place(orders)
    challenge = read_challenge(history, in_stock, master)
    standing = read_state(state, challenge.series)
    # A series that the state leaves out has nothing, and its order is not asked for.
    keys = pd.MultiIndex.from_frame(challenge.series[SERIES])
    held = standing.reindex(keys, fill_value=0)
    units = (held[column].to_numpy(dtype=np.int64) for column in STATE_COLUMNS)
    week = len(challenge.weeks)
    decided = our_policy(Forecasts(challenge, (week,)), Choices())(week, Stock(*units))
    found = pd.Series(decided, index=keys).loc[standing.index]
    write_orders(orders, found)
    return {
        "orders_file": str(orders),
        "decided_after_week": f"{challenge.weeks[-1]:%Y-%m-%d}",
        "series": len(found),
        "unreadable_sales": challenge.unreadable,
        "series_ordered": int((found > 0).sum()),
        "ordered_units": int(found.sum()),
        "on_hand_units": int(standing[STATE_COLUMNS[0]].sum()),
        "in_transit_units": int(standing[STATE_COLUMNS[1:]].to_numpy().sum()),
        "seconds": round(time.monotonic() - started, 1),
    }


def show(console: Console, found: dict[str, Any]) -> None:
    """Say what was ordered, and where it stands."""
    console.print(
        f"{found['ordered_units']:,} units for {found['series_ordered']} of {found['series']} series, "
        f"decided after the week of {found['decided_after_week']} in {found['seconds']} s"
    )
    console.print(f"On hand {found['on_hand_units']:,}, in transit {found['in_transit_units']:,} units")
    if found["unreadable_sales"]:
        console.print(f"{found['unreadable_sales']:,} sales are no quantity; those weeks count as unknown")
    console.print(f"Orders: {found['orders_file']}", soft_wrap=True)
