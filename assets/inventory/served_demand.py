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


def demand_served(settings: pd.DataFrame, sources: pd.DataFrame, own: CumulativeDemand) -> CumulativeDemand:
    """Return demand with that of the item-sites normally served: independent, unshifted by lead time."""
    mean, variance = own.mean.copy(), own.variance.copy()
    serves = np.zeros(len(settings), dtype=bool)
    origin = normal_parents(settings, sources)
    echelon = settings["echelon"].to_numpy(dtype=np.int64)
    for level in np.unique(echelon):
        # Sources stand on a higher echelon, so that what is added here is complete.
        rows = np.flatnonzero((echelon == level) & (origin >= 0))
        np.add.at(mean, origin[rows], mean[rows])
        np.add.at(variance, origin[rows], variance[rows])
        serves[origin[rows]] = True
    quantiles = own.quantiles.copy()
    quantiles[serves] = gamma_quantiles(mean[serves], variance[serves])
    # The gamma of a longer interval can dip below a shorter one's in the lowest quantiles.
    return CumulativeDemand(mean, variance, np.maximum.accumulate(quantiles, axis=1))


def per_bucket(own: CumulativeDemand, buckets: Integers) -> tuple[Reals, Reals]:
    """Return mean demand per bucket over the horizon, and its variance as it is over so many buckets."""
    horizon = own.mean.shape[1]
    length = np.clip(buckets, 1, horizon)
    variance = own.variance[np.arange(len(length)), length - 1] / length
    return own.mean[:, -1] / horizon, variance
