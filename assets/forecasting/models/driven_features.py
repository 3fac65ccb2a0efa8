"""What a boosted model sees of a series at an origin: its own past, and the drivers of the bucket ahead.

Here: one row of features per series, origin and step, from what is known at the origin. Not here:
the model that learns from them (``driven``), or the log-linear effects they build on (``elasticity``).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from assets.forecasting.history.arrays import Flags, Integers, Reals
from assets.forecasting.models.elasticity import Effects, driver_effects
from assets.kernel.errors import EquipoiseError

LAGS = (1, 2, 3, 4, 6, 8)
MEANS = (4, 8, 13, 26)
RESIDUAL_MEANS = (2, 4, 8, 13)
GROUP_MEANS = (1, 4)
FORGETTING = (0.8, 0.93)
# Buckets that weigh as much as one seen, where a mean of residuals is shrunk to no deviation.
RESIDUAL_PRIOR = 0.5
GROUP_RESIDUAL_PRIOR = 5.0
REFERENCE, RECENT, SPREAD = 13, 8, 26
LONGEST_RUN = 20
# Differences below this are rounding.
SAME_VALUE, SMALLEST_VARIATION = 0.01, 1e-6
# Two states of a driver are the same within this share of its usual variation inside a series.
SAME_STATE = 1 / 3
# Kernel of likeness: bandwidth in usual variations, most that one driver can tell, memory a bucket.
BANDWIDTH, MOST_UNLIKE, MEMORY = 0.6, 6.0, 0.97
HALF_UNIT = 0.5


@dataclass(frozen=True)
class DrivenPanel:
    """Demand of ``n`` series over ``T`` buckets, and drivers that are known ``H`` buckets further.

    Attributes
    ----------
    units : array (n, T)
        Demand in base units; NaN where unknown.
    own : array (n, T + H, a)
        What makes a promotion of the series' own (log price, display, advertisement), compared with
        its own past; NaN where unknown.
    regressors : array (n, T + H, k)
        Drivers of the log-linear effects.
    market : array (n, T + H, m)
        What trees see as it stands in the bucket ahead (rivals' prices, their promotions); m may be 0.
    groups : array (n, g)
        Codes from 0 of what series share, the one that resembles most first (item, site).
    """

    units: Reals
    own: Reals
    regressors: Reals
    market: Reals
    groups: Integers

    def __post_init__(self) -> None:
        size, length = self.units.shape
        for name in ("own", "regressors", "market"):
            shape = getattr(self, name).shape
            if len(shape) != 3 or shape[0] != size or shape[1] < length:
                raise EquipoiseError(
                    f"shape {shape} does not cover {size} series and {length} buckets",
                    where=f"driven panel, {name}",
                    remedy="Give one row a series and one column a bucket, as units have",
                )

    @property
    def log_demand(self) -> Reals:
        """Log units; without demand, half a unit, because the log of nothing is unknown."""
        logs: Reals = np.log(np.maximum(self.units, HALF_UNIT))
        return logs


@dataclass(frozen=True)
class Rows:
    """Features of every series for one origin and step.

    Attributes
    ----------
    plain : dict of arrays (n,)
        From the series and its drivers alone.
    adjusted : dict of arrays (n,)
        From what the log-linear effects leave.
    recent : array (n,)
        Recent mean log demand: where the model of levels starts.
    expected : array (n,)
        Log-linear effects with the recent deviation from them: where the model of effects starts.
    """

    plain: dict[str, Reals]
    adjusted: dict[str, Reals]
    recent: Reals
    expected: Reals


@dataclass(frozen=True)
class _Known:
    # All that is known at an origin; nothing here reaches past it but drivers.
    log_demand: Reals
    effects: Effects
    residual: Reals

    @property
    def length(self) -> int:
        return int(self.log_demand.shape[1])


class FeatureRows:
    """The rows of a panel, each computed once.

    >>> panel = DrivenPanel(np.ones((1, 30)), *np.zeros((3, 1, 32, 1)), np.zeros((1, 1), dtype=np.int64))
    >>> rows = FeatureRows(panel).at(origin=25, step=2)
    >>> float(rows.expected[0])
    0.0
    """

    def __init__(self, panel: DrivenPanel) -> None:
        self.panel = panel
        self._log_demand = panel.log_demand
        self._known: dict[int, _Known] = {}
        self._rows: dict[tuple[int, int], Rows] = {}

    def target(self, origin: int, step: int) -> Reals:
        """Return the log demand ``step`` buckets after the origin; (n,), NaN where unknown."""
        return self._log_demand[:, origin + step]

    def at(self, origin: int, step: int) -> Rows:
        """Return the rows for ``step`` buckets after the last known bucket ``origin``."""
        if (origin, step) not in self._rows:
            # A series may be unknown for as long as a window: its mean is unknown too.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)
                self._rows[origin, step] = self._computed(origin, step)
        return self._rows[origin, step]

    def _known_at(self, origin: int) -> _Known:
        if origin not in self._known:
            log_demand = self._log_demand[:, : origin + 1]
            effects = driver_effects(log_demand, self.panel.regressors, self.panel.groups[:, 0])
            residual = log_demand - effects.level[:, None] - effects.effect[:, : origin + 1]
            self._known[origin] = _Known(log_demand, effects, residual)
        return self._known[origin]

    def _computed(self, origin: int, step: int) -> Rows:
        known, bucket = self._known_at(origin), origin + step
        own = self.panel.own[:, : bucket + 1]
        likeness = _likeness(own, known.length)
        recent = np.nanmean(known.log_demand[:, -SPREAD:], axis=1)
        deviation = _forgetting_mean(known.residual, FORGETTING[0])
        expected = known.effects.level + known.effects.effect[:, bucket]
        plain = {
            "step": np.full(len(recent), float(step)),
            **_groups(self.panel.groups),
            **_levels(known.log_demand),
            **_own_drivers(own, known.length),
            **_matched(known.log_demand, own),
            **{f"market_{i}": self.panel.market[:, bucket, i] for i in range(self.panel.market.shape[2])},
        }
        adjusted = {
            "expected": expected,
            "effect": known.effects.effect[:, bucket],
            **_residuals(known.residual),
            **_group_residuals(known.residual, self.panel.groups),
            **_alike(known, likeness, self.panel.groups[:, 0]),
        }
        return Rows(plain, adjusted, np.where(np.isfinite(recent), recent, known.effects.level), expected + deviation)


def _groups(groups: Integers) -> dict[str, Reals]:
    return {f"group_{i}": groups[:, i].astype(np.float64) for i in range(groups.shape[1])}


def _levels(log_demand: Reals) -> dict[str, Reals]:
    unknown = np.full(len(log_demand), np.nan)
    lags = {f"lag_{k}": log_demand[:, -k] if log_demand.shape[1] >= k else unknown for k in LAGS}
    means = {f"mean_{k}": np.nanmean(log_demand[:, -k:], axis=1) for k in MEANS}
    return {
        **lags,
        **means,
        "last": _last_known(log_demand),
        "mean": np.nanmean(log_demand, axis=1),
        "spread": np.nanstd(log_demand, axis=1),
        "low": np.nanquantile(log_demand[:, -SPREAD:], 0.25, axis=1),
    }


def _last_known(values: Reals) -> Reals:
    seen = np.isfinite(values)
    place = values.shape[1] - 1 - np.argmax(seen[:, ::-1], axis=1)
    last: Reals = values[np.arange(len(values)), place]
    return last


def _own_drivers(own: Reals, length: int) -> dict[str, Reals]:
    features: dict[str, Reals] = {"run": _run(own)}
    for i in range(own.shape[2]):
        driver, now = own[:, :, i], own[:, -1, i]
        past, before = driver[:, :length], driver[:, :-1]
        reference = np.nanmean(past[:, -REFERENCE:], axis=1)
        features |= {
            f"own_{i}": now,
            f"own_{i}_to_recent": now - np.nanmean(past[:, -4:], axis=1),
            f"own_{i}_to_reference": now - reference,
            f"own_{i}_to_all": now - np.nanmean(past, axis=1),
            f"own_{i}_known_last": past[:, -1] - reference,
            f"own_{i}_before": driver[:, -2] - reference,
            f"own_{i}_since_before": now - driver[:, -2],
            f"own_{i}_since_two_before": now - driver[:, -3],
            f"own_{i}_mean": np.nanmean(past[:, -RECENT:], axis=1),
            f"own_{i}_to_least": now - np.nanmin(before[:, -RECENT:], axis=1),
            f"own_{i}_to_most": now - np.nanmax(before[:, -RECENT:], axis=1),
            f"own_{i}_since_same": _since_same(before, now),
        }
    return features


def _run(own: Reals) -> Reals:
    """Return for how many buckets the drivers have been as they are in the last."""
    same: Flags = np.all(np.abs(own - own[:, -1:]) < SAME_VALUE, axis=2)
    run: Reals = np.minimum(np.cumprod(same[:, ::-1], axis=1).sum(axis=1), LONGEST_RUN).astype(np.float64)
    return run


def _since_same(before: Reals, now: Reals) -> Reals:
    """Return the buckets since the driver was at least as far on its side as now."""
    strength = np.sign(now - np.nanmean(before, axis=1))[:, None]
    reached = (before - now[:, None]) * strength >= -SAME_VALUE
    place = np.where(reached, np.arange(before.shape[1]), -LONGEST_RUN).max(axis=1)
    since: Reals = (before.shape[1] - place).astype(np.float64)
    return since


def _variation(own: Reals) -> Reals:
    """Return each driver's usual variation inside a series; (a,)."""
    variation: Reals = np.maximum(np.sqrt(np.nanmean(np.nanvar(own, axis=1), axis=0)), SMALLEST_VARIATION)
    return variation


def _matched(log_demand: Reals, own: Reals) -> dict[str, Reals]:
    """Return mean demand of the buckets whose drivers were as those of the bucket ahead."""
    length = log_demand.shape[1]
    close: Flags = np.abs(own[:, :length] - own[:, -1:]) < SAME_STATE * _variation(own[:, :length])
    features = {f"same_{i}": _mean_where(log_demand, close[:, :, i]) for i in range(own.shape[2])}
    return {
        **features,
        "same_0_count": (close[:, :, 0] & np.isfinite(log_demand)).sum(axis=1).astype(np.float64),
        "same_0_lately": _mean_where(log_demand[:, -20:], close[:, -20:, 0]),
        "same_all": _mean_where(log_demand, np.all(close, axis=2)),
    }


def _mean_where(values: Reals, chosen: Flags) -> Reals:
    mean: Reals = np.nanmean(np.where(chosen, values, np.nan), axis=1)
    return mean


def _likeness(own: Reals, length: int) -> Reals:
    """Return how alike each past bucket's drivers are to those ahead, fading with age; (n, T)."""
    distance = (own[:, :length] - own[:, -1:]) / (BANDWIDTH * _variation(own[:, :length]))
    unlike = np.minimum(np.nan_to_num(distance**2, nan=MOST_UNLIKE), MOST_UNLIKE)
    # The first driver (price) has no ceiling: far away tells nothing at all.
    unlike[:, :, 0] = np.nan_to_num(distance[:, :, 0] ** 2, nan=np.inf)
    age = np.arange(length)[::-1]
    likeness: Reals = np.exp(-0.5 * unlike.sum(axis=2)) * MEMORY**age
    return likeness


def _alike(known: _Known, likeness: Reals, group: Integers) -> dict[str, Reals]:
    weight = np.where(np.isfinite(known.residual), likeness, 0.0)
    residual, total = (weight * np.nan_to_num(known.residual)).sum(axis=1), weight.sum(axis=1)
    demand = (weight * np.nan_to_num(known.log_demand)).sum(axis=1)
    pooled, pooled_weight = np.bincount(group, residual), np.bincount(group, total)
    return {
        "alike_residual": residual / (total + RESIDUAL_PRIOR),
        "alike_weight": total,
        "alike_demand": np.where(total > 0.05, demand / np.maximum(total, 1e-9), np.nan),
        "alike_group_residual": (pooled / (pooled_weight + GROUP_RESIDUAL_PRIOR))[group],
    }


def _residuals(residual: Reals) -> dict[str, Reals]:
    return {
        **{f"residual_{k}": residual[:, -k] for k in (1, 2, 3)},
        **{f"residual_mean_{k}": np.nanmean(residual[:, -k:], axis=1) for k in RESIDUAL_MEANS},
        **{f"residual_fading_{i}": _forgetting_mean(residual, keep) for i, keep in enumerate(FORGETTING)},
        "residual_spread": np.nanstd(residual[:, -SPREAD:], axis=1),
    }


def _forgetting_mean(residual: Reals, keep: float) -> Reals:
    weight = np.where(np.isfinite(residual), keep ** np.arange(residual.shape[1])[::-1], 0.0)
    mean: Reals = (weight * np.nan_to_num(residual)).sum(axis=1) / (weight.sum(axis=1) + RESIDUAL_PRIOR)
    return mean


def _group_residuals(residual: Reals, groups: Integers) -> dict[str, Reals]:
    features: dict[str, Reals] = {}
    for i in range(groups.shape[1]):
        for width in GROUP_MEANS:
            mean = np.nanmean(residual[:, -width:], axis=1)
            seen = np.isfinite(mean)
            total = np.bincount(groups[seen, i], mean[seen], minlength=groups[:, i].max() + 1)
            count = np.bincount(groups[seen, i], minlength=groups[:, i].max() + 1)
            features[f"group_{i}_residual_{width}"] = (total / np.maximum(count, 1))[groups[:, i]]
    return features
