"""How assets are kept: immutable Parquet with a pointer, typed by the frame the asset names."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import dagster as dg
import pandas as pd

from assets.kernel.defs import column_schema, table
from assets.kernel.errors import EquipoiseError
from assets.kernel.frames import (
    Frame,
    decisions,
    feeds,
    forecasts,
    kpis,
    market,
    marts,
    monitoring,
    quality,
    rollout,
    targets,
)
from assets.kernel.published import Publication, Published

PREVIEW_ROWS = 5
Hide = Callable[[dict[str, Any], pd.DataFrame], dict[str, Any]]


def frames_by_name() -> dict[str, Frame]:
    """Return every shared frame by its name."""
    modules = (feeds, marts, quality, forecasts, decisions, kpis, market, monitoring, rollout, targets)
    return {value.name: value for module in modules for value in vars(module).values() if isinstance(value, Frame)}


class PublishedIOManager(dg.IOManager):
    """Publishes what assets return and reads it back by plan date.

    Parameters
    ----------
    published : Published
        Where tables are published.
    hide : callable, optional
        Takes what is told of a table, and the table; returns what anybody may see of it.
    """

    def __init__(self, published: Published, hide: Hide = lambda told, _: told) -> None:
        self._published = published
        self._hide = hide
        self._frames = frames_by_name()

    def handle_output(self, context: dg.OutputContext, obj: pd.DataFrame) -> None:
        """Conform ``obj`` to the asset's frame, publish it and describe it to the UI."""
        frame = self._frame(context.definition_metadata, context.asset_key)
        publication = self._published.write(frame, obj, _plan_date(context), context.run_id)
        context.add_output_metadata(self._hide(describe(frame, obj, publication), obj))

    def load_input(self, context: dg.InputContext) -> pd.DataFrame:
        """Read the latest version of the upstream table for the plan date."""
        metadata = context.upstream_output.definition_metadata if context.upstream_output else {}
        return self._published.read(self._frame(metadata, context.asset_key), _plan_date(context))

    def _frame(self, metadata: Any, key: dg.AssetKey) -> Frame:
        name = str((metadata or {}).get("frame", key.path[-1]))
        if name not in self._frames:
            raise EquipoiseError(
                f"no frame is called {name!r}",
                where=f"asset {key.to_user_string()}",
                remedy='Name one of assets/kernel/frames in the asset\'s metadata as "frame"',
            )
        return self._frames[name]


def describe(frame: Frame, data: pd.DataFrame, publication: Publication) -> dict[str, Any]:
    """Return what every published table shows on its page: size, schema, preview, digest."""
    return {
        "dagster/row_count": publication.rows,
        "dagster/column_schema": column_schema(frame),
        "preview": table(data.head(PREVIEW_ROWS)),
        "digest": publication.digest,
        "parquet": dg.MetadataValue.path(publication.path),
    }


def _plan_date(context: dg.OutputContext | dg.InputContext) -> dt.date:
    return dt.date.fromisoformat(context.asset_partition_key)
