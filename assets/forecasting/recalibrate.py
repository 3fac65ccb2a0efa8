"""What choosing champions anew would change, by segment, before anything acts on it.

The forecast in force beside one made by champions chosen anew on the same tables. Not here: making either
(``forecast``), or who approves (``registry.acts``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd

from assets.forecasting.forecast import DemandForecast
from assets.forecasting.history.arrays import Reals
from assets.forecasting.registry.segment_choice import BACKTEST, SegmentChoice
from assets.forecasting.registry.selection import Selection
from assets.kernel.frames.forecasts import QUANTILE_COLUMNS, QUANTILE_LEVELS


@dataclass(frozen=True)
class Volumes:
    """What is forecast over the whole horizon, summed over the series of a segment.

    Attributes
    ----------
    expected_units, expected_amount : float
        Expected demand, in base units and in money at unit cost.
    decision_units, decision_amount : float
        Quantile of cumulative demand at each series' decision level, likewise; a sum of quantiles, not the quantile
        of a sum.
    """

    expected_units: float
    expected_amount: float
    decision_units: float
    decision_amount: float


@dataclass(frozen=True)
class SegmentChange:
    """What a refit would change in one segment.

    Attributes
    ----------
    segment : str
        Demand segment.
    series : int
        Item-sites in it.
    champion_now, champion_after : str
        Models; empty where there is none.
    loss_now, loss_after : float or None
        Decision loss of both in the new backtest, over mean demand; None where it was not scored there.
    verdict : str
        What the test found, or who put the model there.
    mean_factor_now, mean_factor_after : float or None
        What means are multiplied with.
    now, after : Volumes
        What is forecast.
    """

    segment: str
    series: int
    champion_now: str
    champion_after: str
    loss_now: float | None
    loss_after: float | None
    verdict: str
    mean_factor_now: float | None
    mean_factor_after: float | None
    now: Volumes
    after: Volumes


def changes(
    forecast: pd.DataFrame, standing: Selection, refitted: DemandForecast, items: pd.DataFrame
) -> list[SegmentChange]:
    """Return what a refit would change, by segment in order.

    Parameters
    ----------
    forecast : DataFrame
        Frame ``DEMAND_FORECAST``: what is in force.
    standing : Selection
        That made it.
    refitted : DemandForecast
        The same plan date with champions chosen anew.
    items : DataFrame
        ``item_id``, ``unit_cost``; an item that is not in it is worth nothing.
    """
    now, after = _volumes(forecast, items), _volumes(refitted.forecast, items)
    counts = refitted.forecast.drop_duplicates(["item_id", "site_id"])["demand_segment"].value_counts()
    nothing = Volumes(0.0, 0.0, 0.0, 0.0)
    return [
        _change(
            segment, int(counts.get(segment, 0)), standing.choice_of(segment), refitted.selection.choice_of(segment),
            now.get(segment, nothing), after.get(segment, nothing),
        )
        for segment in sorted({*now, *after})
    ]  # fmt: skip


def total(parts: Iterable[Volumes]) -> Volumes:
    """Return the sum of volumes, added in order."""
    told = [*parts]
    return Volumes(*(sum(getattr(part, each.name) for part in told) for each in fields(Volumes)))


def at_decision_level(forecast: pd.DataFrame) -> Reals:
    """Return the quantile of cumulative demand at each row's decision level, between published ones by line.

    Examples
    --------
    >>> row = {name: float(place) for place, name in enumerate(QUANTILE_COLUMNS)} | {"decision_level": 0.15}
    >>> at_decision_level(pd.DataFrame([row])).round(2)
    array([2.5])
    """
    levels, values = np.array(QUANTILE_LEVELS), forecast[[*QUANTILE_COLUMNS]].to_numpy(np.float64)
    asked = np.clip(forecast["decision_level"].to_numpy(np.float64), levels[0], levels[-1])
    above = np.clip(np.searchsorted(levels, asked), 1, len(levels) - 1)
    share = (asked - levels[above - 1]) / (levels[above] - levels[above - 1])
    rows = np.arange(len(values))
    units: Reals = values[rows, above - 1] * (1.0 - share) + values[rows, above] * share
    return units


def _volumes(forecast: pd.DataFrame, items: pd.DataFrame) -> dict[str, Volumes]:
    last = forecast[forecast["bucket_index"] == forecast["bucket_index"].max()]
    cost = last["item_id"].map(items.set_index("item_id")["unit_cost"]).fillna(0.0).to_numpy(np.float64)
    expected, decision = last["cumulative_mean_units"].to_numpy(np.float64), at_decision_level(last)
    columns = np.stack([expected, expected * cost, decision, decision * cost], axis=1)
    segments = last["demand_segment"].to_numpy()
    return {str(name): Volumes(*map(float, columns[segments == name].sum(axis=0))) for name in sorted(set(segments))}


def _change(
    segment: str, series: int, before: SegmentChoice | None, chosen: SegmentChoice | None, now: Volumes, after: Volumes
) -> SegmentChange:
    losses = {} if chosen is None else {score.model: score.pinball_loss for score in chosen.scores}
    champion_now, champion_after = ("" if one is None else one.champion for one in (before, chosen))
    factor_now, factor_after = (None if one is None else one.calibration.mean_factor for one in (before, chosen))
    return SegmentChange(
        segment, series, champion_now, champion_after, losses.get(champion_now), losses.get(champion_after),
        _verdict(chosen), factor_now, factor_after, now, after,
    )  # fmt: skip


def _verdict(chosen: SegmentChoice | None) -> str:
    if chosen is None:
        return "nothing to score"
    if chosen.by != BACKTEST:
        return f"put there by {chosen.by}: {chosen.reason}"
    return chosen.evidence.reason if chosen.evidence else chosen.reason
