"""Which lines of a plan its quality gate lets out.

A verdict is data: ``hold`` keeps an item or site out of the documents, ``hold_outbound`` keeps
it from giving, ``stop`` keeps everything in. Not here: judging (``quality``).
"""

from __future__ import annotations

import pandas as pd

from assets.kernel.errors import EquipoiseError


def let_out(plan_lines: pd.DataFrame, verdicts: pd.DataFrame) -> pd.DataFrame:
    """Return the lines that no verdict holds.

    Parameters
    ----------
    plan_lines : DataFrame
        Frame ``plan_lines``.
    verdicts : DataFrame
        Frame ``verdicts`` of the gate ``plan``; an empty site or item means every one.

    Raises
    ------
    EquipoiseError
        If a verdict stops the plan.
    """
    stops = verdicts[verdicts["action"] == "stop"]
    if len(stops):
        first = stops.iloc[0]
        raise EquipoiseError(
            f"the plan's gate stopped it: {first['message']}", where=f"rule {first['rule']}",
            remedy=str(first["remedy"]) or "Mend the plan's inputs and plan again",
        )  # fmt: skip
    held = pd.Series(False, index=plan_lines.index)
    for verdict in verdicts[verdicts["action"].isin(["hold", "hold_outbound"])].itertuples():
        held |= _concerned(plan_lines, str(verdict.site_id), str(verdict.item_id), str(verdict.action))
    return plan_lines[~held]


def _concerned(lines: pd.DataFrame, site_id: str, item_id: str, action: str) -> pd.Series[bool]:
    everything = pd.Series(True, index=lines.index)
    site = everything
    if site_id:
        site = lines["origin_id"] == site_id
        site = site if action == "hold_outbound" else site | (lines["destination_id"] == site_id)
    return site & (lines["item_id"] == item_id) if item_id else site
