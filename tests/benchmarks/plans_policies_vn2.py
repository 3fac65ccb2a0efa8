"""The official policy of the VN2 challenge as a policy of an experiment.

Not here: its rule (``vn2_rules``).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import vn2_rules
from vn2_files import published_files, read_challenge

from assets.twin.experiment.network import ExperimentNetwork
from assets.twin.experiment.policies import LINE_COLUMNS, Policy, Sights


def official(folder: Path, network: ExperimentNetwork) -> Policy:
    """Return the organiser's policy on an imported network: four forecast weeks, less on hand and in transit."""
    challenge = read_challenge(*published_files(folder))
    series = challenge.series
    number = {
        (f"product-{product:03d}", f"store-{store:02d}"): row
        for row, (store, product) in enumerate(zip(series["Store"], series["Product"], strict=True))
    }
    rows = np.array([number[key] for key in network.places.itertuples(index=False, name=None)])
    organiser = vn2_rules.organiser_policy(challenge)
    supplier = network.sourcing.set_index(["item_id", "site_id"])["supplier_id"].to_dict()
    ids = np.array([supplier[key] for key in network.places.itertuples(index=False, name=None)], dtype=object)

    def order(sights: Sights) -> pd.DataFrame:
        week = (pd.Timestamp(sights.date) - challenge.weeks[0]).days // 7
        due = np.zeros((len(rows), vn2_rules.LEAD_WEEKS), dtype=np.int64)
        width = min(vn2_rules.LEAD_WEEKS, sights.stock.under_way.shape[1])
        due[:, :width] = sights.stock.under_way[:, :width]
        every = np.zeros((3, len(series)), dtype=np.int64)
        every[:, rows] = sights.stock.on_hand, due[:, 0], due[:, 1]
        units = organiser(week, vn2_rules.Stock(*every))[rows]
        used = np.flatnonzero(units)
        arrival = pd.Timestamp(sights.date) + pd.Timedelta(days=7 * vn2_rules.LEAD_WEEKS)
        told = (
            "purchase", network.places["item_id"].to_numpy(object)[used], ids[used],
            network.places["site_id"].to_numpy(object)[used], "supplier", units[used], pd.Timestamp(sights.date),
            arrival,
        )  # fmt: skip
        return pd.DataFrame(dict(zip(LINE_COLUMNS, told, strict=True)))

    return order
