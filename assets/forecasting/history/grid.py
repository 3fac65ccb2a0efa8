"""Rows of the demand mart on the bucket grid: the cell of each, and which of several versions stands.

Not here: what a cell then holds (``build_panel``).
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from assets.forecasting.history.arrays import Integers
from assets.forecasting.history.index import KEY
from assets.kernel.calendar import PlanCalendar


def cells_of(
    demand: pd.DataFrame, index: pd.DataFrame, calendar: PlanCalendar, plan_date: dt.date, history_buckets: int
) -> tuple[Integers, Integers, int]:
    """Return the rows of demand that stand on the grid of an index, their flat cells, and the grid's length."""
    row, age = _row_of(demand, index), ages_of(demand, calendar, plan_date)
    inside = (age >= 1) & (age <= history_buckets)
    length = int(age[inside].max()) if inside.any() else 0
    place = np.flatnonzero(inside & (row >= 0))
    cell = row[place] * length + length - age[place]
    return *_standing(demand, place, cell, len(index) * length), length


def runs_of(demand: pd.DataFrame) -> tuple[pd.DataFrame, Integers]:
    """Return the item and site of each run of rows of one series, and the lengths of the runs.

    The mart comes sorted by key, so that a series is one run: names are looked up once a run, not
    once a row. In any other order there are more runs, and all else is the same.
    """
    if demand.empty:
        return pd.DataFrame({name: np.empty(0, dtype=object) for name in KEY}), np.empty(0, dtype=np.int64)
    names = [demand[name].to_numpy(dtype=object) for name in KEY]
    new = np.any([values[1:] != values[:-1] for values in names], axis=0)
    starts = np.concatenate([[0], np.flatnonzero(new) + 1])
    runs = pd.DataFrame({name: values[starts] for name, values in zip(KEY, names, strict=True)})
    return runs, np.diff(np.append(starts, len(demand)))


def ages_of(demand: pd.DataFrame, calendar: PlanCalendar, plan_date: dt.date) -> Integers:
    """Return how many buckets before the plan date each row of demand lies; the bucket before it is 1."""
    starts = pd.to_datetime(demand["bucket_start"]).to_numpy(dtype="datetime64[us]").astype("datetime64[D]")
    days = (np.datetime64(plan_date, "D") - starts).astype(np.int64)
    age: Integers = days if calendar.bucket.days == 1 else -(-days // calendar.bucket.days)
    return age


def _row_of(demand: pd.DataFrame, index: pd.DataFrame) -> Integers:
    """Return the row of the index that each row of demand belongs to; -1 where it is not ranged."""
    runs, lengths = runs_of(demand)
    found = runs.merge(index[KEY].assign(row=np.arange(len(index))), on=KEY, how="left")["row"]
    return np.repeat(found.fillna(-1).to_numpy(dtype=np.int64), lengths)


def _standing(demand: pd.DataFrame, place: Integers, cell: Integers, cells: int) -> tuple[Integers, Integers]:
    """Return the rows that stand, and their cells: of several versions of a cell the latest.

    Versions known at the same time from the same batch are told apart by what they say, so that
    the order of rows decides nothing.
    """
    if bool((cell[1:] > cell[:-1]).all()):
        return place, cell
    twice = np.bincount(cell, minlength=cells)[cell] > 1
    order = ["available_at", "batch_id", "demand_lower_bound_units", "is_censored"]
    versions = demand[order].iloc[place[twice]].assign(cell=cell[twice], place=np.flatnonzero(twice))
    latest = versions.sort_values(["cell", *order], kind="stable").drop_duplicates("cell", keep="last")
    stands = ~twice
    stands[latest["place"].to_numpy()] = True
    return place[stands], cell[stands]
