"""The part that all Dagster faces share: how a published asset is declared, and what its page shows.

A published asset is a table kept as Parquet by plan date and typed by the frame that it names. Not
here: any asset, and what a page says, which the ``pages`` of each capability do.
"""

import base64
import datetime as dt
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import dagster as dg
import pandas as pd
import sqlalchemy as sa

# Private, as is `_connect`, because no public name tells whether the event log is SQLite or how it opens
# its files. Until Dagster keeps an engine over many events, or moves the name: 2027-05-31 at the latest.
from dagster._core.storage.event_log import SqliteEventLogStorage

from assets.kernel.frames import Frame
from assets.kernel.page import Markdown, Page, Plain, Record

IO_MANAGER = "parquet"
BUSY_SECONDS = 60
"""How long an event waits for another writer of its file."""

Veil = Callable[[Any], Any]
"""Returns an event as Dagster's readers may see it."""
_VEIL: ContextVar[Veil] = ContextVar(
    "what hides, in events, what their readers may not see", default=lambda event: event
)
PlanDates = dg.PartitionsDefinition[str]
Declared = Callable[[Callable[..., Any]], dg.AssetsDefinition]


def published_asset(
    frame: Frame,
    key: Sequence[str],
    caveat: str,
    *,
    plan_dates: PlanDates,
    owners: Sequence[str],
    kinds: set[str],
    group: str | None = None,
    ins: Mapping[str, dg.AssetIn] | None = None,
    deps: Sequence[Sequence[str]] = (),
) -> Declared:
    """Return the decorator of an asset that publishes one table.

    Parameters
    ----------
    frame : Frame
        The table's columns; its grain opens the description.
    key : sequence of str
        The asset's key.
    caveat : str
        What a reader of the table must know beside its grain.
    plan_dates : PartitionsDefinition
        Plan dates of the network.
    owners : sequence of str
        Teams that answer for it.
    kinds : set of str
        What makes it.
    group : str, optional
        Its stage, where that is not the first word of the key.
    ins : mapping, optional
        What is read into each argument of the function.
    deps : sequence of keys
        What it waits for and reads by itself.
    """
    declared: Declared = dg.asset(
        key=list(key),
        ins=ins,
        deps=[dg.AssetKey(upstream) for upstream in deps],
        partitions_def=plan_dates,
        group_name=group or key[0],
        **_published(frame, frame.grain, caveat, owners, kinds),
    )
    return declared


def published_out(
    frame: Frame, key: Sequence[str], caveat: str, *, owners: Sequence[str], kinds: set[str], grain: str | None = None
) -> dg.AssetOut:
    """Return one table of an asset that publishes several; ``grain`` where it is narrower than the frame's."""
    return dg.AssetOut(key=list(key), **_published(frame, grain or frame.grain, caveat, owners, kinds))


def published_outs(
    layer: str, caveats: Mapping[Frame, str], *, owners: Sequence[str], kinds: set[str]
) -> dict[str, dg.AssetOut]:
    """Return the tables of an asset that publishes several, each by its frame's name in one layer."""
    return {
        frame.name: published_out(frame, [layer, frame.name], caveat, owners=owners, kinds=kinds)
        for frame, caveat in caveats.items()
    }


def inputs(**layers: Sequence[str]) -> dict[str, dg.AssetIn]:
    """Return tables to read, by layer; each is the argument of its own name."""
    return {name: dg.AssetIn([layer, name]) for layer, names in layers.items() for name in names}


def plan_date_of(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext) -> dt.date:
    """Return the plan date that is being made."""
    return dt.date.fromisoformat(context.partition_key)


def shown(page: Page) -> dict[str, Any]:
    """Return a page as Dagster's metadata: tables, plots and markdown wrapped, plain values as they are."""
    return {name: _shown(value) for name, value in page.items()}


def table(rows: pd.DataFrame | Sequence[Record]) -> dg.TableMetadataValue:
    """Return rows as a table, which has columns even when there are no rows."""
    if not isinstance(rows, pd.DataFrame):
        rows = pd.DataFrame(rows, dtype=object, columns=list(rows[0]) if rows else ["nothing"])
    cells = rows.astype(object).to_dict("records")
    records = [dg.TableRecord({str(name): _cell(value) for name, value in row.items()}) for row in cells]
    # Dagster takes the columns and their types from the first record, but refuses to guess without one.
    empty = dg.TableSchema([dg.TableColumn(str(name)) for name in rows.columns])
    return dg.MetadataValue.table(records, schema=None if records else empty)


def column_schema(frame: Frame) -> dg.TableSchema:
    """Return a frame's columns as the UI shows them."""
    columns = [
        dg.TableColumn(
            column.name,
            column.duckdb_type,
            description=f"{column.description} [{column.unit}]" if column.unit else column.description,
            constraints=dg.TableColumnConstraints(nullable=column.nullable),
        )
        for column in frame.columns
    ]
    return dg.TableSchema(columns=columns)


def _published(frame: Frame, grain: str, caveat: str, owners: Sequence[str], kinds: set[str]) -> dict[str, Any]:
    return {
        "description": f"{grain} {caveat}",
        "owners": list(owners),
        "kinds": kinds,
        "metadata": {"frame": frame.name},
        "io_manager_key": IO_MANAGER,
    }


def _shown(value: object) -> Any:
    if isinstance(value, bytes):
        return dg.MetadataValue.md(f"![plot](data:image/png;base64,{base64.b64encode(value).decode()})")
    if isinstance(value, Markdown):
        return dg.MetadataValue.md(value)
    return table(value) if isinstance(value, pd.DataFrame | list | tuple) else value


def _cell(value: Any) -> Plain:
    if isinstance(value, str | bool | int):
        return value
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return None
    return round(value, 4) if isinstance(value, float) else str(value)


@contextmanager
def hidden_by(veil: Veil) -> Iterator[None]:
    """Have what is logged inside the block looked through by ``veil`` before anybody can read it."""
    token = _VEIL.set(veil)
    try:
        yield
    finally:
        _VEIL.reset(token)


def log_event(context: dg.AssetExecutionContext, event: Any) -> None:
    """Log an event beside those that a step returns, with what its readers may not see hidden."""
    context.log_event(_VEIL.get()(event))


@contextmanager
def event_log_kept_open(instance: dg.DagsterInstance, run_id: str) -> Iterator[None]:
    """Keep Dagster's SQLite event log open while many events are logged; others need no help.

    Dagster opens and closes up to three connections an event, each of an engine of its own that
    compiles its statements anew, and the last to close a WAL database checkpoints it. One engine a
    file, with its connection, spares all three.

    Parameters
    ----------
    instance : DagsterInstance
        Whose log it is.
    run_id : str
        Run that logs; its file is made if it has none yet.
    """
    storage = instance.event_log_storage
    if not isinstance(storage, SqliteEventLogStorage) or "_connect" in vars(storage):
        yield
        return
    anew, lock = storage._connect, threading.Lock()
    engines: dict[str, sa.Engine] = {}

    @contextmanager
    def connected(shard: str) -> Iterator[sa.Connection]:
        with lock, engines[shard].begin() as connection:
            yield connection

    for shard in (run_id, "index"):
        with anew(shard):
            pass  # the file is made
        address = storage.conn_string_for_shard(shard)
        engines[shard] = sa.create_engine(address, connect_args={"timeout": BUSY_SECONDS})
    storage._connect = lambda shard: connected(shard) if shard in engines else anew(shard)  # type: ignore[method-assign]
    try:
        yield
    finally:
        del storage._connect
        with lock:
            for engine in engines.values():
                engine.dispose()
