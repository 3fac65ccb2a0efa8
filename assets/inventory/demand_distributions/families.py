"""Families of demand on a lattice: Poisson, negative binomial, gamma, normal, and what was observed.

Tails below 1e-13 are cut. Continuous families put the probability of each cell of the lattice on its
middle. Not here: sums over a lead time (``over_lead_time``).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from scipy.special import gammainc, gammaincinv, gammaln, ndtr, xlogy

from assets.inventory.demand_distributions.lattice import TAIL, Integers, Lattice, Reals
from assets.kernel.errors import EquipoiseError

# Standard deviations beyond which a normal distribution has less than TAIL.
NORMAL_REACH = 7.5


def constant(quantity: int, step: float = 1.0) -> Lattice:
    """Return a demand that is always ``quantity`` steps."""
    return Lattice(quantity, np.ones(1), step)


def poisson(mean: float) -> Lattice:
    """Return Poisson demand.

    Examples
    --------
    >>> law = poisson(6)
    >>> round(law.mean, 9), round(law.variance, 9), law.quantile(0.8)
    (6.0, 6.0, 8.0)
    """
    _require_moments(mean, mean)
    if mean == 0:
        return constant(0)
    units = np.arange(int(mean + 10.0 * np.sqrt(mean)) + 30, dtype=float)
    return _of_logs(xlogy(units, mean) - mean - gammaln(units + 1.0))


def negative_binomial(mean: float, variance: float) -> Lattice:
    """Return negative-binomial demand by its moments; Poisson where they are equal.

    With ``r = mean^2 / (variance - mean)`` and ``q = mean / variance`` the probability of ``d`` is
    ``Gamma(r + d) / (Gamma(r) d!) q^r (1 - q)^d``.

    Raises
    ------
    EquipoiseError
        If the variance is below the mean: no negative binomial has such moments.
    """
    _require_moments(mean, variance)
    if variance < mean * (1.0 - 1e-9):
        raise EquipoiseError(
            f"variance {variance:.6g} is below mean {mean:.6g}",
            where="negative binomial demand",
            remedy="Use a gamma or an empirical distribution for what varies less than Poisson demand",
        )
    if variance <= mean * (1.0 + 1e-9):
        return poisson(mean)
    size, q = mean**2 / (variance - mean), mean / variance
    # The tail falls like (1 - q)^d.
    top = mean + 12.0 * np.sqrt(variance) + 1.5 * np.log(TAIL) / np.log1p(-q)
    units = np.arange(int(top) + 30, dtype=float)
    logs = gammaln(size + units) - gammaln(size) - gammaln(units + 1.0) + size * np.log(q) + units * np.log1p(-q)
    return _of_logs(logs)


def gamma(mean: float, variance: float, step: float = 1.0) -> Lattice:
    """Return gamma demand by its moments, on cells of ``step`` units."""
    _require_moments(mean, variance)
    _require_step(step)
    if mean == 0 or variance == 0:
        return constant(round(mean / step), step)
    shape, scale = mean**2 / variance, variance / mean
    top = int(np.ceil(float(gammaincinv(shape, 1.0 - TAIL)) * scale / step)) + 1
    edges = (np.arange(top + 1) + 0.5) * step
    return _of_cells(0, np.append(0.0, gammainc(shape, edges / scale)), step)


def normal(mean: float, std: float, step: float) -> Lattice:
    """Return normal demand on cells of ``step`` units; its left tail may be below 0."""
    _require_moments(abs(mean), std)
    _require_step(step)
    if std == 0:
        return constant(round(mean / step), step)
    low, high = (round((mean + side * NORMAL_REACH * std) / step) for side in (-1, 1))
    edges = (np.arange(low, high + 2) - 0.5) * step
    return _of_cells(low, ndtr((edges - mean) / std), step)


def observed(sample: Integers | npt.ArrayLike) -> Lattice:
    """Return the empirical distribution of whole units, each observation with the same weight."""
    units = np.asarray(sample)
    if units.size == 0 or not ((units >= 0) & (units < np.inf) & (np.floor(units) == units)).all():
        raise EquipoiseError(
            f"{units.size} observations, only whole units and none below 0 allowed",
            where="observed demand",
            remedy="Give at least one, each a whole number of units",
        )
    start = int(units.min())
    counts = np.bincount(units.astype(np.int64).ravel() - start)
    return Lattice(start, counts / units.size)


def tabulated(probability: Mapping[int, float]) -> Lattice:
    """Return the distribution that a table of whole units states."""
    if not probability:
        raise EquipoiseError("a table without a row", where="tabulated demand", remedy="Give at least one quantity")
    start = min(probability)
    mass = np.zeros(max(probability) - start + 1)
    for units, share in probability.items():
        mass[units - start] = share
    return Lattice(start, mass)


def _of_logs(logs: Reals) -> Lattice:
    mass = np.exp(logs)
    return Lattice(0, mass / mass.sum()).trimmed()


def _of_cells(start: int, cumulative: Reals, step: float) -> Lattice:
    mass = np.diff(cumulative)
    return Lattice(start, mass / mass.sum(), step)


def _require_step(step: float) -> None:
    if not 0 < step < np.inf:
        raise EquipoiseError(f"cells of {step} units", where="demand distribution", remedy="Give a finite step above 0")


def _require_moments(mean: float, variance: float) -> None:
    if not (np.isfinite(mean) and np.isfinite(variance) and mean >= 0 and variance >= 0):
        raise EquipoiseError(
            f"mean {mean} and variance {variance} are no moments of demand",
            where="demand distribution",
            remedy="Give finite moments of at least 0",
        )
