"""Announcements on the bucket grid: planned promotions and prices of series, and the events of their sites.

Not here: what an event does to demand (``driver_effects``), or what the tills say (``series``).
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import numpy.typing as npt
import pandas as pd

from assets.forecasting.history.drivers import Announced, Columns, Flags, Integers, Prices
from assets.kernel.calendar import PlanCalendar

PROMOTION = "promotion"


def announced(
    events: pd.DataFrame,
    index: pd.DataFrame,
    calendar: PlanCalendar,
    plan_date: dt.date,
    length: int,
    horizon: int,
) -> Announced:
    """Lay events out over the buckets before and after a plan date.

    An event of one item is a planned promotion where its kind says so, and otherwise a planned price
    where it has one. Every other event is matched with its other occurrences by its name alone, so
    that a holiday may move. Beside each stands the earliest origin that knew of it as it stands.

    Parameters
    ----------
    events : DataFrame
        Frame ``DIM_EVENT``.
    index : DataFrame
        ``item_id``, ``site_id`` and ``region`` of each series.
    calendar : PlanCalendar
        Grid.
    plan_date : date
        First bucket ahead.
    length, horizon : int
        Buckets before and ahead.
    """
    width, shape = calendar.bucket.days, (len(index), length + horizon)
    placed = _placed(events, calendar.bucket_start(plan_date, -length), shape[1] * width)
    placed = placed.assign(since=_since(placed, calendar, plan_date, length))
    of_item = placed["item_id"].notna().to_numpy(dtype=bool)
    pairs = _series_of(placed[of_item], index)
    is_promotion = (pairs["event_kind"] == PROMOTION).to_numpy(dtype=bool)
    planned, planned_since = _promotions(pairs[is_promotion], shape, width)
    prices, price_since = _prices(pairs[~is_promotion & pairs["unit_price"].notna().to_numpy(dtype=bool)], shape, width)
    names, scope, shares, shares_since = _of_sites(placed[~of_item], index, shape[1], width)
    return Announced(planned, prices, names, scope, shares, planned_since, price_since, shares_since)


def _placed(events: pd.DataFrame, origin: dt.date, days: int) -> pd.DataFrame:
    """Return the events that touch the grid, by id, with their first and last day counted from its first."""
    ordered = events.sort_values("event_id", ignore_index=True)
    first, last = (_days_after(ordered[name], origin) for name in ("start_date", "end_date"))
    touches = (last >= first) & (last >= 0) & (first < days)
    placed = ordered.assign(first_day=np.maximum(first, 0), last_day=np.minimum(last, days - 1))
    return placed[touches]


def _since(events: pd.DataFrame, calendar: PlanCalendar, plan_date: dt.date, length: int) -> Columns:
    """Return the first column whose cutoff each event was announced by; the plan itself knows all it is told."""
    origins = [calendar.bucket_start(plan_date, index) for index in range(-length, 0)]
    cutoffs = np.array([calendar.cutoff(origin).replace(tzinfo=None) for origin in origins], dtype="datetime64[us]")
    return np.searchsorted(cutoffs, events["available_at"].to_numpy(dtype="datetime64[us]")).astype(np.int16)


def _days_after(dates: pd.Series[pd.Timestamp], origin: dt.date) -> Integers:
    days = pd.to_datetime(dates).to_numpy(dtype="datetime64[us]").astype("datetime64[D]")
    return (days - np.datetime64(origin, "D")).astype(np.int64)


def _series_of(events: pd.DataFrame, index: pd.DataFrame) -> pd.DataFrame:
    """Return one row per event of an item and series that it concerns, in the order of events."""
    of_series = index.assign(row=np.arange(len(index)))
    pairs = events.merge(of_series, on="item_id", suffixes=("", "_of_series"))
    concerned = np.ones(len(pairs), dtype=bool)
    for name in ("site_id", "region"):
        concerned &= (pairs[name].isna() | (pairs[name] == pairs[f"{name}_of_series"])).to_numpy(dtype=bool)
    return pairs[concerned]


def _cells(pairs: pd.DataFrame, length: int, width: int) -> tuple[Integers, Integers]:
    """Return the flat cells that pairs touch, and the place of the pair of each."""
    first = pairs["first_day"].to_numpy(dtype=np.int64) // width
    count = pairs["last_day"].to_numpy(dtype=np.int64) // width - first + 1
    pair = np.repeat(np.arange(len(pairs)), count)
    step = np.arange(len(pair)) - np.repeat(np.cumsum(count) - count, count)
    row = pairs["row"].to_numpy(dtype=np.int64)
    return row[pair] * length + first[pair] + step, pair


def _promotions(pairs: pd.DataFrame, shape: tuple[int, int], width: int) -> tuple[Flags, Columns | None]:
    """Return what is planned, and since when: a bucket of several promotions since the first announcement."""
    planned = np.zeros(shape, dtype=bool)
    if pairs.empty:
        return planned, None
    ordered = pairs.sort_values("since", ascending=False, kind="stable")
    cells, pair = _cells(ordered, shape[1], width)
    since = np.zeros(shape, dtype=np.int16)
    planned.flat[cells] = True
    since.flat[cells] = ordered["since"].to_numpy()[pair]
    return planned, since


def _prices(pairs: pd.DataFrame, shape: tuple[int, int], width: int) -> tuple[Prices, Columns] | tuple[None, None]:
    """Return the prices announced, and since when; of several for one bucket that of the later event id."""
    if pairs.empty:
        return None, None
    cells, pair = _cells(pairs, shape[1], width)
    prices, since = np.full(shape, np.nan, dtype=np.float32), np.zeros(shape, dtype=np.int16)
    prices.flat[cells] = pairs["unit_price"].to_numpy(dtype=np.float32)[pair]
    since.flat[cells] = pairs["since"].to_numpy()[pair]
    return prices, since


def _of_sites(
    events: pd.DataFrame, index: pd.DataFrame, length: int, width: int
) -> tuple[tuple[str, ...], Integers, Prices, Columns]:
    """Return the names of events, the group of sites of each series, and the share of each bucket by group.

    And since when it is known: where several of one name share a bucket, since the last announcement.
    """
    sites, code = _sites(index)
    concerned = np.ones((len(sites), len(events)), dtype=bool)
    for name in ("site_id", "region"):
        wanted = events[name].to_numpy(dtype=object)
        anywhere = events[name].isna().to_numpy(dtype=bool)
        concerned &= anywhere | (sites[name].to_numpy(dtype=object)[:, None] == wanted)
    patterns, group = np.unique(concerned, axis=0, return_inverse=True)
    names = sorted(set(events["event_name"]))
    shares = np.zeros((len(patterns), len(names), length), dtype=np.float32)
    since = np.zeros(shares.shape, dtype=np.int16)
    place = [names.index(name) for name in events["event_name"]]
    spans = zip(place, events["first_day"], events["last_day"], events["since"], strict=True)
    for number, (row, first, last, told) in enumerate(spans):
        columns, share = _share_of_buckets(int(first), int(last), width)
        cells = patterns[:, number], row, columns
        shares[cells] += share
        since[cells] = np.maximum(since[cells], told)
    return tuple(names), group.reshape(-1)[code].astype(np.int64), np.minimum(shares, np.float32(1.0)), since


def _sites(index: pd.DataFrame) -> tuple[pd.DataFrame, Integers]:
    names = index[["site_id", "region"]]
    grouped = names.groupby(["site_id", "region"], sort=True, dropna=False)
    code: Integers = grouped.ngroup().to_numpy().astype(np.int64)
    firsts = np.unique(code, return_index=True)[1]
    return names.iloc[firsts].reset_index(drop=True), code


def _share_of_buckets(first: int, last: int, width: int) -> tuple[slice, npt.NDArray[np.float32]]:
    columns = np.arange(first // width, last // width + 1)
    overlap = np.minimum(last + 1, (columns + 1) * width) - np.maximum(first, columns * width)
    return slice(int(columns[0]), int(columns[-1]) + 1), (overlap / width).astype(np.float32)
