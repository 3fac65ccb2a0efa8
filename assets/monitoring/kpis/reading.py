"""Facts of a plan date, read from what was published and from the ledger: columns, not tables.

What is read by plan date looks back ``PLAN_DATES`` of them, so that long windows hold no more. Not here: how rows are
made of it (the ``*_facts``), or added up (``totals``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from assets.kernel.calendar import PlanCalendar
from assets.kernel.frames import Frame
from assets.kernel.frames.decisions import DOCUMENTS, ORDER_LINES, PLAN_SUMMARY, TARGETS
from assets.kernel.frames.feeds import FEED_BATCHES
from assets.kernel.frames.forecasts import DEMAND_ESTIMATE
from assets.kernel.frames.kpis import KPI_WINDOWS
from assets.kernel.frames.marts import DIM_ITEM, DIM_ITEM_SITE, DIM_SITE, FEAT_ITEM_SITE
from assets.kernel.frames.reports import RPT_DAILY_SERVICE, RPT_DAILY_STOCK, RPT_DAILY_SUPPLY, RPT_NAIVE_ERROR
from assets.kernel.published import Published
from assets.monitoring.earlier_forecasts import earlier, next_windows
from assets.monitoring.kpis.definitions import Facts
from assets.monitoring.kpis.forecast_facts import NAIVE_COLUMNS, forecast_facts
from assets.monitoring.kpis.order_facts import DOCUMENT_COLUMNS, EXPEDITE, order_facts
from assets.monitoring.kpis.promise_facts import TARGET_COLUMNS, promise_facts
from assets.monitoring.kpis.service_facts import served_item_sites, service_facts
from assets.orders.events import Channel
from assets.orders.handling import Handling
from assets.orders.store import OrderFilter, OrderStore

PLAN_DATES = 56
"""Plan dates looked back at: two windows of four weeks of days."""
UNPLANNED = "none"
"""Release of the days before the first plan date that is known."""
UNKNOWN_ECHELON = "unknown"


@dataclass(frozen=True)
class Reader:
    """What key figures of one plan date are read from.

    Attributes
    ----------
    published : Published
        Tables of the network.
    orders : OrderStore
        Its ledger.
    network : str
        Its name there.
    plan_date : date
        Plan that looks back.
    calendar : PlanCalendar
        Bucket grid.
    """

    published: Published
    orders: OrderStore
    network: str
    plan_date: dt.date
    calendar: PlanCalendar

    def facts(self) -> dict[Facts, pd.DataFrame]:
        """Return every fact table, with the members that its rows belong to."""
        settings = self._part(DIM_ITEM_SITE, ("item_id", "site_id", "lifecycle"))
        segments = self._part(FEAT_ITEM_SITE, ("item_id", "site_id", "demand_segment"))
        served = served_item_sites(settings, segments)
        found = {
            Facts.SERVICE: self._service(served),
            Facts.STOCK: self._part(RPT_DAILY_STOCK),
            Facts.SUPPLY: self._part(RPT_DAILY_SUPPLY),
            Facts.ORDERS: self._orders(),
            Facts.FORECASTS: self._forecasts(),
            Facts.PROMISES: self._promises(served),
        }
        echelons = self._part(DIM_SITE, ("site_id", "echelon"))
        releases = self._releases()
        return {name: with_members(rows, echelons, releases) for name, rows in found.items()}

    def _service(self, served: pd.DataFrame) -> pd.DataFrame:
        lost = self._part(
            DEMAND_ESTIMATE, ("item_id", "site_id", "bucket_start", "lost_units"), pc.field("lost_units") > 0
        )
        prices = self._part(DIM_ITEM, ("item_id", "unit_price"))
        service = self._part(RPT_DAILY_SERVICE)
        return service_facts(service, lost, served, prices, self.calendar.bucket.days)

    def _orders(self) -> pd.DataFrame:
        documents, freight, batches = [DOCUMENTS.empty()[list(DOCUMENT_COLUMNS)]], [], {}
        handlings: list[Handling] = []
        for date in self._plan_dates(DOCUMENTS):
            wanted = self._part(DOCUMENTS, DOCUMENT_COLUMNS, date=date)
            documents.append(wanted)
            fast = wanted.loc[wanted["kind"] == EXPEDITE, "order_id"].tolist()
            if fast:
                lines = ("order_id", "transport_amount")
                freight.append(self._part(ORDER_LINES, lines, pc.field("order_id").isin(fast), date))
            batches[pd.Timestamp(date)] = frozenset(self._part(FEED_BATCHES, ("batch_id",), date=date)["batch_id"])
            handlings += self.orders.handlings(OrderFilter(network=self.network, plan_date=date, channel=Channel.LIVE))
        planned = pd.concat([part for part in documents if len(part)] or documents[:1], ignore_index=True)
        costs = pd.concat(freight) if freight else ORDER_LINES.empty()[["order_id", "transport_amount"]]
        return order_facts(planned, costs, handlings, batches, self.plan_date)

    def _forecasts(self) -> pd.DataFrame:
        windows = next_windows(self.published, self.plan_date, PLAN_DATES)
        return forecast_facts(windows, self._part(RPT_NAIVE_ERROR, NAIVE_COLUMNS))

    def _promises(self, served: pd.DataFrame) -> pd.DataFrame:
        before = earlier(self.published, TARGETS, self.plan_date, PLAN_DATES)
        targets = {
            date: self.published.part(TARGETS, date, TARGET_COLUMNS, run_id=run_id) for date, run_id in before.items()
        }
        targets[self.plan_date] = self._part(TARGETS, TARGET_COLUMNS)
        known = {date: table for date, table in targets.items() if table is not None}
        since = self.plan_date - dt.timedelta(days=2 * max(KPI_WINDOWS))
        return promise_facts(known, served, self.plan_date, since)

    def _releases(self) -> pd.DataFrame:
        """Return the release that decided each plan date, by ``plan_date``."""
        joint, columns = pc.field("policy") == "joint_plan", ("plan_date", "policy_release")
        parts = [self._part(PLAN_SUMMARY, columns, joint, date) for date in self._plan_dates(PLAN_SUMMARY)]
        found = [part for part in parts if len(part)]
        return pd.concat(found, ignore_index=True) if found else PLAN_SUMMARY.empty()[list(columns)]

    def _plan_dates(self, frame: Frame) -> list[dt.date]:
        return [date for date in self.published.plan_dates(frame.name) if date <= self.plan_date][-PLAN_DATES:]

    def _part(
        self,
        frame: Frame,
        columns: Sequence[str] | None = None,
        where: pc.Expression | None = None,
        date: dt.date | None = None,
    ) -> pd.DataFrame:
        """Return columns of a table; no row where it was not published, or by another version."""
        names = list(columns or frame.names)
        found = self.published.part(frame, date or self.plan_date, names, where=where)
        return frame.empty()[names] if found is None else found


def with_members(rows: pd.DataFrame, echelons: pd.DataFrame, releases: pd.DataFrame) -> pd.DataFrame:
    """Return rows with the echelon of their site and the release of their day.

    Parameters
    ----------
    rows : DataFrame
        With ``site_id`` and ``day``; a release that they name themselves stands.
    echelons : DataFrame
        ``site_id`` and ``echelon``.
    releases : DataFrame
        ``plan_date`` and ``policy_release``, in order of the date: each decides until the next.
    """
    levels = echelons.set_index("site_id")["echelon"].astype(str)
    told = rows.assign(echelon=rows["site_id"].map(levels).fillna(UNKNOWN_ECHELON))
    if "policy_release" in rows:
        return told
    names = np.array([UNPLANNED, *releases["policy_release"]], dtype=object)
    place = np.searchsorted(releases["plan_date"].to_numpy(), rows["day"].to_numpy(), side="right")
    return told.assign(policy_release=names[place])
