"""The item-sites of a plan as stages of one system, each with its demand, lead time and costs.

Not here: what base stocks cost in it (``stochastic_service.two_moment``), or where stock is placed
(``placement``).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from assets.inventory.served_demand import with_served
from assets.inventory.settings import DELISTED, normal_parents
from assets.inventory.stochastic_service.two_moment import EchelonSystem
from assets.inventory.supply import LeadTimes, Reals, departure_waits
from assets.kernel.calendar import PlanCalendar


def echelon_system(
    settings: pd.DataFrame,
    sources: pd.DataFrame,
    supply: LeadTimes,
    own_demand: tuple[Reals, Reals],
    correlation: Reals,
    shortage_cost: Reals,
    calendar: PlanCalendar,
) -> EchelonSystem:
    """Return the system of all item-sites, each replenished by its normal source.

    A stage's transit is its mean lead time and the mean wait for a departure. Means and variances of what a site
    serves add up as ``with_served`` says. A shortage costs where demand is met; a delisted item has no demand.

    Parameters
    ----------
    settings, sources, supply : DataFrame, DataFrame, LeadTimes
        What ``item_site_settings``, ``normal_sources`` and ``lead_times_of`` returned.
    own_demand : (array, array)
        Mean and variance of demand per bucket at the site itself.
    correlation : array
        By which sites of an item stray together; 0 where nothing tells.
    shortage_cost : array
        Per unit, as the objective weighs it.
    calendar : PlanCalendar
        Bucket grid.
    """
    parent = normal_parents(settings, sources)
    active = (settings["lifecycle"] != DELISTED).to_numpy()
    echelon = settings["echelon"].to_numpy(dtype=np.int64)
    mean, variance = (np.where(active, values, 0.0) for values in own_demand)
    meets_demand = mean > 0
    mean, variance = with_served(parent, echelon, mean, variance, correlation)
    days = calendar.bucket.days
    wait, wait_variance = _waits(sources["departure_days"])
    return EchelonSystem(
        parent=parent,
        echelon=echelon,
        mean=mean,
        variance=variance,
        transit=(supply.mean + wait) / days,
        transit_variance=supply.std**2 / days**2,
        wait_variance=wait_variance / days**2,
        review=np.maximum(settings["review_days"].to_numpy(dtype=np.float64) / days, 1.0),
        holding=settings["holding_cost_per_unit_day"].to_numpy(dtype=np.float64) * days,
        shortage=np.where(meets_demand, shortage_cost, 0.0),
    )


def _waits(departure_days: pd.Series[str]) -> tuple[Reals, Reals]:
    """Return mean and variance of the days until the next departure, over all weekdays alike."""
    known = sorted(set(departure_days))
    waits = [departure_waits(pd.Series([days] * 7), np.arange(1, 8)) for days in known]
    mean, variance = ({days: step(one) for days, one in zip(known, waits, strict=True)} for step in (np.mean, np.var))
    return (
        departure_days.map(mean).to_numpy(dtype=np.float64),
        departure_days.map(variance).to_numpy(dtype=np.float64),
    )
