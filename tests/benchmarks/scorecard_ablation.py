"""What each part of the calibration is worth: the champions' origins, each held against laws of those before it.

An origin is calibrated on as many earlier ones as a plan would have. Laws, each with what the one
before it lacks:

``pools``      pools of scaled residuals by segment and level.
``shocks``     the same, widened by what the series of an origin share.
``published``  and segments of few outcomes move the network's law; pools are about corrected means.
``twice``      the same, such segments told by twice as many origins, which a plan does not backtest.

Not here: plans as they would have been made, with champions of the day (``scorecard_plans``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scorecard_panels import Reals

from assets.forecasting.evaluation.backtest import SegmentBacktest
from assets.forecasting.evaluation.calibrate import LEVELS, Calibration, calibrated, untested
from assets.forecasting.evaluation.outcomes import Outcomes, joined
from assets.forecasting.evaluation.pit import pit_bounds, pit_coverage
from assets.forecasting.evaluation.published import has_few, network_calibration, segment_calibration, widened
from assets.forecasting.evaluation.scorecard import BAND, at_quantile_level, band_of, uncensored
from assets.forecasting.evaluation.scores import coverage, pinball_loss
from assets.forecasting.history.segments import DYING

ALL = "all"
LAWS = ("pools", "shocks", "published", "twice")
# Demand, decision level, and quantiles and means by law.
Windows = tuple[Reals, Reals, dict[str, Reals], dict[str, Reals]]
# Each is told a segment's outcomes at the origins of a plan, and at twice as many, and whether its series may end.
Laws = dict[str, Callable[[Outcomes, Outcomes, bool], Calibration]]


def ablation(found: list[SegmentBacktest], origins: int) -> list[dict[str, Any]]:
    """Return coverage of uncensored windows, decision loss and bias of the mean by segment and law.

    The loss, at the decision level of each series, and the bias are over the mean demand of the same windows.

    Parameters
    ----------
    found : list of SegmentBacktest
        Over more origins than a plan's own backtest has.
    origins : int
        Earlier origins that calibrate one.
    """
    cuts = np.unique(np.concatenate([part.outcomes.origin for part in found]))[::-1]
    windows: dict[str, list[Windows]] = {part.segment: [] for part in found}
    for place in range(len(cuts) - 1):
        earlier, longer = (
            [_at(part.outcomes, cuts[place + 1 : place + 1 + count]) for part in found]
            for count in (origins, 2 * origins)
        )
        laws = _laws(joined(earlier, earlier[0].mean.shape[1]))
        for part, *seen in zip(found, earlier, longer, strict=True):
            held = _at(part.outcomes, cuts[place : place + 1])
            windows[part.segment].append(_windows(held, seen, laws, part.segment == DYING))
    rows = [_row(name, parts) for name, parts in windows.items()]
    every = _row(ALL, [part for parts in windows.values() for part in parts])
    return [row for row in [*rows, every] if row["uncensored_window_count"]]


def _at(outcomes: Outcomes, cuts: Any) -> Outcomes:
    return outcomes.rows(np.isin(outcomes.origin, cuts))


def _laws(whole: Outcomes) -> Laws:
    horizon = whole.mean.shape[1]
    plain = calibrated(whole, untested(horizon))
    network, usual = network_calibration(whole, horizon)
    return {
        "pools": lambda seen, _, __: calibrated(seen, plain),
        "shocks": lambda seen, _, __: widened(calibrated(seen, network), seen, usual),
        "published": lambda seen, _, ends: segment_calibration(seen, network, usual, may_end=ends),
        "twice": lambda seen, longer, ends: segment_calibration(
            longer if has_few(seen) else seen, network, usual, may_end=ends
        ),
    }


def _windows(held: Outcomes, seen: list[Outcomes], laws: Laws, may_end: bool) -> Windows:
    whole, found = uncensored(held), {name: law(*seen, may_end) for name, law in laws.items()}
    quantiles = {name: law.quantiles_of(held.expected, held.level)[whole] for name, law in found.items()}
    means = {name: law.mean_of(held.expected)[whole] for name, law in found.items()}
    ratio = np.broadcast_to(held.decision_level[:, None], whole.shape)
    return held.actual[whole], ratio[whole], quantiles, means


def _row(name: str, parts: list[Windows]) -> dict[str, Any]:
    actual, ratio = (np.concatenate([part[place] for part in parts]) for place in (0, 1))
    found: dict[str, Any] = {"demand_segment": name, "uncensored_window_count": len(actual)}
    quantiles = {law: np.concatenate([part[2][law] for part in parts]) for law in LAWS}
    demand = max(float(actual.mean()) if actual.size else 0.0, 1e-9)
    found["coverage_80"] = {law: coverage(actual, *band_of(quantiles[law])) for law in LAWS}
    found["pit_coverage_80"] = {
        law: pit_coverage(*pit_bounds(actual, quantiles[law], LEVELS), *BAND) if actual.size else None for law in LAWS
    }
    found["pinball_loss"] = {
        law: pinball_loss(actual, at_quantile_level(quantiles[law][:, None], ratio)[:, 0], ratio) / demand
        for law in LAWS
    }
    mean = {law: np.concatenate([part[3][law] for part in parts]) for law in LAWS}
    found["bias"] = {law: float((mean[law] - actual).mean()) / demand for law in LAWS}
    return found
