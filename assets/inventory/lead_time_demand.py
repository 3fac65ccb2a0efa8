"""Demand over a random lead time: a mixture of cumulative forecasts.

The forecast gives the distribution of demand up to every bucket; a lead time says up to which
bucket stock must last. Not here: which lead time applies, or which quantile is wanted
(``targets``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import gammaincinv

from assets.kernel.frames.forecasts import QUANTILE_LEVELS

Reals = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

LEVELS: Reals = np.array(QUANTILE_LEVELS)
# Halvings of the bracket: 2**-50 of the largest demand is below rounding.
BISECTIONS = 50


@dataclass(frozen=True)
class CumulativeDemand:
    """Distributions of demand up to the end of each bucket, for ``n`` item-sites.

    Attributes
    ----------
    mean, variance : array (n, H)
        Of cumulative demand, in units and squared units.
    quantiles : array (n, H, 13)
        At ``QUANTILE_LEVELS``, never crossing.
    """

    mean: Reals
    variance: Reals
    quantiles: Reals

    def upto(self, buckets: Integers) -> CumulativeDemand:
        """Return the distributions over given numbers of buckets.

        Parameters
        ----------
        buckets : array (n, K)
            Numbers of buckets, at least 0. Beyond the horizon the mean and the variance go on in
            proportion (independent buckets of the horizon's average), and the quantiles keep their
            distance from the mean in standard deviations.
        """
        horizon = self.mean.shape[1]
        place = np.clip(buckets, 1, horizon) - 1
        rows = np.arange(len(buckets))[:, None]
        stretch = np.maximum(buckets / horizon, 1.0)
        none = buckets <= 0
        inside_mean = self.mean[rows, place]
        mean = np.where(none, 0.0, inside_mean * stretch)
        variance = np.where(none, 0.0, self.variance[rows, place] * stretch)
        distance = self.quantiles[rows, place] - inside_mean[:, :, None]
        quantiles = mean[:, :, None] + distance * np.sqrt(stretch)[:, :, None]
        quantiles = np.where(none[:, :, None], 0.0, np.maximum(quantiles, 0.0))
        return CumulativeDemand(mean, variance, quantiles)


@dataclass(frozen=True)
class LeadTimeDemand:
    """Demand over a random number of buckets: a mixture with ``K`` components per item-site.

    Attributes
    ----------
    components : CumulativeDemand
        Distributions given the number of buckets, (n, K).
    probability : array (n, K)
        Of each number of buckets; rows add up to 1.
    """

    components: CumulativeDemand
    probability: Reals

    @property
    def mean(self) -> Reals:
        """Expected demand, shape (n,)."""
        mean: Reals = (self.probability * self.components.mean).sum(axis=1)
        return mean

    @property
    def std(self) -> Reals:
        """Standard deviation by the law of total variance, shape (n,)."""
        second = self.components.variance + self.components.mean**2
        variance = (self.probability * second).sum(axis=1) - self.mean**2
        std: Reals = np.sqrt(np.maximum(variance, 0.0))
        return std

    def rows(self, rows: Integers) -> LeadTimeDemand:
        """Return the mixtures of some item-sites."""
        each = self.components
        components = CumulativeDemand(each.mean[rows], each.variance[rows], each.quantiles[rows])
        return LeadTimeDemand(components, self.probability[rows])

    def quantile(self, ratio: Reals) -> Reals:
        """Return the least demand whose probability reaches ``ratio``, shape (n,).

        Bisection of the mixture's distribution function; does not fall when the ratio rises.
        """
        top = self._largest()
        low, high = np.full(len(ratio), -1.0), top
        for _ in range(BISECTIONS):
            middle = (low + high) / 2.0
            reached = self._cumulative(middle) >= ratio
            high, low = np.where(reached, middle, high), np.where(reached, low, middle)
        return np.maximum(high, 0.0)

    def _largest(self) -> Reals:
        # The exponential tail has lost all but 1e-12 after 24 decay lengths.
        last = self.components.quantiles[:, :, -1] + 24.0 * tail_decay(self.components.quantiles)
        largest: Reals = np.where(self.probability > 0, last, 0.0).max(axis=1) + 1.0
        return largest

    def _cumulative(self, demand: Reals) -> Reals:
        each = distribution_function(self.components.quantiles, demand[:, None])
        total: Reals = (self.probability * each).sum(axis=1)
        return total


def distribution_function(quantiles: Reals, demand: Reals) -> Reals:
    """Return the probability of at most ``demand``, interpolated between known quantiles.

    Linear between quantiles, linear from 0 to the lowest, exponential beyond the highest with the
    decay between the last two; where quantiles coincide the probability jumps to the higher level.

    Parameters
    ----------
    quantiles : array (..., 13)
        At ``QUANTILE_LEVELS``.
    demand : array (...)
        Broadcast against the leading axes.
    """
    shape = quantiles.shape[:-1]
    x = np.broadcast_to(demand, shape)
    below = (quantiles <= x[..., None]).sum(axis=-1)
    lower = np.clip(below - 1, 0, len(LEVELS) - 2)
    left = np.take_along_axis(quantiles, lower[..., None], axis=-1)[..., 0]
    right = np.take_along_axis(quantiles, lower[..., None] + 1, axis=-1)[..., 0]
    width = np.where(right > left, right - left, 1.0)
    first, last = quantiles[..., 0], quantiles[..., -1]
    decay = tail_decay(quantiles)
    # Over a step of next to no width a distance is infinitely many steps, which is what it should be.
    with np.errstate(over="ignore"):
        share = np.clip((x - left) / width, 0.0, 1.0)
        start = np.where(x < 0, 0.0, LEVELS[0] * np.clip(x / np.where(first > 0, first, 1.0), 0.0, 1.0))
        tail = np.exp(-np.maximum(x - last, 0.0) / np.where(decay > 0, decay, 1.0))
    inside = LEVELS[lower] + (LEVELS[lower + 1] - LEVELS[lower]) * share
    end = 1.0 - (1.0 - LEVELS[-1]) * np.where(decay > 0, tail, 0.0)
    probability: Reals = np.where(below == 0, start, np.where(below == len(LEVELS), end, inside))
    return probability


def tail_decay(quantiles: Reals) -> Reals:
    """Return the decay length of the exponential tail beyond the highest quantile."""
    steps = np.log((1.0 - LEVELS[-2]) / (1.0 - LEVELS[-1]))
    decay: Reals = (quantiles[..., -1] - quantiles[..., -2]) / steps
    return decay


def gamma_quantiles(mean: Reals, variance: Reals) -> Reals:
    """Return quantiles of the gamma distribution of given moments: the shape of pooled demand.

    Parameters
    ----------
    mean, variance : array (n, H)
        A mean of 0 gives quantiles of 0; a variance of 0 gives the mean.

    Returns
    -------
    array (n, H, 13)
    """
    random = (mean > 0) & (variance > 0)
    shape = np.where(random, mean**2 / np.where(random, variance, 1.0), 1.0)
    unit = np.where(random, variance / np.where(random, mean, 1.0), 0.0)
    quantiles = gammaincinv(shape[..., None], LEVELS) * unit[..., None]
    result: Reals = np.where(random[..., None], quantiles, mean[..., None])
    return result
