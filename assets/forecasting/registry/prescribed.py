"""What is prescribed of the models of one forecast: used as they stand, or chosen anew against a champion.

Here: how a prescription becomes a selection. Not here: who prescribes (``log``), or the backtest itself.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from assets.forecasting.evaluation.backtest import backtest
from assets.forecasting.history.panel import SeriesPanel
from assets.forecasting.registry.championship import selected
from assets.forecasting.registry.records import Pin
from assets.forecasting.registry.selection import Selection, rules_digest
from assets.policy.release import ForecastRules


@dataclass(frozen=True)
class Prescribed:
    """What a forecast is told of its models; nothing where they are chosen for the first time.

    Attributes
    ----------
    selection : Selection or None
        Of an earlier run: its champions and calibrations are used and nothing is backtested or
        fitted again, except to series that it does not know. Scores are then that run's.
    standing : Selection or None
        Without ``selection``: what is in force, whose champions stay unless a challenger beats
        them by the margin.
    pins : mapping
        Segment to the model that a person set; no test replaces it.
    promotion_margin : float or None
        Least gain of a challenger; the release's if not given.
    """

    selection: Selection | None = None
    standing: Selection | None = None
    pins: Mapping[str, Pin] = field(default_factory=dict)
    promotion_margin: float | None = None

    def chosen(self, panel: SeriesPanel, rules: ForecastRules, horizon: int, plan_date: dt.date) -> Selection:
        """Return the selection to forecast with.

        Raises
        ------
        EquipoiseError
            If the selection was made under other rules or for another horizon.
        """
        version = rules_digest(rules, panel.bucket, horizon)
        if self.selection is not None:
            self.selection.require_rules(version)
            return self.selection.pinned(self.pins)
        margin = rules.promotion_margin if self.promotion_margin is None else self.promotion_margin
        found = backtest(panel, rules, horizon)
        made = selected(found, horizon, plan_date, version, panel.index, standing=self.standing, margin=margin)
        return made.pinned(self.pins)
