"""What an ERP that takes our orders knows, landed as feeds: the way back of the gateway.

Not here: reading the ERP (``orders.gateways.tryton.feeds``), or landing (``feeds.landing``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from contextlib import closing

import pandas as pd
import pyarrow.parquet as pq

from assets.feeds.contract import feed_table
from assets.feeds.landing import LandingArea, LandReport
from assets.feeds.transport import FORMATS, open_file
from assets.kernel.errors import EquipoiseError
from assets.kernel.home import NetworkHome
from orchestration.gateways import open_gateway
from orchestration.sensitive import landed_sensitive
from orchestration.settings import GatewayKind, Settings

ERPS = (GatewayKind.TRYTON,)
"""Those that feeds can be read from."""
_KEPT: Mapping[str, tuple[str, Sequence[str], Sequence[str]]] = {
    "erp_items": ("item_id", ("category",), ("weight_kg_per_unit", "volume_m3_per_unit", "shelf_life_days")),
    "erp_sites": ("site_id", ("site_kind", "region", "timezone"), ()),
}
"""Of master data, the key, and words and numbers that Tryton does not hold: those of the newest batch landed stand."""


def land_from_tryton(settings: Settings, home: NetworkHome, business_date: dt.date) -> LandReport:
    """Land what Tryton knows: master data, stock as of the end of a day, purchases, and goods on the road.

    Which items are sensitive, and what else Tryton's standard modules do not hold of items and sites, stays as the
    newest master said that was landed; of what is new there the defaults hold.

    Parameters
    ----------
    business_date : date
        The day that has ended there.

    Raises
    ------
    EquipoiseError
        If the address or the secret is not set, or if Tryton does not answer.
    """
    from assets.orders.gateways.tryton.feeds import Unsaid, read_feeds
    from assets.orders.gateways.tryton.gateway import Tryton

    gateway = open_gateway(settings.model_copy(update={"gateway": GatewayKind.TRYTON}), home)
    assert isinstance(gateway, Tryton)
    profile = home.profile
    with closing(gateway):
        found = read_feeds(gateway.rpc, business_date, Unsaid(timezone=profile.timezone))
    area = LandingArea(home.landing, profile.clock)
    known = {name: _newest(area, name, key, words, numbers) for name, (key, words, numbers) in _KEPT.items()}
    return area.land_frames(
        completed(found, known, landed_sensitive(area)), business_date=business_date, timezone=profile.timezone
    )


def completed(
    found: Mapping[str, pd.DataFrame], known: Mapping[str, pd.DataFrame], sensitive: frozenset[str]
) -> dict[str, pd.DataFrame]:
    """Return feeds with what their sender does not hold as it is known, by raw table.

    Parameters
    ----------
    found, known : mapping
        Raw table to its rows as sent, and to what is known, by its key.
    sensitive : frozenset of str
        Items that stay sensitive.
    """
    whole = dict(found)
    for name, rows in known.items():
        table, key = found[name].copy(), _KEPT[name][0]
        for column in rows.columns:
            before = rows[column].dropna().to_dict()
            table[column] = [before.get(one, own) for one, own in zip(table[key], table[column], strict=True)]
        whole[name] = feed_table(*name.split("_", 1)).frame.conform(table)
    items = whole["erp_items"]
    whole["erp_items"] = items.assign(is_sensitive=items["is_sensitive"] | items["item_id"].isin(sensitive))
    return whole


def _newest(area: LandingArea, name: str, key: str, words: Sequence[str], numbers: Sequence[str]) -> pd.DataFrame:
    """Return the newest batch of a table that can be read, by its key: the columns of it that are asked for."""
    for envelope in reversed(area.batches(feed_table(*name.split("_", 1)))):
        files = sorted(path for path in area.directory(envelope).rglob("*") if path.suffix in FORMATS)
        try:
            sent = [(path, open_file(path)) for path in files]
        except EquipoiseError:
            continue
        tables = [(pq.read_table(path) if file.table is None else file.table).to_pandas() for path, file in sent]
        rows = pd.concat(tables, ignore_index=True).rename(columns=str.lower)
        if key not in rows:
            continue
        rows = rows.drop_duplicates(key, keep="last").set_index(key)
        rows = rows[[column for column in (*words, *numbers) if column in rows]]
        return rows.assign(**{one: pd.to_numeric(rows[one], errors="coerce") for one in numbers if one in rows})
    return pd.DataFrame()
