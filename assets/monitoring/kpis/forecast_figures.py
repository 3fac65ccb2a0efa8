"""Key figures of forecasts of the next bucket: one pure function each, of rows of windows (``forecast_facts``).

Windows are of forecasts that earlier plan dates published. Where the shelf was empty only a lower bound of demand
is known: bias and coverage count what was to be expected given it, errors leave it out. Not here: which windows
count.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from assets.kernel.frames.forecasts import QUANTILE_LEVELS
from assets.monitoring.kpis.ratio import Ratio


def forecast_bias(windows: pd.DataFrame) -> Ratio:
    """Return the sum of forecast less demand over the sum of demand."""
    return Ratio(windows["error_units"], windows["demand_units"])


def wape(windows: pd.DataFrame) -> Ratio:
    """Return the sum of absolute errors over the sum of demand, fully known windows only (Kolassa and Schütz 2007)."""
    return Ratio(windows["absolute_error_units"], windows["known_units"])


def mase(windows: pd.DataFrame) -> Ratio:
    """Return the mean absolute scaled error of fully known windows (Hyndman and Koehler 2006).

    Each window's error is over the mean error of its series' seasonal naive forecast in sample.
    """
    return Ratio(windows["scaled_error"], windows["scaled_count"])


def pinball_loss(windows: pd.DataFrame) -> Ratio:
    """Return the pinball loss at each item-site's decision level over demand, fully known windows.

    Koenker and Bassett (1978).
    """
    return Ratio(windows["pinball_units"], windows["known_units"])


def coverage_80(windows: pd.DataFrame) -> Ratio:
    """Return the share of outcomes between the 10 % and the 90 % quantile.

    By randomised transforms (Czado, Gneiting and Held 2009), so that counts of a few units are not held against it.
    """
    return Ratio(windows["below_q90"] - windows["below_q10"], windows["window_count"])


def below_quantile(level: float) -> Callable[[pd.DataFrame], Ratio]:
    """Return the key figure that a quantile keeps if its value is ``level``: the share of outcomes below it.

    >>> found = below_quantile(0.9)(pd.DataFrame({"below_q90": [1.5], "window_count": [2]}))
    >>> float(found.numerator.iloc[0] / found.denominator.iloc[0])
    0.75
    """
    column = below_column(level)

    def below(windows: pd.DataFrame) -> Ratio:
        return Ratio(windows[column], windows["window_count"])

    return below


def below_column(level: float) -> str:
    """Return the column, and the key figure, of outcomes below a quantile.

    >>> below_column(0.05)
    'below_q05'
    """
    return f"below_q{round(level * 100):02d}"


BELOW_COLUMNS: tuple[str, ...] = tuple(below_column(level) for level in QUANTILE_LEVELS)
