"""What the asset and check pages of the dbt models show: plain values, no framework.

Not here: how they are attached to events.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow.parquet as pq

from assets.kernel.page import Page
from assets.kernel.published import Publication, Published

PREVIEW_ROWS = 5
OFFENDER_ROWS = 10


def published_pages(published: Published, publications: list[Publication]) -> dict[str, Page]:
    """Return the page of every published mart, by name: rows of the slice, digest and first rows."""
    return {
        p.table: {"dagster/row_count": p.rows, "digest": p.digest, "preview": _first_rows(published, p)}
        for p in publications
    }


def offenders(connection: duckdb.DuckDBPyConnection, run_results: Mapping[str, Any]) -> dict[str, pd.DataFrame]:
    """Return the first offending rows of every dbt test that found some, by the test's unique id.

    Parameters
    ----------
    connection : DuckDBPyConnection
        Warehouse that the tests ran on.
    run_results : mapping
        dbt's ``run_results.json``.
    """
    found = {}
    for result in run_results["results"]:
        if result["status"] in {"fail", "warn"} and result.get("compiled_code"):
            query = f"select * from ({result['compiled_code']}) limit {OFFENDER_ROWS}"
            cursor = connection.execute(query)
            names = [column[0] for column in cursor.description or ()]
            found[result["unique_id"]] = pd.DataFrame(cursor.fetchall(), columns=names, dtype=object)
    return found


def first_failure(run_results: Path) -> str:
    """Return in one line what dbt failed at first, from its ``run_results.json``."""
    if not run_results.exists():
        return "dbt ended before it ran a model"
    results = json.loads(run_results.read_text())["results"]
    failed = [result for result in results if result["status"] in {"error", "fail", "runtime error"}]
    if not failed:
        return "dbt ended with an error after its last model"
    name, message = failed[0]["unique_id"].split(".")[2], " ".join(str(failed[0]["message"]).split())
    return f"{name} failed ({len(failed)} in all): {message[:400]}"


def _first_rows(published: Published, publication: Publication) -> pd.DataFrame:
    parquet = pq.ParquetFile(published.root / publication.path)
    first = next(parquet.iter_batches(batch_size=PREVIEW_ROWS), None)
    rows = first.to_pylist() if first is not None else []
    return pd.DataFrame(rows, columns=parquet.schema_arrow.names, dtype=object)
