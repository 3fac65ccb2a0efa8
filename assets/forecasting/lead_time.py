"""Lead times as discrete distributions, learned from orders and shrunk where they are few.

Here: one distribution per kind, source, site and mode that may supply. Not here: waiting for a
departure or for the next review, which depend on the decision (``assets.inventory``).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

from assets.forecasting.history.arrays import Integers, Reals
from assets.forecasting.lead_time_credibility import USUAL_WEIGHT, credibility_weight
from assets.forecasting.lead_time_orders import GROUP, LONGEST_DAYS, Orders, observed_orders
from assets.forecasting.lead_time_survival import posterior_mass
from assets.kernel.frames.forecasts import LEAD_TIME
from assets.kernel.frames.marts import FCT_OPEN_ORDER

LEAST_PROBABILITY = 1e-4
EVIDENCE = [*GROUP, "quoted_days", "order_days", "open_share", "crossed_share", "own_weight", "mean_days", "std_days"]


@dataclass(frozen=True)
class LearnedLeadTimes:
    """Distributions, and what each rests on.

    Attributes
    ----------
    distributions : DataFrame
        Frame ``LEAD_TIME``.
    evidence : DataFrame
        One row per source: quote, ordering days seen, shares of lines that are open and that were overtaken, the
        credibility of its own orders, and mean and standard deviation of the distribution.
    """

    distributions: pd.DataFrame
    evidence: pd.DataFrame


def lead_time_distributions(
    receipts: pd.DataFrame, features: pd.DataFrame, plan_date: dt.date, open_orders: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return the distribution of each source's lead time, frame ``LEAD_TIME``; see ``learn_lead_times``."""
    return learn_lead_times(receipts, features, plan_date, open_orders).distributions


def learn_lead_times(
    receipts: pd.DataFrame, features: pd.DataFrame, plan_date: dt.date, open_orders: pd.DataFrame | None = None
) -> LearnedLeadTimes:
    """Learn the distribution of each source's lead time.

    What is learned is the excess over the quote, so that sources with other quotes can lend it and a changed quote
    shows at once. Open orders are right-censored observations. The quote is the prior of what all orders of a
    kind tell, that of the group (the supplier's other sites; the mode's other lanes), and that of the source;
    at each step ``n`` ordering days count ``n / (n + k)``, with ``k`` from how far sources of a group differ.
    Where nobody has told anything the quote is certain: a spread that nobody has seen is not stocked for.

    Parameters
    ----------
    receipts : DataFrame
        Frame ``FCT_LEAD_TIME``; receipts from the plan date on are not looked at.
    features : DataFrame
        Frame ``FEAT_LEAD_TIME``; its sources and their quotes.
    plan_date : date
        Plan the rows belong to.
    open_orders : DataFrame, optional
        Frame ``FCT_OPEN_ORDER``.
    """
    groups = features.sort_values(GROUP, ignore_index=True)
    if groups.empty:
        return LearnedLeadTimes(LEAD_TIME.empty(), pd.DataFrame(columns=EVIDENCE))
    waiting = FCT_OPEN_ORDER.empty() if open_orders is None else open_orders
    orders = observed_orders(receipts, waiting, groups, plan_date)
    earliest, excess, own_weight = _excess(orders, groups)
    days = _days(excess, earliest, groups["quoted_days"].to_numpy(dtype=np.float64))
    return LearnedLeadTimes(_frame(groups, days, plan_date), _evidence(groups, orders, own_weight, days))


def _excess(orders: Orders, groups: pd.DataFrame) -> tuple[int, Reals, Reals]:
    """Return the first day beyond the quote, its distribution by source (g, w), and each source's own weight."""
    earliest = min(int(orders.excess.min(initial=0)), 0)
    width = max(int(orders.excess.max(initial=0)), 0) - earliest + 1
    received, still_open = (orders.counts(state, width, earliest, len(groups)) for state in (False, True))
    mass: Reals = np.zeros((1, width))
    mass[0, -earliest] = 1.0
    parent = np.zeros(_kinds(groups).max() + 1, dtype=np.int64)
    weight = np.full(len(parent), USUAL_WEIGHT)
    levels = [_kinds(groups), _lenders(groups), np.arange(len(groups))]
    for level, member in enumerate(levels):
        came, waits = _added(received, member), _added(still_open, member)
        if level:
            parent = _parents(member, levels[level - 1])
            weight = _weights(came, parent, _parents(member, levels[0]))
        mass = posterior_mass(came, waits, mass[parent], weight)
    seen = received.sum(axis=1)
    return earliest, mass, seen / (seen + weight)


def _kinds(groups: pd.DataFrame) -> Integers:
    return np.unique(groups["receipt_kind"].to_numpy(dtype=str), return_inverse=True)[1].astype(np.int64)


def _lenders(groups: pd.DataFrame) -> Integers:
    """Return the group that a source borrows from: its supplier, or its mode of transport."""
    purchase = groups["receipt_kind"].to_numpy() == "purchase"
    name = np.where(purchase, groups["source_id"], groups["mode"])
    named = groups["receipt_kind"].to_numpy(dtype=object) + "/" + name
    return np.unique(named.astype(str), return_inverse=True)[1].astype(np.int64)


def _parents(member: Integers, above: Integers) -> Integers:
    parent = np.zeros(member.max() + 1, dtype=np.int64)
    parent[member] = above
    return parent


def _added(counts: Reals, member: Integers) -> Reals:
    total = np.zeros((member.max() + 1, counts.shape[1]))
    np.add.at(total, member, counts)
    return total


def _weights(came: Reals, parent: Integers, kind: Integers) -> Reals:
    """Return the weight of the prior of each source or group: one for all of a kind."""
    day = np.arange(came.shape[1], dtype=np.float64)
    count = came.sum(axis=1)
    mean = (came * day).sum(axis=1) / np.where(count > 0, count, 1.0)
    squares = (came * (day - mean[:, None]) ** 2).sum(axis=1)
    weights = np.zeros(len(came))
    for one in np.unique(kind):
        rows = np.flatnonzero(kind == one)
        weights[rows] = credibility_weight(count[rows], mean[rows], squares[rows], parent[rows])
    return weights


def _days(excess: Reals, earliest: int, quoted: Reals) -> Reals:
    """Return the distribution of whole days (g, days): a quote between two days is kept by both."""
    quoted = np.clip(quoted, 0.0, LONGEST_DAYS)
    whole = np.floor(quoted + 1e-9).astype(np.int64)
    rest = np.clip(quoted - whole, 0.0, 1.0)
    row, place = np.nonzero(excess)
    day = whole[row] + place + earliest
    days = np.zeros((len(excess), int(day.max()) + 2 if len(day) else 1))
    np.add.at(days, (row, np.maximum(day, 0)), excess[row, place] * (1.0 - rest[row]))
    np.add.at(days, (row, np.maximum(day + 1, 0)), excess[row, place] * rest[row])
    days = np.where(days >= LEAST_PROBABILITY, days, 0.0)
    normalised: Reals = days / days.sum(axis=1, keepdims=True)
    return normalised


def _frame(groups: pd.DataFrame, probability: Reals, plan_date: dt.date) -> pd.DataFrame:
    group, day = np.nonzero(probability)
    frame = groups[GROUP].iloc[group].reset_index(drop=True)
    frame["lead_time_days"] = day
    frame["probability"] = probability[group, day]
    return LEAD_TIME.conform(frame.assign(plan_date=pd.Timestamp(plan_date)))


def _evidence(groups: pd.DataFrame, orders: Orders, own_weight: Reals, days: Reals) -> pd.DataFrame:
    day = np.arange(days.shape[1], dtype=np.float64)
    mean = (days * day).sum(axis=1)
    lines = np.bincount(orders.group, minlength=len(groups))

    def share(marked: Reals) -> Reals:
        found: Reals = np.bincount(orders.group, weights=marked, minlength=len(groups)) / np.maximum(lines, 1)
        return found

    return groups[[*GROUP, "quoted_days"]].assign(
        order_days=np.round(np.bincount(orders.group, weights=orders.weight, minlength=len(groups))).astype(np.int64),
        open_share=share(orders.is_open.astype(np.float64)),
        crossed_share=share(orders.crossed.astype(np.float64)),
        own_weight=own_weight,
        mean_days=mean,
        std_days=np.sqrt(np.maximum((days * day**2).sum(axis=1) - mean**2, 0.0)),
    )
