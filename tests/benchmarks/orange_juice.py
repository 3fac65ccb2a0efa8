"""Orange juice by TSPerf's protocol: forecast weeks ahead whose prices and promotions are known.

Round r trains to week W + 2 (r - 1), skips one week and forecasts the next two. What is submitted
is the point of the predictive distribution that minimises the mean absolute percentage error; the
distribution is the model's centre with the errors that earlier rounds made and whose outcome was
known by then. Before the first round, earlier rounds are played inside its training data.

Not here: the file and its drivers (``orange_juice_panel``), or the model (``assets.forecasting.models.driven``).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from orange_juice_panel import Juice, read_juice
from rich.console import Console
from rich.table import Table

from assets.forecasting.history.arrays import Reals
from assets.forecasting.models.driven import FIRST_ORIGIN, VIEWS, DrivenModel, View, earlier_errors, point
from assets.forecasting.models.driven_features import FeatureRows
from assets.kernel.errors import EquipoiseError

# One week is skipped between the last one known and the first one forecast.
STEPS = (2, 3)
WEEKS_BETWEEN_ROUNDS = 2
# Rounds played inside the training data, from whose errors the first round learns.
ROUNDS_BEFORE = 3
PLAIN = (View(corrects_effects=False, objective="l2", trees=200, leaves=31, least_rows=40, rate=0.08),)

OURS = "equipoise"
METHODS = {OURS: "Equipoise", "lightgbm": "LightGBM in logs", "ets": "ETS", "naive": "naive"}

Forecaster = Callable[[int], Reals]


def run(data: Path, first_round_week: int = 109, rounds: int = 12) -> dict[str, Any]:
    """Play the rounds with every method.

    Parameters
    ----------
    data : Path
        The file, as CSV, compressed or not.
    first_round_week : int
        Last week of the first round's training.
    rounds : int
        Rounds, two weeks apart.

    Returns
    -------
    dict
        ``mape`` in percent over all rounds, ``methods`` with that of every method, ``rounds`` with one
        entry a round, and the seconds that each method took.

    Raises
    ------
    EquipoiseError
        If the file is not the published one or the rounds leave its weeks.
    """
    juice = read_juice(Path(data))
    _check_weeks(juice, first_round_week, rounds, Path(data))
    origins = [first_round_week - juice.first_week + WEEKS_BETWEEN_ROUNDS * r for r in range(rounds)]
    errors, seconds = {}, {}
    for name, forecast in forecasters(juice, origins[0]).items():
        started = time.perf_counter()
        errors[name] = [percentage_errors(juice, forecast(origin), origin) for origin in origins]
        seconds[name] = round(time.perf_counter() - started, 1)
    return {
        "mape": _mean(errors[OURS]),
        "methods": {name: _mean(found) for name, found in errors.items()},
        "rounds": [_round(juice, origin, r, errors) for r, origin in enumerate(origins)],
        "series": len(juice.panel.units),
        "seconds": seconds,
    }


def _check_weeks(juice: Juice, first_round_week: int, rounds: int, path: Path) -> None:
    earliest = juice.first_week + FIRST_ORIGIN + STEPS[0] + 1 + WEEKS_BETWEEN_ROUNDS * ROUNDS_BEFORE
    last = juice.first_week + juice.weeks - 1
    latest = last - STEPS[-1] - WEEKS_BETWEEN_ROUNDS * (rounds - 1)
    if rounds < 1:
        raise EquipoiseError(f"{rounds} rounds are none", where="--rounds", remedy="Play at least one")
    if not earliest <= first_round_week <= latest:
        raise EquipoiseError(
            f"{rounds} rounds from week {first_round_week} leave weeks {juice.first_week}-{last}",
            where=str(path),
            remedy=f"Start between {earliest} and {latest}" if earliest <= latest else "Play fewer rounds",
        )


def forecasters(juice: Juice, first_origin: int, views: Sequence[View] = VIEWS) -> dict[str, Forecaster]:
    """Return what forecasts the units of an origin's two weeks, by method; (n, 2) each."""
    rows = FeatureRows(juice.panel)
    return {
        OURS: Rolling(juice, DrivenModel(juice.panel, STEPS, views, rows=rows), first_origin).units,
        "lightgbm": Rolling(juice, DrivenModel(juice.panel, STEPS, PLAIN, rows=rows), first_origin).units,
        "ets": lambda origin: exponential_smoothing(juice.panel.log_demand[:, : origin + 1]),
        "naive": lambda origin: naive(juice.panel.units[:, : origin + 1]),
    }


class Rolling:
    """A model whose errors of earlier rounds make its predictive distribution."""

    def __init__(self, juice: Juice, model: DrivenModel, first_origin: int) -> None:
        self.log_demand = juice.panel.log_demand
        self.model = model
        self.first_origin = first_origin
        self._centres: dict[int, Reals] = {}

    def units(self, origin: int) -> Reals:
        """Return the units that minimise the percentage error, of each series and step."""
        begin = self.first_origin - WEEKS_BETWEEN_ROUNDS * ROUNDS_BEFORE
        played = {at: self._centre(at) for at in range(begin, origin, WEEKS_BETWEEN_ROUNDS)}
        return point(self._centre(origin), earlier_errors(played, self.log_demand, STEPS, origin))

    def _centre(self, origin: int) -> Reals:
        if origin not in self._centres:
            self._centres[origin] = self.model.centre(origin)
        return self._centres[origin]


def naive(units: Reals) -> Reals:
    """Return the last week that was sold, for both weeks ahead."""
    seen = np.isfinite(units)
    place = units.shape[1] - 1 - np.argmax(seen[:, ::-1], axis=1)
    return np.repeat(units[np.arange(len(units)), place][:, None], len(STEPS), axis=1)


def exponential_smoothing(log_demand: Reals) -> Reals:
    """Return ETS(A,N,N) of log units with a fitted level: weeks without a sale are left out."""
    from statsforecast.models import AutoETS

    model = AutoETS(season_length=1, model="ANN")
    ahead = np.empty((len(log_demand), len(STEPS)))
    for row, values in enumerate(log_demand):
        known = values[np.isfinite(values)]
        mean = model.forecast(y=known, h=STEPS[-1])["mean"] if np.ptp(known) > 0.0 else np.full(STEPS[-1], known[0])
        ahead[row] = [mean[step - 1] for step in STEPS]
    return np.exp(ahead)


def percentage_errors(juice: Juice, forecast: Reals, origin: int) -> Reals:
    """Return the absolute percentage error of every cell that was sold in the origin's two weeks.

    Raises
    ------
    EquipoiseError
        If a cell that was sold has no forecast: leaving it out would flatter the method.
    """
    actual = juice.panel.units[:, [origin + step for step in STEPS]]
    sold = np.isfinite(actual) & (actual > 0)
    lacking = int((sold & ~np.isfinite(forecast)).sum())
    if lacking:
        raise EquipoiseError(
            f"{lacking} of {int(sold.sum())} cells that were sold have no forecast",
            where=f"round trained to week {juice.first_week + origin}",
            remedy="Give every series a forecast, or leave it out of the file for all methods",
        )
    error: Reals = 100.0 * np.abs(actual - forecast)[sold] / actual[sold]
    return error


def _mean(errors: list[Reals]) -> float:
    return round(float(np.mean(np.concatenate(errors))), 3)


def _round(juice: Juice, origin: int, place: int, errors: dict[str, list[Reals]]) -> dict[str, Any]:
    return {
        "round": place + 1,
        "trained_to_week": juice.first_week + origin,
        "weeks": [juice.first_week + origin + step for step in STEPS],
        "cells": len(errors[OURS][place]),
        **{name: _mean([found[place]]) for name, found in errors.items()},
    }


def show(console: Console, found: dict[str, Any]) -> None:
    """Print one line a round and the total."""
    table = Table(title="Orange juice: mean absolute percentage error of units", show_footer=True)
    for name, footer in (("round", "all"), ("trained to", ""), ("weeks", "")):
        table.add_column(name, footer, justify="right")
    for name, title in METHODS.items():
        table.add_column(title, f"{found['methods'][name]:.2f}", justify="right")
    for each in found["rounds"]:
        weeks = "-".join(str(week) for week in each["weeks"])
        table.add_row(
            str(each["round"]), str(each["trained_to_week"]), weeks, *(f"{each[name]:.2f}" for name in METHODS)
        )
    console.print(table)
    seconds = ", ".join(f"{title} {found['seconds'][name]:.0f}" for name, title in METHODS.items())
    console.print(f"{found['series']} series; seconds: {seconds}")
