"""Key figures of supply: one pure function each, of rows of daily supply (``RPT_DAILY_SUPPLY``).

Lines count alike, whatever they are worth. Not here: which rows count.
"""

from __future__ import annotations

import pandas as pd

from assets.monitoring.kpis.ratio import Ratio

TRANSFER, PURCHASE = "transfer", "purchase"


def otif(supply: pd.DataFrame) -> Ratio:
    """Return lines received in full by the promised day over lines due (ASCM SCOR RL.1.1, at line level)."""
    return Ratio(supply["otif_lines"], supply["due_lines"])


def on_time(supply: pd.DataFrame) -> Ratio:
    """Return lines received by the promised day over lines due (ASCM SCOR RL.2.2)."""
    return Ratio(supply["on_time_lines"], supply["due_lines"])


def in_full(supply: pd.DataFrame) -> Ratio:
    """Return lines received in full, late or not, over lines due (ASCM SCOR RL.2.1)."""
    return Ratio(supply["in_full_lines"], supply["due_lines"])


def transfer_lead_time(supply: pd.DataFrame) -> Ratio:
    """Return days from departure to receipt of transfer lines received."""
    return _of(TRANSFER, supply, "lead_time_days", "received_lines")


def purchase_lead_time(supply: pd.DataFrame) -> Ratio:
    """Return days from order to receipt of purchase lines received (ASCM SCOR RS.2.1)."""
    return _of(PURCHASE, supply, "lead_time_days", "received_lines")


def transfer_failure_rate(supply: pd.DataFrame) -> Ratio:
    """Return transfer lines lost, or given up 60 days past their promise, over transfer lines that ended."""
    return _of(TRANSFER, supply, "failed_lines", "ended_lines")


def transfer_cost(supply: pd.DataFrame) -> Ratio:
    """Return what departures cost a unit that left, by the lanes' prices; a departure is full price however empty."""
    return _of(TRANSFER, supply, "freight_amount", "costed_units")


def lead_time_predictability(supply: pd.DataFrame) -> Ratio:
    """Return lines received within a day of their quote over lines received that had one."""
    return Ratio(supply["near_quote_lines"], supply["quoted_lines"])


def lead_time_slip(supply: pd.DataFrame) -> Ratio:
    """Return days beyond the quote a line received; early ones count below 0."""
    return Ratio(supply["slip_days"], supply["quoted_lines"])


def backlog(supply: pd.DataFrame) -> Ratio:
    """Return units past their promise over units under way, at the end of every day of the window."""
    return Ratio(supply["overdue_units"], supply["under_way_units"])


def _of(kind: str, supply: pd.DataFrame, numerator: str, denominator: str) -> Ratio:
    counts = supply["receipt_kind"] == kind
    return Ratio(supply[numerator].where(counts, 0), supply[denominator].where(counts, 0))
