"""A network's models day by day, without a forecaster: each plan selects or reuses, as the log rules."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

import numpy as np
import pandas as pd

from assets.forecasting.daily import Day, DayForecast, forecast_day
from assets.forecasting.evaluation.calibrate import untested
from assets.forecasting.evaluation.scorecard import Score
from assets.forecasting.forecast import DemandForecast
from assets.forecasting.registry.prescribed import Prescribed
from assets.forecasting.registry.records import Pin, Procedure, Terms
from assets.forecasting.registry.registry import ModelRegistry
from assets.forecasting.registry.segment_choice import SegmentChoice
from assets.forecasting.registry.selection import Selection
from assets.kernel.identifiers import digest
from assets.policy.release import Recalibration

FIRST = dt.date(2026, 3, 2)
TERMS = Terms(rules="rules-1", feature_set="standard@1", as_known="then")


def day_after(days: int) -> dt.date:
    return FIRST + dt.timedelta(days=days)


@dataclass
class History:
    """Plans of a network over its registry; ``selected`` counts selections, ``during`` runs inside a forecast.

    ``driven`` are the dates that know a promotion; ``margins`` are those of the selections made.
    """

    home: Path
    data: dict[dt.date, str] = field(default_factory=dict)
    driven: set[dt.date] = field(default_factory=set)
    procedure: Procedure | None = None
    margins: list[float] = field(default_factory=list)
    selected: int = 0
    menu: tuple[str, ...] = ("TSB", "CrostonSBA")
    recalibration: Recalibration = "at_once"
    breaks: bool = False
    during: Callable[[], object] = bool

    @property
    def registry(self) -> ModelRegistry:
        return ModelRegistry(self.home, self.procedure)

    def plan(
        self,
        days: int,
        terms: Terms = TERMS,
        refit_days: int = 7,
        margin: float = 0.01,
        recalibration: Recalibration | None = None,
    ) -> DayForecast:
        """Plan the date that many days after the first."""
        plan_date = day_after(days)
        data = self.data.get(plan_date, "data")
        asked = recalibration or self.recalibration
        procedure = Procedure(refit_days=refit_days, promotion_margin=margin, recalibration=asked)
        driven = plan_date in self.driven
        day = Day(plan_date, terms, digest(data, plan_date, driven), "standard@1", procedure, driven)

        def make(*, models: Prescribed) -> DemandForecast:
            if models.selection is None:
                self.selected += 1
                self.margins.append(models.promotion_margin)
            used = models.selection or selection_of(
                plan_date, data, self.menu, standing=models.standing, pins=models.pins
            )
            self.during()
            if self.breaks:
                raise RuntimeError("killed")
            stamp = pd.DataFrame({"model_version": [digest(used.version, day.data_version)]})
            return DemandForecast(stamp, pd.DataFrame(), used)

        return forecast_day(self.registry, day, make)

    def used(self, days: int, terms: Terms = TERMS) -> dt.date:
        """Return the plan date whose selection a plan uses."""
        return self.plan(days, terms).entered.made_for


def selection_of(
    made_for: dt.date, data: str, menu: tuple[str, ...], *, standing: Selection | None = None, pins: Mapping[str, Pin]
) -> Selection:
    """Return a selection for one segment, distinct for each date and data, with the best of the menu or the pin."""
    scores = tuple(score(model, 0.2 + 0.01 * place) for place, model in enumerate(menu))
    before = standing.choices[0].champion if standing else menu[0]
    champion = before if before in menu else menu[0]
    choice = SegmentChoice("lumpy", champion, 3, scores, tuple(untested(3) for _ in menu), made_for)
    fitted = pd.DataFrame({"item_id": ["i"], "site_id": ["s"], "model": ["m"], "alpha": [0.1 + np.pi / 1e9]})
    return Selection(made_for, digest(data), (choice,), untested(3), fitted).pinned(pins)


def score(model: str, loss: float) -> Score:
    """Return a score of which only the loss matters."""
    blank = {field.name: None for field in fields(Score)}
    return Score(**blank | {"model": model, "pinball_loss": loss, "wape": 0.5, "bias": 0.0, "coverage_80": 0.8})
