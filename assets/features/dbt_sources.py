"""The dbt properties that repeat a shared declaration: sources, staged tables, contracts of marts.

They are rendered from the feed contract and the frames, written into ``dbt_project/`` and kept
there, so that dbt needs no Python; a test says when they have fallen behind. What a person
writes (tests, unit tests, descriptions of intermediate models) is kept as it stands. Run
``python -m assets.features.dbt_sources dbt_project`` after a change of a frame.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from assets.feeds.contract import Arrival, FeedTable, contract
from assets.kernel.frames import Column, Frame
from assets.kernel.frames.marts import MARTS
from assets.kernel.frames.quality import QUARANTINE, VERDICTS
from assets.kernel.frames.reports import REPORTS
from assets.kernel.frames.schema import date, integer, text, time

LINEAGE = (
    text("_batch_id", "{{ doc('batch_id') }}"),
    date("_business_date", "{{ doc('business_date') }}"),
    time("_available_at", "{{ doc('available_at') }}"),
    time("_landed_at", "{{ doc('landed_at') }}"),
    text("_row_hash", "{{ doc('row_hash') }}"),
    integer("_row_number", "{{ doc('batch_row') }}"),
)
STAGED_LINEAGE = (
    text("batch_id", "{{ doc('batch_id') }}"),
    integer("batch_row", "{{ doc('batch_row') }}"),
    date("business_date", "{{ doc('business_date') }}"),
    time("available_at", "{{ doc('available_at') }}"),
    time("landed_at", "{{ doc('landed_at') }}"),
)
BATCHES = Frame(
    "batches",
    "One row per batch that landed, accepted or not.",
    (
        text("batch_id", "{{ doc('batch_id') }}"),
        text("source", "Source system."),
        text("table_name", "Table of the source system."),
        text("feed", "Raw table, such as wms_inventory."),
        date("business_date", "{{ doc('business_date') }}"),
        time("available_at", "{{ doc('available_at') }}"),
        time("landed_at", "{{ doc('landed_at') }}"),
        integer("row_count", "Rows sent."),
        integer("accepted_rows", "Rows that went on."),
        integer("quarantined_rows", "Rows that did not."),
        text("content_hash", "Digest of the files as sent."),
        text("status", "accepted or rejected."),
        text("reason", "Why it was rejected; empty if it was not."),
        text("covers", "Scope values a snapshot speaks for, comma separated; null: those in its rows."),
        text("row_availability", "batch, or row: each row known from its own date on."),
    ),
    ("batch_id",),
)
FOLDERS = {"feat": "features", "rpt": "reporting"}
_HOW = {
    Arrival.SNAPSHOT: "Snapshot: a batch replaces what was known of what it covers.",
    Arrival.UPSERT: "Upsert: a row replaces the row of the same key.",
    Arrival.APPEND: "Append: a row is a fact; the same key again is a correction.",
}


def properties(project: Path) -> dict[Path, str]:
    """Return every generated property file of the dbt project, by path below ``project``.

    Parameters
    ----------
    project : Path
        Folder of the dbt project; the tests that people wrote there are kept.
    """
    tables = contract()
    files = {
        Path("models/staging/_raw__sources.yml"): _dump({"sources": [_raw_source()]}),
        Path("models/staging/_quality__sources.yml"): _dump({"sources": [_quality_source()]}),
    }
    for source in dict.fromkeys(table.source for table in tables):
        own = [table for table in tables if table.source == source]
        folder = Path("models/staging") / source
        files[folder / f"_{source}__sources.yml"] = source_properties(source, own)
        for table in own:
            path = folder / f"{staged_name(table)}.yml"
            files[path] = staging_properties(table, _existing(project / path))
    for frame in (*MARTS, *REPORTS):
        path = mart_path(frame).with_suffix(".yml")
        files[path] = mart_properties(frame, _existing(project / path))
    return files


def write(project: Path) -> list[Path]:
    """Write what has changed and return the paths written."""
    written = []
    for path, content in properties(project).items():
        target = project / path
        if not target.exists() or target.read_text() != content:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(content)
            written.append(path)
    return written


def staged_name(table: FeedTable) -> str:
    """Return the name of a table's staging model.

    >>> from assets.feeds.contract import feed_table
    >>> staged_name(feed_table("wms", "inventory"))
    'stg_wms__inventory'
    """
    return f"stg_{table.source}__{table.table}"


def mart_path(frame: Frame) -> Path:
    """Return the path of a mart's model below the dbt project, without its suffix."""
    folder = FOLDERS.get(frame.name.split("_")[0], "planning")
    return Path("models/marts") / folder / frame.name


def source_properties(source: str, tables: Sequence[FeedTable]) -> str:
    """Return the YAML of one source system: its raw tables, columns and freshness."""
    return _dump(
        {
            "sources": [
                {
                    "name": source,
                    "description": f"{{{{ doc('source_{source}') }}}}",
                    "schema": "raw",
                    "config": {"loaded_at_field": "_available_at"},
                    "tables": [_source_table(table) for table in tables],
                }
            ]
        }
    )


def staging_properties(table: FeedTable, existing: dict[str, Any]) -> str:
    """Return the YAML of a staging model, with the tests that ``existing`` holds."""
    columns = [*table.frame.columns, *STAGED_LINEAGE]
    model = {
        "name": staged_name(table),
        "description": f"{table.frame.grain} {_HOW[table.arrival]} Every row that landed, in the contract's types.",
        "config": {"meta": {"owner": table.owner}},
        **_kept(existing, "data_tests"),
        "columns": _columns(columns, existing, contracted=False),
    }
    return _dump({"models": [model], **_kept_top(existing)})


def mart_properties(frame: Frame, existing: dict[str, Any]) -> str:
    """Return the YAML of a mart with its enforced contract, and the tests that ``existing`` holds."""
    model = {
        "name": frame.name,
        "description": frame.grain,
        "config": {"contract": {"enforced": True}},
        **_kept(existing, "data_tests"),
        "columns": _columns(frame.columns, existing, contracted=True),
    }
    return _dump({"models": [model], **_kept_top(existing)})


def _source_table(table: FeedTable) -> dict[str, Any]:
    return {
        "name": table.table,
        "identifier": table.name,
        "description": f"{table.frame.grain} {_HOW[table.arrival]}",
        "config": {
            "meta": {"owner": table.owner},
            "freshness": {
                "warn_after": {"count": table.maximum_age_days + 1, "period": "day"},
                "error_after": {"count": 2 * table.maximum_age_days + 1, "period": "day"},
            },
        },
        "columns": _columns([*table.frame.columns, *LINEAGE], {}, contracted=False),
    }


def _raw_source() -> dict[str, Any]:
    quarantine = [*QUARANTINE.columns, time("_available_at", "{{ doc('available_at') }}")]
    return {
        "name": "raw",
        "description": "{{ doc('source_raw') }}",
        "schema": "raw",
        "tables": [
            {
                "name": "batches",
                "description": BATCHES.grain,
                "columns": _columns(BATCHES.columns, {}, contracted=False),
            },
            {
                "name": "quarantine",
                "description": QUARANTINE.grain,
                "columns": _columns(quarantine, {}, contracted=False),
            },
        ],
    }


def _quality_source() -> dict[str, Any]:
    return {
        "name": "quality",
        "description": "{{ doc('source_quality') }}",
        "schema": "quality",
        "tables": [
            {
                "name": "verdicts",
                "description": VERDICTS.grain,
                "columns": _columns(VERDICTS.columns, {}, contracted=False),
            }
        ],
    }


def _columns(columns: Sequence[Column], existing: dict[str, Any], *, contracted: bool) -> list[dict[str, Any]]:
    tests = {c["name"]: c["data_tests"] for c in _model(existing).get("columns", ()) if "data_tests" in c}
    rendered = []
    for column in columns:
        unit = f" [{column.unit}]" if column.unit else ""
        entry: dict[str, Any] = {
            "name": column.name,
            "description": column.description + unit,
            "data_type": column.duckdb_type.lower(),
        }
        if contracted and not column.nullable:
            entry["constraints"] = [{"type": "not_null"}]
        if column.name in tests:
            entry["data_tests"] = tests[column.name]
        rendered.append(entry)
    return rendered


def _existing(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text()) or {} if path.exists() else {}


def _model(existing: dict[str, Any]) -> dict[str, Any]:
    models: list[dict[str, Any]] = existing.get("models") or [{}]
    return models[0]


def _kept(existing: dict[str, Any], key: str) -> dict[str, Any]:
    return {key: _model(existing)[key]} if key in _model(existing) else {}


def _kept_top(existing: dict[str, Any]) -> dict[str, Any]:
    return {key: existing[key] for key in ("unit_tests",) if key in existing}


def _dump(content: dict[str, Any]) -> str:
    return yaml.safe_dump(
        {"version": 2, **content}, sort_keys=False, allow_unicode=True, width=110, default_flow_style=None
    )


if __name__ == "__main__":
    for path in write(Path(sys.argv[1])):
        sys.stdout.write(f"{path}\n")
