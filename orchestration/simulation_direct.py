"""The full twin's production without Dagster, dbt's process, the ledger and the gateway: the same functions, called.

Feeds are landed and taken in, the gates judge, the marts are the project's own SQL, compiled once for a date that
stands for any, and forecasts, targets and plan come from the functions that the assets call. One day gives the
orders that the graph gives (tested); what is left out is said at ``DirectNetwork``. Not here: the run
(``assets.twin``), or the graph (``simulation``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial

import duckdb
import pandas as pd

from assets.features.readers import export_marts
from assets.features.registry import FeatureRegistry
from assets.feeds import raw
from assets.feeds.contract import contract, feed_table
from assets.feeds.envelope import batch_available_at
from assets.feeds.landing import LandingArea
from assets.feeds.synthetic.demo import demo_dates
from assets.feeds.synthetic.emission import day_feeds, feeds
from assets.feeds.synthetic.world import World
from assets.forecasting.daily import day_of, forecast_day
from assets.forecasting.forecast import forecast_demand
from assets.forecasting.history.driver_presence import has_drivers
from assets.forecasting.intervals import interval_calibration
from assets.forecasting.lead_time import learn_lead_times
from assets.forecasting.registry.registry import ModelRegistry
from assets.inventory.master_data import MasterData
from assets.inventory.placement import place_stock
from assets.inventory.protection_demand import protection_demand
from assets.inventory.recent_demand import read_recent
from assets.inventory.targets import set_targets
from assets.kernel.calendar import AsKnown
from assets.kernel.clock import DeclaredClock
from assets.kernel.frames.decisions import ANNOUNCED_LINES
from assets.kernel.frames.feeds import COMMITMENTS
from assets.kernel.frames.marts import MARTS
from assets.kernel.home import NetworkHome
from assets.kernel.published import Published
from assets.orders.documents import order_id
from assets.orders.events import Channel
from assets.orders.gateways.faults import Fault
from assets.orders.plan_gate import let_out
from assets.policy.release import Release
from assets.rebalancing.announced import Told
from assets.rebalancing.daily import planned as joint_plan
from assets.rebalancing.snapshot import from_published
from assets.twin.full import Planned
from assets.twin.full_book import Book, OpenLine, SentLine
from assets.twin.full_record import Software
from assets.twin.scenario_world import Staged
from orchestration.simulation_home import declare, land
from orchestration.simulation_marts import compiled_models
from quality.forecast_profile import profile_forecasts
from quality.gate import run_gate
from quality.known import Known
from quality.plan_profile import SharedUse, profile_plan
from quality.profiles import profile_feeds
from quality.suite import read_suite
from quality.verdicts import stops, write_to_warehouse

_CATALOGUE = "warehouse"
_FORECAST_TABLES = ("fct_demand", "dim_event", "feat_item_site", "dim_item", "dim_site", "dim_item_site")


@dataclass
class DirectNetwork:
    """A simulated network whose days call production's functions; use it as a context.

    Left out beside the graph: approvals, reservations and the gateway (what the plan's gate lets out is sent),
    drift's requests to choose models anew (they are chosen anew as often as the release says), faults of the
    gateway but its being down, and what no decision reads (hierarchies, quarantine, pages, alerts).

    Attributes
    ----------
    home : NetworkHome
        Where feeds are landed and tables published.
    staged : Staged
        The scenario in its world.
    release : Release
        What decides.
    """

    home: NetworkHome
    staged: Staged
    release: Release
    _open: ExitStack = field(default_factory=ExitStack, repr=False)
    _tables: dict[str, pd.DataFrame] = field(default_factory=dict, init=False, repr=False)

    def __enter__(self) -> DirectNetwork:
        start, end = demo_dates(self.staged.world.parameters)
        declare(self.home, self.staged.start, self.staged.world)
        land(self.home, self.staged.world, feeds(self.staged.world, start, end), self._clock)
        self._connect()
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()

    def _connect(self) -> None:
        self._profile = self.home.profile
        self._models = compiled_models(self._profile, FeatureRegistry(self.home.root))
        self._connection = self._open.enter_context(duckdb.connect(config={"threads": 1}))
        self._connection.execute(f"attach ':memory:' as {_CATALOGUE}")
        self._connection.execute(f"use {_CATALOGUE}")
        self._connection.execute("set timezone = 'UTC'")
        for schema in sorted({model.schema for model in self._models}):
            self._connection.execute(f'create schema if not exists "{schema}"')
        raw.prepare(self._connection)

    @property
    def _clock(self) -> DeclaredClock:
        return DeclaredClock(self.staged.start)

    def plan_day(self, date: dt.date, book: Book) -> Planned:  # noqa: ARG002
        """Plan the day and return the lines of its plan as sent; nothing where a gate stops it."""
        verdicts = self._judged_feeds(date)
        held = int(verdicts["action"].isin(["hold", "hold_outbound", "stop"]).sum())
        if stops(verdicts):
            return Planned((), Software(planned=False, error="the feeds' gate stopped it", held=held))
        lines = self.plan_lines(date, verdicts)
        sent = tuple(self._sent(lines, date))
        documents = len({line.reference for line in sent})
        if Fault.DOWN in self.staged.gateway_faults_on(date):
            # Orders leave on the day of their plan or not at all.
            return Planned((), Software(documents=documents, lines=len(sent), blocked=documents, held=held))
        return Planned(sent, Software(documents=documents, lines=len(sent), issued=documents, held=held))

    def day_passed(self, date: dt.date, world: World, changed: Sequence[OpenLine], book: Book) -> None:  # noqa: ARG002
        """Land the day's feeds, and what the other side has of us as the ledger would tell it."""
        land(self.home, world, self.staged.spoilt(day_feeds(world, date)), self._clock)
        frame = commitments_of(book)
        table = feed_table("ledger", "commitments")
        at = batch_available_at(table, date, world.parameters.timezone) - dt.timedelta(seconds=1)
        LandingArea(self.home.landing, self._clock).land_frame(table, frame, date, available_at=at)

    def plan_lines(self, date: dt.date, verdicts: pd.DataFrame) -> pd.DataFrame:
        """Return the lines of a plan that its gate lets out."""
        self._make_marts(date)
        self._forecast(date)
        self._set_targets(date)
        tables = self._tables
        profiles = profile_forecasts(tables["demand_forecast"], tables["targets"], tables["feat_item_site"], date)
        of_forecasts = run_gate(read_suite("forecasts"), profiles, date, None)
        told = {**tables, "verdicts": verdicts, "forecast_verdicts": of_forecasts}
        plan = joint_plan(
            from_published(told), release=self.release, profile=self._profile, plan_date=date,
            announcements=Told(ANNOUNCED_LINES.empty()), published=Published(self.home.published),
        )  # fmt: skip
        shared = SharedUse(tables["dim_lane"], tables["dim_item"], plan.shared_limits, plan.summary)
        judged = profile_plan(
            plan.lines, tables["fct_inventory_position"], tables["dim_sourcing"], [verdicts, of_forecasts], date, shared
        )
        return let_out(plan.lines, run_gate(read_suite("plan"), judged, date, None))

    def _judged_feeds(self, date: dt.date) -> pd.DataFrame:
        landing, calendar = LandingArea(self.home.landing, self._clock), self._profile.calendar
        for table in contract():
            raw.ingest(self._connection, table, landing, calendar)
        profiles = profile_feeds(self._connection, Known.of(calendar, date))
        verdicts = run_gate(read_suite("feeds"), profiles, date, None)
        write_to_warehouse(self._connection, verdicts, date)
        return verdicts

    def _make_marts(self, date: dt.date) -> None:
        cutoff = self._profile.calendar.cutoff(date)
        for model in self._models:
            self._connection.execute(model.statement(date, f"{cutoff:%Y-%m-%d %H:%M:%S}"))
        published = Published(self.home.published)
        export_marts(self._connection, published, date, f"direct-{date}", cutoff, MARTS)
        self._tables = {frame.name: published.read(frame, date) for frame in MARTS}

    def _forecast(self, date: dt.date) -> None:
        tables, profile, release = self._tables, self._profile, self.release
        make = partial(
            forecast_demand, tables["fct_demand"], tables["feat_item_site"], release, profile.calendar, date,
            profile.horizon_buckets, events=tables["dim_event"], items=tables["dim_item"], sites=tables["dim_site"],
            settings=tables["dim_item_site"],
        )  # fmt: skip
        driven = has_drivers(
            tables["fct_demand"], tables["dim_event"], profile.calendar, date, release.forecast.history_buckets
        )
        published = Published(self.home.published)
        day = day_of(
            published, date, release, profile, AsKnown.THEN, tables["feat_item_site"], _FORECAST_TABLES, driven
        )
        made = forecast_day(ModelRegistry(self.home.root), day, make).made
        lead_times = learn_lead_times(tables["fct_lead_time"], tables["feat_lead_time"], date, tables["fct_open_order"])
        tables["demand_forecast"], tables["lead_time"] = made.forecast, lead_times.distributions
        tables["interval_calibration"] = interval_calibration(made.selection, date)

    def _set_targets(self, date: dt.date) -> None:
        tables, calendar = self._tables, self._profile.calendar
        names = ("dim_item_site", "dim_site", "dim_lane", "dim_sourcing", "dim_item")
        master = MasterData(*(tables[name] for name in names), tables["feat_item_site"])
        placed = place_stock(
            read_recent(Published(self.home.published), date), tables["fct_lead_time"], tables["fct_open_order"],
            tables["feat_lead_time"], master, self.release, calendar, date,
        )  # fmt: skip
        tables["targets"] = set_targets(
            tables["demand_forecast"], tables["lead_time"], master, self.release, calendar, date, placed
        )
        tables["protection_demand"] = protection_demand(
            tables["demand_forecast"], tables["interval_calibration"], tables["lead_time"],
            *(tables[name] for name in names), calendar, date,
        )  # fmt: skip

    def _sent(self, lines: pd.DataFrame, date: dt.date) -> list[SentLine]:
        ends = ["kind", "origin_id", "destination_id"]
        rows = lines.sort_values([*ends, "item_id", "mode"], kind="stable", ignore_index=True)
        number = rows.groupby(ends).cumcount() + 1
        name = self._profile.name
        return [
            SentLine(
                order_id(name, date, row.kind, row.origin_id, row.destination_id, Channel.LIVE), int(place),
                row.kind, row.item_id, row.origin_id, row.destination_id, int(row.quantity_units),
                row.departure_date.date(), row.arrival_date.date(), row.mode,
            )
            for row, place in zip(rows.itertuples(), number, strict=True)
        ]  # fmt: skip


def commitments_of(book: Book) -> pd.DataFrame:
    """Return COMMITMENTS: what the other side has of us that is not over, as the ledger would tell it."""
    rows = [
        {
            "order_id": one.line.reference, "line_number": one.line.line_number, "kind": one.line.kind,
            "item_id": one.line.item_id, "origin_id": one.line.origin_id,
            "destination_id": one.line.destination_id, "mode": one.line.mode,
            "accepted_units": one.promised, "shipped_units": one.shipped, "received_units": one.received,
            "departure_date": pd.Timestamp(one.line.departure_date),
            "arrival_date": pd.Timestamp(one.line.arrival_date), "value_amount": 0.0,
        }
        for one in book.open
    ]  # fmt: skip
    return COMMITMENTS.conform(pd.DataFrame(rows)) if rows else COMMITMENTS.empty()
