"""Lead times as discrete distributions, learned from receipts and shrunk where they are few.

Here: one distribution per kind, source, site and mode that may supply. Not here: waiting for a
departure or for the next review, which depend on the decision (``assets.inventory``).
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
from scipy.special import gammainc

from assets.forecasting.history.series import Integers, Reals
from assets.kernel.frames.forecasts import LEAD_TIME

GROUP = ["receipt_kind", "source_id", "site_id", "mode"]
# Receipts that the prior weighs: a distribution of some ten values is not seen in fewer.
PRIOR_RECEIPTS = 5.0
# The latest ones only, so that a changed supplier shows within a season.
MOST_RECEIPTS = 100
# The prior reaches this many standard deviations; what lies beyond is left out and the rest
# adds up to one.
PRIOR_REACH = 4.0
LEAST_PROBABILITY = 1e-4
LONGEST_DAYS = 730
# A mean or spread of less is none: days are whole.
LEAST_DAYS = 0.1


def lead_time_distributions(receipts: pd.DataFrame, features: pd.DataFrame, plan_date: dt.date) -> pd.DataFrame:
    """Return the distribution of each source's lead time.

    With ``n`` receipts the probability of a lead time is ``(n * observed share + k * prior) /
    (n + k)`` with ``k = PRIOR_RECEIPTS``. The prior is a gamma distribution of the feature's mean
    and standard deviation, rounded to days; without a spread, or without a single receipt, it
    stands on the whole days around the mean.

    Parameters
    ----------
    receipts : DataFrame
        Frame ``FCT_LEAD_TIME``; receipts from the plan date on are not looked at.
    features : DataFrame
        Frame ``FEAT_LEAD_TIME``; its groups are the ones returned.
    plan_date : date
        Plan the rows belong to.

    Returns
    -------
    DataFrame
        Frame ``LEAD_TIME``; the probabilities of a group add up to one.
    """
    groups = features.sort_values(GROUP, ignore_index=True)
    if groups.empty:
        return LEAD_TIME.empty()
    observed = _latest_receipts(receipts, groups, plan_date)
    support = int(max(_prior_reach(groups).max(), observed["lead_time_days"].max() if len(observed) else 0)) + 1
    counts = np.zeros((len(groups), support))
    np.add.at(counts, (observed["group"].to_numpy(), observed["lead_time_days"].to_numpy()), 1.0)
    # A spread that nobody has seen is not stocked for: the quote stands until a receipt speaks.
    seen = groups.assign(std_days=groups["std_days"] * (counts.sum(axis=1) > 0))
    weights = counts + PRIOR_RECEIPTS * _prior(seen, support)
    return _frame(groups, weights, plan_date)


def _latest_receipts(receipts: pd.DataFrame, groups: pd.DataFrame, plan_date: dt.date) -> pd.DataFrame:
    codes = groups[GROUP].assign(group=np.arange(len(groups)))
    found = receipts.merge(codes, on=GROUP, how="inner")
    days = found["lead_time_days"]
    past = pd.to_datetime(found["received_date"]) < pd.Timestamp(plan_date)
    found = found[past & (days >= 0) & (days <= LONGEST_DAYS)]
    found = found.sort_values(["group", "received_date", "observation_id"], kind="stable")
    return found.groupby("group", sort=True).tail(MOST_RECEIPTS)


def _prior_reach(groups: pd.DataFrame) -> Integers:
    reach = np.ceil(groups["mean_days"].to_numpy() + PRIOR_REACH * groups["std_days"].to_numpy())
    clipped: Integers = np.clip(reach, 0, LONGEST_DAYS).astype(np.int64)
    return clipped


def _prior(groups: pd.DataFrame, support: int) -> Reals:
    mean = np.clip(groups["mean_days"].to_numpy(dtype=float), 0.0, LONGEST_DAYS)[:, None]
    spread = groups["std_days"].to_numpy(dtype=float)[:, None]
    day = np.arange(support, dtype=float)[None, :]
    two_days = np.maximum(1.0 - np.abs(day - mean), 0.0)
    random = (spread >= LEAST_DAYS) & (mean >= LEAST_DAYS)
    shape = np.where(random, (mean / np.where(random, spread, 1.0)) ** 2, 1.0)
    rate = np.where(random, shape / np.where(random, mean, 1.0), 1.0)
    upper = gammainc(shape, (day + 0.5) * rate)
    lower = gammainc(shape, np.maximum(day - 0.5, 0.0) * rate)
    mass = np.where(day <= _prior_reach(groups)[:, None], upper - lower, 0.0)
    mass = np.where(mass >= LEAST_PROBABILITY, mass, 0.0)
    # A spread of hours leaves no day its share; then the mean's two days take it.
    random &= mass.sum(axis=1, keepdims=True) > 0
    prior = np.where(random, mass, two_days)
    normalised: Reals = prior / prior.sum(axis=1, keepdims=True)
    return normalised


def _frame(groups: pd.DataFrame, weights: Reals, plan_date: dt.date) -> pd.DataFrame:
    probability = weights / weights.sum(axis=1, keepdims=True)
    group, day = np.nonzero(probability)
    frame = groups[GROUP].iloc[group].reset_index(drop=True)
    frame["lead_time_days"] = day
    frame["probability"] = probability[group, day]
    return LEAD_TIME.conform(frame.assign(plan_date=pd.Timestamp(plan_date)))
