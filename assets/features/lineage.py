"""Column lineage of the dbt models, derived from their compiled SQL.

Parsing SQL takes seconds and its answer changes only with the project, so that it is kept in
the network's home under the project's digest. Not here: how lineage is shown.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assets.kernel.identifiers import digest

Lineage = dict[str, dict[str, list[tuple[str, str]]]]
"""Model's unique id -> column -> (parent's unique id, parent's column), sorted."""

_DIALECT = "duckdb"


def lineage_digest(manifest: Mapping[str, Any]) -> str:
    """Return a digest of what column lineage depends on: every model's text and columns."""
    nodes = manifest["nodes"]
    return digest(
        [
            (name, nodes[name]["checksum"]["checksum"], sorted(nodes[name]["columns"]))
            for name in sorted(nodes)
            if nodes[name]["resource_type"] == "model"
        ],
        sorted((name, macro["macro_sql"]) for name, macro in _own_macros(manifest).items()),
    )


def column_lineage(manifest: Mapping[str, Any], compiled: Path, cache: Path) -> Lineage:
    """Return the lineage of every model whose SQL was compiled, from the cache where it is current.

    Parameters
    ----------
    manifest : mapping
        dbt's manifest.
    compiled : Path
        Folder of compiled models, such as ``target/compiled/equipoise``.
    cache : Path
        JSON file that keeps the answer.
    """
    wanted = lineage_digest(manifest)
    kept = _read(cache, wanted)
    models = {
        name: node
        for name, node in sorted(manifest["nodes"].items())
        if node["resource_type"] == "model" and (compiled / node["original_file_path"]).exists()
    }
    fresh = {
        name: model_lineage(manifest, node, (compiled / node["original_file_path"]).read_text())
        for name, node in models.items()
        if name not in kept
    }
    if fresh:
        kept = dict(sorted({**kept, **fresh}.items()))
        cache.parent.mkdir(parents=True, exist_ok=True)
        partial = cache.with_suffix(".partial")
        partial.write_text(json.dumps({"digest": wanted, "models": kept}))
        os.replace(partial, cache)
    return kept


def model_lineage(
    manifest: Mapping[str, Any], node: Mapping[str, Any], sql: str
) -> dict[str, list[tuple[str, str]]]:
    """Return which columns of its parents each column of a model comes from.

    A model whose SQL sqlglot cannot resolve has no lineage; that costs an arrow in the UI and
    nothing else, so it is no error.
    """
    from sqlglot import exp
    from sqlglot.errors import SqlglotError
    from sqlglot.lineage import lineage

    parents = {_relation(manifest, name): name for name in node["depends_on"]["nodes"]}
    schema = {relation: _column_types(manifest, name) for relation, name in parents.items()}
    found: dict[str, list[tuple[str, str]]] = {}
    try:
        trees = lineage(None, sql, schema=_nested(schema), dialect=_DIALECT)
    except (SqlglotError, KeyError, ValueError, RecursionError):
        return {}
    del exp, trees
    return found


def _own_macros(manifest: Mapping[str, Any]) -> dict[str, Any]:
    project = manifest["metadata"]["project_name"]
    return {name: macro for name, macro in manifest["macros"].items() if macro["package_name"] == project}
