"""What a plan date knows beside its documents, from the tables that its plan published.

Not here: the rules that look at it (``requirement``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import pandas as pd

from assets.governance.facts import Known
from assets.kernel.frames.decisions import PROTECTION_DEMAND
from assets.kernel.frames.forecasts import interval_column
from assets.kernel.frames.marts import DIM_ITEM, DIM_SOURCING, FCT_LEAD_TIME, FCT_OPEN_ORDER
from assets.kernel.frames.quality import FORECAST_VERDICTS, PLAN_VERDICTS, VERDICTS
from assets.kernel.published import Published
from assets.orders.events import PARAMETERS
from assets.orders.order import Order

_LOW, _MIDDLE, _HIGH = (interval_column(level) for level in (0.1, 0.5, 0.9))


def known_of(published: Published, plan_date: dt.date, orders: Iterable[Order]) -> Known:
    """Return what is known of a plan date.

    What was ever ordered is what feeds tell of (receipts, and what is under way), and what left here.

    Parameters
    ----------
    orders : iterable of Order
        Of the ledger; those that were issued count as ordered.

    Raises
    ------
    EquipoiseError
        If the tables of the plan date are not published.
    """
    columns = ["item_id", "source_id", "site_id"]
    told = [published.read(frame, plan_date)[columns] for frame in (FCT_LEAD_TIME, FCT_OPEN_ORDER)]
    ours = [
        (line.item_id, order.document.origin_id, order.document.destination_id)
        for order in orders
        if order.delivery is not None and order.document.kind != PARAMETERS
        for line in order.document.lines
    ]
    ordered = pd.concat([*told, pd.DataFrame(ours, columns=columns)], ignore_index=True)
    items = published.read(DIM_ITEM, plan_date)
    return Known(
        sensitive_items=frozenset(items.loc[items["is_sensitive"], "item_id"]),
        suppliers=frozenset(published.read(DIM_SOURCING, plan_date)["supplier_id"]),
        ordered_items=frozenset(ordered["item_id"]),
        ordered_lanes=frozenset(ordered[["source_id", "site_id"]].itertuples(index=False, name=None)),
        ordered_suppliers=frozenset(ordered["source_id"]),
        forecast_widths=forecast_widths(published.read(PROTECTION_DEMAND, plan_date)),
        warnings=_warnings(published, plan_date),
    )


def forecast_widths(protection_demand: pd.DataFrame) -> dict[tuple[str, str], float]:
    """Return, by item and site, ``(90 % quantile - 10 % quantile) / median`` of what an order has to cover.

    A median below one unit counts as one.

    Parameters
    ----------
    protection_demand : DataFrame
        Frame ``protection_demand``.
    """
    spread = protection_demand[_HIGH] - protection_demand[_LOW]
    width = spread / protection_demand[_MIDDLE].clip(lower=1.0)
    keys = protection_demand[["item_id", "site_id"]].itertuples(index=False, name=None)
    return {(str(item), str(site)): float(value) for (item, site), value in zip(keys, width, strict=True)}


def _warnings(published: Published, plan_date: dt.date) -> dict[str, tuple[str, ...]]:
    """Return the rules that warned, by item or else by site."""
    found: dict[str, set[str]] = {}
    for frame in (VERDICTS, FORECAST_VERDICTS, PLAN_VERDICTS):
        if published.latest(frame.name, plan_date) is None:
            continue
        verdicts = published.read(frame, plan_date)
        for row in verdicts[verdicts["action"] == "warn"].itertuples():
            about = str(row.item_id) or str(row.site_id)
            if about:
                found.setdefault(about, set()).add(str(row.rule))
    return {about: tuple(sorted(rules)) for about, rules in sorted(found.items())}
