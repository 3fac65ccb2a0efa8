"""Demand over a random lead time by four routes that must agree.

Exact convolution of discrete demand, a gamma and a negative binomial fitted to the moments of the
compound sum, and the empirical windows of what was observed. Not here: mixtures of forecasts
(``lead_time_demand``), which need no independence of buckets.
"""

from __future__ import annotations

import numpy as np

from assets.inventory.demand_distributions.families import gamma, negative_binomial, observed
from assets.inventory.demand_distributions.lattice import Integers, Lattice, Reals, mixture
from assets.kernel.errors import EquipoiseError


def convolved(demand: Lattice, lead_time: Lattice) -> Lattice:
    """Return the distribution of demand over a lead time, exactly.

    The mixture over the number of buckets of the sums of so many independent buckets.

    Parameters
    ----------
    demand : Lattice
        Of one bucket, in units.
    lead_time : Lattice
        In whole buckets; independent of demand.

    Raises
    ------
    EquipoiseError
        If a lead time is below 0 or no whole number of buckets.

    Examples
    --------
    >>> from assets.inventory.demand_distributions.families import poisson, tabulated
    >>> law = convolved(poisson(20), tabulated({4: 0.5, 6: 0.5}))
    >>> round(law.mean, 6), round(law.variance, 6)  # E[L] Var[D] + Var[L] E[D]^2 = 5 * 20 + 1 * 400
    (100.0, 500.0)
    """
    _require_buckets(lead_time)
    parts, total = [], demand.times(lead_time.start)
    for _ in range(lead_time.mass.size):
        parts.append(total)
        total = total.convolve(demand)
    return mixture(parts, lead_time.mass).trimmed()


def compound_moments(demand: Lattice, lead_time: Lattice) -> tuple[float, float]:
    """Return mean and variance of demand over a random lead time.

    ``E[L] E[D]`` and ``E[L] Var[D] + Var[L] E[D]^2`` (Silver, Pyke and Thomas 2017, section 6.10).
    """
    mean = lead_time.mean * demand.mean
    return mean, lead_time.mean * demand.variance + lead_time.variance * demand.mean**2


def gamma_fit(demand: Lattice, lead_time: Lattice) -> Lattice:
    """Return the gamma distribution of the compound sum's moments, on demand's lattice."""
    _require_buckets(lead_time)
    return gamma(*compound_moments(demand, lead_time), demand.step)


def negative_binomial_fit(demand: Lattice, lead_time: Lattice) -> Lattice:
    """Return the negative binomial of the compound sum's moments; whole units only.

    It is exact for Poisson demand over a gamma distributed lead time.

    Raises
    ------
    EquipoiseError
        If demand is on cells of other than a unit.
    """
    _require_buckets(lead_time)
    if demand.step != 1.0:
        raise EquipoiseError(
            f"demand on cells of {demand.step:g} units",
            where="negative binomial over a lead time",
            remedy="Use gamma_fit, which has cells of any size",
        )
    return negative_binomial(*compound_moments(demand, lead_time))


def windows(history: Integers, lead_times: Integers) -> Lattice:
    """Return the empirical distribution: sums of every run of consecutive observed buckets.

    Each observed lead time has the same weight, and each run of its length within it. Dependence
    between neighbouring buckets stays in, which the other routes leave out.

    Parameters
    ----------
    history : array (T,)
        Units of each bucket, without gaps.
    lead_times : array (m,)
        Observed numbers of buckets.

    Raises
    ------
    EquipoiseError
        If a lead time is below 0 or longer than the history.
    """
    lengths, counts = np.unique(lead_times, return_counts=True)
    if not lengths.size or lengths[0] < 0 or lengths[-1] > len(history):
        raise EquipoiseError(
            f"lead times from {lengths[:1]} to {lengths[-1:]} buckets in a history of {len(history)}",
            where="demand over a lead time",
            remedy="Give lead times of at least 0 that are no longer than the history",
        )
    running: Integers = np.append(0, np.cumsum(history))
    parts = [observed(running[length:] - running[: running.size - length]) for length in lengths]
    weights: Reals = counts / counts.sum()
    return mixture(parts, weights)


def _require_buckets(lead_time: Lattice) -> None:
    if lead_time.start < 0 or lead_time.step != 1.0:
        raise EquipoiseError(
            f"a lead time from {lead_time.start * lead_time.step:g} buckets at a step of {lead_time.step:g}",
            where="demand over a lead time",
            remedy="Give whole numbers of buckets of at least 0",
        )
