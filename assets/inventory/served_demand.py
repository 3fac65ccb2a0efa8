"""Demand forecast at item-sites, and what each site serves in turn. Not here: over which time it matters."""

from __future__ import annotations

import numpy as np
import pandas as pd

from assets.inventory.lead_time_demand import CumulativeDemand, Integers, Reals, gamma_quantiles
from assets.inventory.settings import normal_parents
from assets.inventory.supply import KEY
from assets.kernel.frames.forecasts import QUANTILE_COLUMNS


def own_demand(settings: pd.DataFrame, forecast: pd.DataFrame) -> CumulativeDemand:
    """Return the forecast of each row of ``settings``; nothing where none is."""
    horizon = int(forecast["bucket_index"].max()) + 1 if len(forecast) else 1
    position = settings[KEY].assign(position=np.arange(len(settings)))
    found = forecast.merge(position, on=KEY, how="inner")
    row, column = found["position"].to_numpy(), found["bucket_index"].to_numpy()
    shape = (len(settings), horizon)
    mean, variance, quantiles = np.zeros(shape), np.zeros(shape), np.zeros((*shape, len(QUANTILE_COLUMNS)))
    mean[row, column] = found["cumulative_mean_units"]
    variance[row, column] = found["cumulative_std_units"] ** 2
    quantiles[row, column] = found[list(QUANTILE_COLUMNS)]
    return CumulativeDemand(mean, variance, quantiles)


def own_correlation(settings: pd.DataFrame, forecast: pd.DataFrame) -> Reals:
    """Return how far each row's demand strays together with that at the item's other sites, shape (n,).

    Within [0, 1]; 0 where nothing is forecast.
    """
    told = forecast.loc[forecast["bucket_index"] == 0, [*KEY, "site_correlation"]]
    found = settings[KEY].merge(told, on=KEY, how="left")["site_correlation"]
    bounded: Reals = np.clip(found.fillna(0.0).to_numpy(dtype=np.float64), 0.0, 1.0)
    return bounded


def demand_served(
    settings: pd.DataFrame, sources: pd.DataFrame, own: CumulativeDemand, correlation: Reals
) -> CumulativeDemand:
    """Return demand with that of the item-sites normally served, unshifted by lead time.

    Parameters
    ----------
    settings, sources : DataFrame
        What ``item_site_settings`` and ``normal_sources`` returned.
    own : CumulativeDemand
        Of each site itself.
    correlation : array (n,)
        By which its sites stray together (``with_served``).
    """
    origin = normal_parents(settings, sources)
    echelon = settings["echelon"].to_numpy(dtype=np.int64)
    mean, variance = with_served(origin, echelon, own.mean, own.variance, correlation[:, None])
    serves = np.zeros(len(settings), dtype=bool)
    serves[origin[origin >= 0]] = True
    quantiles = own.quantiles.copy()
    quantiles[serves] = gamma_quantiles(mean[serves], variance[serves])
    # The gamma of a longer interval can dip below a shorter one's in the lowest quantiles.
    return CumulativeDemand(mean, variance, np.maximum.accumulate(quantiles, axis=1))


def with_served(
    origin: Integers, echelon: Integers, mean: Reals, variance: Reals, correlation: Reals
) -> tuple[Reals, Reals]:
    """Return means and variances with those of what each row serves, directly or through others.

    Variances add up to ``sum (1 - r) s^2 + (sum sqrt(r) s)^2``: deviations s share one factor by their
    correlation r, and stray independently beside it.

    Parameters
    ----------
    origin, echelon : array (n,)
        Row that replenishes each, on a higher echelon; -1 for none.
    mean, variance : array (n, ...)
        Of each row alone.
    correlation : array
        Within [0, 1], broadcast against these.
    """
    total, alone, shared = mean.copy(), (1.0 - correlation) * variance, np.sqrt(correlation * variance)
    serves = np.zeros(len(mean), dtype=bool)
    for level in np.unique(echelon):
        # Sources stand on a higher echelon, so that what is added here is complete.
        rows = np.flatnonzero((echelon == level) & (origin >= 0))
        for values in (total, alone, shared):
            np.add.at(values, origin[rows], values[rows])
        serves[origin[rows]] = True
    pooled = variance.copy()
    pooled[serves] = alone[serves] + shared[serves] ** 2
    return total, pooled


def per_bucket(own: CumulativeDemand, buckets: Integers) -> tuple[Reals, Reals]:
    """Return mean demand per bucket over the horizon, and its variance as it is over so many buckets."""
    horizon = own.mean.shape[1]
    length = np.clip(buckets, 1, horizon)
    variance = own.variance[np.arange(len(length)), length - 1] / length
    return own.mean[:, -1] / horizon, variance
