"""The candidates that a policy release may name, and what they share.

Not here: the candidates themselves (``series_models``, ``network_models``), choosing between
them (``backtest``), or their uncertainty (``calibrate``).
"""

from __future__ import annotations

import numpy as np

from assets.forecasting.history.arrays import Integers, Reals
from assets.forecasting.history.censoring import History
from assets.forecasting.history.panel import SeriesPanel
from assets.forecasting.history.phase import SEASON_LENGTH
from assets.forecasting.history.segments import SEGMENTS, menu
from assets.forecasting.models.known import Candidate, Known, learned
from assets.forecasting.models.network_models import network_models
from assets.forecasting.models.series_models import series_models
from assets.kernel.calendar import Bucket
from assets.kernel.errors import EquipoiseError
from assets.policy.release import ForecastRules


def candidate(name: str, bucket: Bucket, season_length: int | None = None) -> Candidate:
    """Return the candidate that a policy release calls ``name``.

    Raises
    ------
    EquipoiseError
        If there is no such model.
    """
    season = SEASON_LENGTH[bucket] if season_length is None else season_length
    known: tuple[Candidate, ...] = (*series_models(bucket, season), *network_models(bucket))
    for found in known:
        if found.name == name:
            return found
    raise EquipoiseError(
        f"model {name} is unknown",
        where="policy release, forecast.candidates",
        remedy=f"Use one of {', '.join(choice.name for choice in known)}",
    )


def candidates_of(rules: ForecastRules, segment: str, bucket: Bucket) -> list[Candidate]:
    """Return the candidates of a segment, in the order of its menu."""
    return [candidate(name, bucket) for name in menu(rules, segment)]


def all_candidates(rules: ForecastRules, bucket: Bucket) -> list[Candidate]:
    """Return every candidate on any menu, by name."""
    names = sorted({name for segment in SEGMENTS if segment in rules.candidates for name in menu(rules, segment)})
    return [candidate(name, bucket) for name in names]


def forecast_means(
    choice: Candidate, panel: SeriesPanel, history: History, rows: Integers, future_phase: Integers
) -> Reals:
    """Return the mean demand of each bucket ahead of some series, shape (m, H), the panel being all there is."""
    model = learned([choice], panel, future_phase)
    return choice.forecast(Known(panel, history, future_phase, panel, np.arange(panel.size), model), rows).mean
