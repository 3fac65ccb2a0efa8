"""What every policy of an experiment knows on a date: forecast, targets and rates, made as the daily job makes them.

Forecasts see nothing after their date. They are kept in a folder from run to run where one is given.
Not here: policies (``policies``), playing (``player``), or how tables are kept (``kept``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from assets.forecasting.forecast import forecast_demand
from assets.forecasting.intervals import interval_calibration
from assets.forecasting.registry.prescribed import Prescribed
from assets.forecasting.registry.selection import Selection
from assets.inventory.master_data import MasterData
from assets.inventory.protection_demand import protection_demand
from assets.inventory.targets import set_targets
from assets.kernel.frames.forecasts import LEAD_TIME
from assets.policy.critical_ratio import critical_ratios
from assets.policy.release import Release
from assets.twin.day import Rates
from assets.twin.experiment.kept import Keep, Known
from assets.twin.experiment.network import KEY, ExperimentNetwork
from assets.twin.tariff import landed_costs, unit_freight

A_SHARE, B_SHARE = 0.80, 0.95


@dataclass
class Setting:
    """A network under a release, with what is known by date: made once, the same for every policy.

    Attributes
    ----------
    network : ExperimentNetwork
        What is played on.
    release : Release
        Objective, guardrails, targets and model menu.
    keep : Keep, optional
        Where what is known is kept from run to run.
    selected_every : int, optional
        Buckets after which models are chosen anew; once, before the first window, if not given:
        choosing them costs ten to a hundred times as much as updating.
    """

    network: ExperimentNetwork
    release: Release
    keep: Keep | None = None
    selected_every: int | None = None
    _known: dict[dt.date, Known] = field(default_factory=dict, repr=False)
    _chosen: dict[dt.date, Selection] = field(default_factory=dict, repr=False)

    @cached_property
    def features(self) -> pd.DataFrame:
        """``abc_class`` of every item-site, by value sold before the first window."""
        demand = self.network.panel.demand
        before = demand[pd.to_datetime(demand["bucket_start"]) < pd.Timestamp(self.network.starts[0])]
        value = before.groupby("item_id")["demand_lower_bound_units"].sum()
        value = (value * self.network.items.set_index("item_id")["unit_price"]).fillna(0.0).astype(float)
        value = value.sort_index().sort_values(ascending=False, kind="stable")
        better = (value.cumsum() - value) / max(float(value.sum()), 1e-9)
        classes = pd.Series(np.where(better < A_SHARE, "A", np.where(better < B_SHARE, "B", "C")), index=value.index)
        return self.network.places.assign(abc_class=self.network.places["item_id"].map(classes).fillna("C"))

    @cached_property
    def rates(self) -> Rates:
        """What stock and its lack cost: as the feed says; where it gives a service target only, what that implies."""
        network = self.network
        settings = network.item_sites.merge(network.items[["item_id", "unit_cost", "unit_price"]], on="item_id")
        settings = settings.merge(self.features, on=KEY).sort_values(KEY, ignore_index=True)
        holding = settings["holding_cost_per_unit_day"].to_numpy(np.float64) * network.profile.calendar.bucket.days
        shortage = critical_ratios(settings, self.release).shortage_cost
        freight = unit_freight(network.lanes, network.items)
        landed = landed_costs(network.places, network.sourcing, freight)
        return Rates(holding, shortage, landed, network.profile.lost_sales)

    def _selection(self, date: dt.date) -> Selection:
        """Return the models in force on a date, chosen by what was known when they were."""
        first = self.network.starts[0]
        when = first
        if self.selected_every is not None and date > first:
            calendar, passed = self.network.profile.calendar, self.network.column(date) - self.network.column(first)
            when = calendar.bucket_start(first, passed // self.selected_every * self.selected_every)
        if when not in self._chosen:
            self._chosen[when] = self._forecast(when, None)[1]
        return self._chosen[when]

    def _forecast(self, date: dt.date, selection: Selection | None) -> tuple[pd.DataFrame, Selection]:
        network = self.network
        features = network.panel.features(date).merge(self.features, on=KEY, how="left")
        made = forecast_demand(
            network.panel.demand, features, self.release, network.profile.calendar, date,
            network.profile.horizon_buckets, items=network.items, sites=network.sites, settings=network.item_sites,
            models=Prescribed(selection),
        )  # fmt: skip
        return made.forecast, made.selection

    def known(self, date: dt.date) -> Known:
        """Return what is known on a date."""
        if date not in self._known:
            found = self.keep.read(date) if self.keep else None
            if found is None:
                found = self._made(date)
                if self.keep:
                    self.keep.write(date, found)
            self._known[date] = found
        return self._known[date]

    def _made(self, date: dt.date) -> Known:
        network, calendar = self.network, self.network.profile.calendar
        forecast, used = self._forecast(date, self._selection(date))
        master = (network.item_sites, network.sites, network.lanes, network.sourcing, network.items)
        lead_times = LEAD_TIME.empty()
        with_features = MasterData(*master, self.features)
        targets = set_targets(forecast, lead_times, with_features, self.release, calendar, date)
        between = protection_demand(forecast, interval_calibration(used, date), lead_times, *master, calendar, date)
        return Known(forecast, targets, between)
