"""Key figures of our own orders: one pure function each, of rows of documents (``order_facts``).

Not here: which documents count.
"""

from __future__ import annotations

import pandas as pd

from assets.monitoring.kpis.ratio import Ratio


def plan_adherence(orders: pd.DataFrame) -> Ratio:
    """Return the value of documents sent as planned over that of all planned, of plan dates that are over.

    What people changed, refused, or let expire was not sent as planned (ASCM SCOR, schedule achievement).
    """
    return Ratio(orders["adhered_amount"], orders["due_amount"])


def expedite_share(orders: pd.DataFrame) -> Ratio:
    """Return the value of documents of kind expedite over that of all planned."""
    return Ratio(orders["expedite_amount"], orders["value_amount"])


def expedite_cost(orders: pd.DataFrame) -> Ratio:
    """Return freight and handling of lines of kind expedite."""
    return Ratio(orders["expedite_freight_amount"], None)


def manual_interventions(orders: pd.DataFrame) -> Ratio:
    """Return documents that a person approved, changed, refused or cancelled over documents planned."""
    return Ratio(orders["handled_count"], orders["planned_count"])


def decision_latency(orders: pd.DataFrame) -> Ratio:
    """Return days from the plan date to the last approval, of documents that people approved."""
    return Ratio(orders["decision_days"], orders["approved_count"])


def lineage_coverage(orders: pd.DataFrame) -> Ratio:
    """Return documents that name plan, release, model, features and only batches known, over documents planned."""
    return Ratio(orders["traced_count"], orders["planned_count"])
