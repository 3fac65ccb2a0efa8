"""Forecasts of groups and of their members made to agree; the only importer of hierarchicalforecast.

Here: base forecasts of groups, and the item-site means that follow from both. Not here: which
groups there are (``hierarchy``), or whether the new means decide better (``coherence``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from assets.forecasting.hierarchy.hierarchy import BOTTOM, Hierarchy, build_hierarchy, summed_panel
from assets.forecasting.history.arrays import Integers, Reals
from assets.forecasting.history.censoring import History
from assets.forecasting.history.panel import SeriesPanel
from assets.forecasting.models.candidates import candidate, forecast_means
from assets.kernel.errors import EquipoiseError

BOTTOM_UP = "bottom_up"
WLS_VAR = "wls_var"
# Of the library: sums of the members; the whole shared out by the members' forecasts; and least squares
# (MinTrace, Wickramasuriya et al. 2019) with weights by members, and by error. Equal weights did worst
# wherever the methods differed by a percent (README).
METHODS: tuple[str, ...] = (BOTTOM_UP, "top_down", "wls_struct", WLS_VAR)
# What groups are forecast with, the best at each level: models that fit nothing to a series, because an
# item is a group too and there are many.
GROUP_MODELS: tuple[str, ...] = ("SeasonalExponentialSmoothing", "SimpleExponentialSmoothing", "ShrunkenMean")
# Below this a variance tells of rounding, and the library refuses it.
LEAST_VARIANCE = 1e-6
# Rounds of refinement, the relative change that ends them, and the one that means no solution.
MOST_REFINEMENTS, TOLERANCE, NOT_SOLVED = 6, 1e-4, 1e-2


def group_means(model: str, summed: SeriesPanel, history: History, phase: Integers) -> Reals:
    """Return the mean demand of every group in each bucket ahead by one model, shape (m, H).

    Parameters
    ----------
    model : str
        As the policy release calls it.
    summed, history : SeriesPanel, History
        Of the groups (``hierarchy.summed_panel``).
    phase : array (H,)
        Season positions of the buckets ahead.
    """
    choice = candidate(model, summed.bucket, summed.season_length)
    return forecast_means(choice, summed, history, np.arange(summed.size), phase)


def reconciled_bottom(
    method: str, hierarchy: Hierarchy, groups: Reals, bottom: Reals, variance: Reals | None = None
) -> Reals:
    """Return item-site means that take the forecasts of their groups into account.

    They are never negative: what least squares would make negative is 0. Their sums are coherent,
    because sums of them are what is published of groups.

    Parameters
    ----------
    method : str
        One of ``METHODS``.
    hierarchy : Hierarchy
        Groups.
    groups, bottom : array (m, H), array (n, H)
        Base forecasts of groups and series.
    variance : array (m + n,), optional
        Of the errors of both, groups first; for ``wls_var``.

    Returns
    -------
    array (n, H)
        ``bottom`` itself where the method cannot: nothing to reconcile, or no finite solution.

    Raises
    ------
    EquipoiseError
        If the method is unknown, or ``wls_var`` lacks its variances.
    """
    _require_method(method, variance)
    if method == BOTTOM_UP or not bottom.size or not bottom.any():
        return bottom.copy()
    reconciler, told = _reconciler(method, hierarchy, bottom, variance)
    deviation = np.ones(len(bottom)) if variance is None or method != WLS_VAR else _deviation(variance)[-len(bottom) :]
    found = _refined(reconciler, told, hierarchy, np.concatenate([groups, bottom]), deviation)
    return np.maximum(found, 0.0) if np.isfinite(found).all() else bottom.copy()


def reconciled_means(
    method: str,
    panel: SeriesPanel,
    history: History,
    means: Reals,
    phase: Integers,
    models: Mapping[str, str],
    region_of: Mapping[str, str] | None = None,
    ratios: Mapping[str, float] | None = None,
) -> Reals:
    """Return item-site means that take the groups into account: the step between mean and quantiles.

    Parameters
    ----------
    method : str
        One of ``METHODS``; ``bottom_up`` returns the means as they are.
    panel, history : SeriesPanel, History
        What is known of the series.
    means : array (n, H)
        Base forecast of the series.
    phase : array (H,)
        Season positions of the buckets ahead.
    models : mapping
        Level to the model of its groups.
    region_of : mapping, optional
        Site to region.
    ratios : mapping, optional
        Level to squared error over mean, for ``wls_var``.
    """
    if method == BOTTOM_UP:
        return means
    hierarchy = build_hierarchy(panel.index, region_of)
    groups = level_means(panel, history, hierarchy, models, phase)
    variance = None if ratios is None else error_variance(hierarchy, ratios, groups, means)
    return reconciled_bottom(method, hierarchy, groups, means, variance)


def level_means(
    panel: SeriesPanel, history: History, hierarchy: Hierarchy, models: Mapping[str, str], phase: Integers
) -> Reals:
    """Return what the groups' own histories say, each level by its model, shape (m, H)."""
    summed, of_groups = summed_panel(panel, history, hierarchy)
    found = {model: group_means(model, summed, of_groups, phase) for model in sorted(set(models.values()))}
    return by_level(hierarchy, models, found)


def by_level(hierarchy: Hierarchy, models: Mapping[str, str], found: Mapping[str, Reals]) -> Reals:
    """Return the forecast of all groups, each level taken from its own model's."""
    return np.concatenate([found[models[level]][rows] for level, rows in hierarchy.levels.items()])


def error_variance(hierarchy: Hierarchy, ratios: Mapping[str, float], groups: Reals, bottom: Reals) -> Reals:
    """Return the error variance of a bucket of every group and series: a multiple of its mean, shape (m + n,).

    A series' own squared errors of a few buckets would say less than its mean does.
    """
    parts = [ratios[level] * groups[rows].mean(axis=1) for level, rows in hierarchy.levels.items()]
    return np.concatenate([*parts, ratios[BOTTOM] * bottom.mean(axis=1)])


def _refined(reconciler: Any, told: dict[str, Any], hierarchy: Hierarchy, base: Reals, deviation: Reals) -> Reals:
    """Return the solution for the series, shape (n, H).

    The library stops its iterations at a relative residual of 1e-5, which with thousands of series
    can leave the means a percent off. All methods are linear, so that reconciling what is left over
    and adding it brings them closer. It solves for series in units of their deviation, which takes
    a fraction of the iterations.
    """
    from scipy import sparse

    summing = _with_bottom(hierarchy)
    scaled = (summing @ sparse.diags(deviation)).tocsr()
    found: Reals = reconciler(S=scaled, y_hat=base, **told)["mean"][hierarchy.group_count :]
    for _ in range(MOST_REFINEMENTS):
        more = reconciler(S=scaled, y_hat=base - summing @ found, **told)["mean"][hierarchy.group_count :]
        found = found + more
        change = np.abs(more).sum() / max(np.abs(found).sum(), LEAST_VARIANCE)
        if change <= TOLERANCE:
            return found
    return found if change <= NOT_SOLVED else np.full(found.shape, np.nan)


def _reconciler(method: str, hierarchy: Hierarchy, bottom: Reals, variance: Reals | None) -> tuple[Any, dict[str, Any]]:
    """Return the library's object, and what it is told beside the forecasts."""
    # Importing it takes seconds, for scikit-learn and matplotlib.
    from hierarchicalforecast import methods

    if method == "top_down":
        # The shares are those of the forecasts: the library takes them from what it believes is the past.
        shares = np.concatenate([hierarchy.sums(bottom), bottom])
        return methods.TopDownSparse("proportion_averages"), {"y_insample": shares, "tags": None}
    chosen = methods.MinTraceSparse(method, nonnegative=False)
    if method != WLS_VAR or variance is None:
        return chosen, {}
    # Two residuals whose sample variance is the one wanted: 0 and the root of twice it.
    spread = np.sqrt(2.0) * _deviation(variance)
    residuals = np.stack([np.zeros(len(spread)), spread], axis=1)
    return chosen, {"y_insample": residuals, "y_hat_insample": np.zeros(residuals.shape)}


def _deviation(variance: Reals) -> Reals:
    deviation: Reals = np.sqrt(np.maximum(variance, LEAST_VARIANCE))
    return deviation


def _with_bottom(hierarchy: Hierarchy) -> Any:
    from scipy import sparse

    return sparse.vstack([hierarchy.summing, sparse.eye(hierarchy.series_count, format="csr")], format="csr")


def _require_method(method: str, variance: Reals | None) -> None:
    if method not in METHODS:
        raise EquipoiseError(
            f"reconciliation method {method} is unknown",
            where="reconciliation of forecasts",
            remedy=f"Use one of {', '.join(METHODS)}",
        )
    if method == WLS_VAR and variance is None:
        raise EquipoiseError(
            f"{WLS_VAR} needs the variance of the errors",
            where="reconciliation of forecasts",
            remedy="Backtest first (coherence), or use wls_struct",
        )
