"""Seeded panels of any size in the shape of the demand mart, for measuring speed.

The mix is that of a retail range: a third sells every bucket, some of it erratically; most of
the rest is intermittent or lumpy; some series are new. Not here: what is measured.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from assets.kernel.calendar import Bucket

PLAN_DATE = dt.date(2025, 6, 30)
SEED = 20261121
SITES = 50
CATEGORIES = 40
# Shares of what series are, and the limits of Syntetos and Boylan (2005) that name them.
NEW_SHARE = 0.05
CENSORED_SHARE = 0.04
ADI_LIMIT = 1.32
CV2_LIMIT = 0.49
BLOCK = 5_000

Reals = npt.NDArray[np.float64]


def write_panel(folder: Path, series: int, bucket: Bucket, length: int, *, seed: int = SEED) -> None:
    """Write ``demand``, ``features``, ``items`` and ``sites`` as Parquet.

    Demand has the columns of ``FCT_DEMAND`` that forecasting reads, sorted by its key. It is made
    and written by blocks of series.
    """
    random = np.random.default_rng(seed)
    labels = pd.DataFrame(
        {
            "item_id": [f"item-{number // SITES:05d}" for number in range(series)],
            "site_id": [f"store-{number % SITES:02d}" for number in range(series)],
        }
    )
    named, writer = [], None
    for first in range(0, series, BLOCK):
        part = labels.iloc[first : first + BLOCK]
        demand, segment = _block(random, part, bucket, length)
        named.append(part.assign(demand_segment=segment))
        table = pa.Table.from_pandas(demand, preserve_index=False)
        writer = writer or pq.ParquetWriter(folder / "demand.parquet", table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()
    features = pd.concat(named, ignore_index=True)
    items = features[["item_id"]].drop_duplicates(ignore_index=True)
    items["category"] = [f"category-{number % CATEGORIES:02d}" for number in range(len(items))]
    sites = features[["site_id"]].drop_duplicates(ignore_index=True).assign(echelon=0, region="north")
    for name, frame in (("features", features), ("items", items), ("sites", sites)):
        frame.to_parquet(folder / f"{name}.parquet")


def _block(
    random: np.random.Generator, labels: pd.DataFrame, bucket: Bucket, length: int
) -> tuple[pd.DataFrame, npt.NDArray[np.object_]]:
    units, begins = _units(random, len(labels), bucket, length)
    censored = random.random(units.shape) < CENSORED_SHARE
    # Half of a bucket out of stock, and half of its demand unseen.
    units[censored] //= 2
    row, column = np.nonzero(np.arange(length) >= begins[:, None])
    demand = pd.DataFrame(
        {
            "item_id": labels["item_id"].to_numpy()[row],
            "site_id": labels["site_id"].to_numpy()[row],
            "bucket_start": _starts(bucket, length)[column],
            "demand_lower_bound_units": units[row, column],
            "in_stock_share": np.where(censored, 0.5, 1.0)[row, column],
            "is_censored": censored[row, column],
            "is_promoted": False,
            "unit_price": 1.0,
            "available_at": np.datetime64("2025-06-30T02:00:00", "us"),
            "batch_id": "batch",
        }
    )
    return demand, segments(units, begins)


def segments(units: npt.NDArray[np.int64], begins: npt.NDArray[np.int64]) -> npt.NDArray[np.object_]:
    """Return the segment of each series: by demand interval and squared variation of sizes."""
    length = units.shape[1] - begins
    sold = np.maximum((units > 0).sum(axis=1), 1)
    mean = units.sum(axis=1) / sold
    variance = np.square(units, dtype=np.float64).sum(axis=1) / sold - mean**2
    regular, calm = length / sold <= ADI_LIMIT, variance <= CV2_LIMIT * mean**2
    names = np.where(regular, np.where(calm, "smooth", "erratic"), np.where(calm, "intermittent", "lumpy"))
    return np.where(length < 26, "new", names).astype(object)


def _units(
    random: np.random.Generator, series: int, bucket: Bucket, length: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    season, width = (7, 0.35) if bucket is Bucket.DAY else (52, 0.25)
    angle = 2 * np.pi * (np.arange(length) + random.integers(0, season, (series, 1))) / season
    # Levels wander, by a tenth to a third over the history.
    drift = np.cumsum(
        random.normal(0, random.uniform(0.1, 0.3, (series, 1)) / np.sqrt(length), (series, length)), axis=1
    )
    level = random.lognormal(0.3, 1.2, (series, 1)) * np.exp(drift) * (1 + width * np.sin(angle))
    # Negative binomial through its gamma: the smaller the shape, the lumpier.
    shape = random.choice([0.25, 1.0, 4.0, 16.0], (series, 1))
    units = random.poisson(level * random.gamma(shape, 1 / shape, (series, length)))
    begins = np.where(random.random(series) < NEW_SHARE, random.integers(length - 40, length, series), 0)
    units[np.arange(length) < begins[:, None]] = 0
    return units, begins.astype(np.int64)


def _starts(bucket: Bucket, length: int) -> npt.NDArray[np.datetime64]:
    step = np.timedelta64(bucket.days, "D")
    return (np.datetime64(PLAN_DATE) - step * np.arange(length, 0, -1)).astype("datetime64[us]")
