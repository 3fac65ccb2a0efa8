"""Who is champion of each segment after a backtest: the best where none stood, else whoever defends or wins.

Not here: the test of a challenger (``promotion``), the backtest (``backtest``), or the value that
comes out (``selection``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pandas as pd

from assets.forecasting.evaluation.backtest import Backtest, SegmentBacktest, Tested
from assets.forecasting.evaluation.calibrate import Calibration
from assets.forecasting.evaluation.outcomes import joined
from assets.forecasting.evaluation.promotion import challenge, decision_losses
from assets.forecasting.evaluation.published import network_calibration, segment_calibration
from assets.forecasting.evaluation.shocks import UsualShares
from assets.forecasting.evaluation.site_correlation import SiteCorrelation, errors_of, joined_errors, site_correlation
from assets.forecasting.history.arrays import Reals
from assets.forecasting.history.index import KEY
from assets.forecasting.history.segments import DYING
from assets.forecasting.registry.segment_choice import SegmentChoice
from assets.forecasting.registry.selection import Selection


def selected(
    found: Backtest,
    horizon: int,
    made_for: dt.date,
    rules: str,
    index: pd.DataFrame,
    *,
    standing: Selection | None = None,
    margin: float = 0.0,
) -> Selection:
    """Return the champions of a backtest with their calibrations, nothing fitted yet.

    Parameters
    ----------
    found : Backtest
        Every candidate tested.
    horizon : int
        Buckets ahead.
    made_for : date
        Plan date.
    rules : str
        ``rules_digest``.
    index : DataFrame
        ``item_id`` and ``category`` of the panel's series.
    standing : Selection, optional
        In force until now: the best other candidate of a segment is a challenger of its champion.
        Without it, or where its champion is on the menu no more, the best candidate wins.
    margin : float
        Least gain of a challenger.
    """
    chosen = [_judged(part, standing, made_for, margin) for part in found.segments]
    # What no backtest told of has the network's law about means as they come.
    outcomes = [_tested(part, choice.champion).outcomes for part, choice in zip(found.segments, chosen, strict=True)]
    network, usual = network_calibration(joined(outcomes, horizon), horizon)
    choices = tuple(
        replace(choice, calibrations=_calibrations(part, network, usual))
        for part, choice in zip(found.segments, chosen, strict=True)
    )
    nothing = pd.DataFrame(columns=[*KEY, "model"], dtype=object)
    together = _together(found, choices, index)
    return Selection(made_for, rules, choices, network, nothing, tested=found.boosted, correlation=together)


def _together(found: Backtest, choices: tuple[SegmentChoice, ...], index: pd.DataFrame) -> SiteCorrelation:
    parts = [
        errors_of(_tested(part, choice.champion).outcomes, choice.calibration, index)
        for part, choice in zip(found.segments, choices, strict=True)
    ]
    return site_correlation(joined_errors(parts)) if parts else SiteCorrelation()


def _calibrations(part: SegmentBacktest, network: Calibration, usual: UsualShares) -> tuple[Calibration, ...]:
    return tuple(
        segment_calibration(each.outcomes, network, usual, may_end=part.segment == DYING) for each in part.tested
    )


def _judged(part: SegmentBacktest, standing: Selection | None, made_for: dt.date, margin: float) -> SegmentChoice:
    best = SegmentChoice(part.segment, part.best.score.model, part.origin_count, part.scores, (), made_for)
    before = standing.choice_of(part.segment) if standing else None
    if before is None or before.champion not in [score.model for score in part.scores]:
        return best
    champion = _tested(part, before.champion)
    others = [each for each in part.tested if each is not champion]
    if not others:
        return replace(best, since=before.since, by=before.by, reason=before.reason, evidence=before.evidence)
    challenger = min(others, key=lambda each: each.score.compared)
    series = champion.outcomes.series
    test = challenge(_losses(champion), _losses(challenger), series, margin)
    if test.promoted:
        return replace(best, champion=test.challenger, reason=test.reason, evidence=test)
    return replace(
        best, champion=before.champion, since=before.since, by=before.by, reason=before.reason, evidence=test
    )


def _losses(each: Tested) -> tuple[str, Reals]:
    return each.score.model, decision_losses(each.outcomes)


def _tested(part: SegmentBacktest, model: str) -> Tested:
    return next(each for each in part.tested if each.score.model == model)
