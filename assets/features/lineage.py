"""Column lineage of the dbt models, derived from their compiled SQL.

Resolving all forty models takes a fifth of a second, so that nothing is kept between runs.
Not here: how lineage is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

ColumnLineage = dict[str, list[tuple[str, str]]]
"""Column -> (parent's unique id, parent's column), sorted."""

_DIALECT = "duckdb"


def column_lineage(manifest: Mapping[str, Any], compiled: Path) -> dict[str, ColumnLineage]:
    """Return the lineage of every model whose SQL was compiled, by the model's unique id.

    Parameters
    ----------
    manifest : mapping
        dbt's manifest.
    compiled : Path
        Folder of compiled models, such as ``target/compiled/equipoise``.
    """
    paths = {
        name: compiled / node["original_file_path"]
        for name, node in sorted(manifest["nodes"].items())
        if node["resource_type"] == "model"
    }
    return {
        name: model_lineage(manifest, manifest["nodes"][name], path.read_text())
        for name, path in paths.items()
        if path.exists()
    }


def model_lineage(manifest: Mapping[str, Any], node: Mapping[str, Any], sql: str) -> ColumnLineage:
    """Return which columns of its parents each column of a model comes from.

    A model whose SQL sqlglot cannot resolve has no lineage; that costs an arrow in the UI and
    nothing else, so it is no error.
    """
    from sqlglot import exp
    from sqlglot.errors import SqlglotError
    from sqlglot.lineage import lineage

    parents = {_relation(manifest, name): name for name in node["depends_on"]["nodes"]}
    schema: dict[str, dict[str, dict[str, str]]] = {}
    for (space, table), name in parents.items():
        schema.setdefault(space, {})[table] = _column_types(manifest, name)
    try:
        trees = lineage(None, _without_database(sql), schema, dialect=_DIALECT, trim_selects=False)
    except (SqlglotError, KeyError, ValueError, RecursionError):
        return {}
    found: ColumnLineage = {}
    for column, tree in trees.items():
        leaves: set[tuple[str, str]] = set()
        for leaf in tree.walk():
            if isinstance(leaf.expression, exp.Table):
                parent = parents.get((leaf.expression.db, leaf.expression.name))
                if parent:
                    leaves.add((parent, exp.to_column(leaf.name).name))
        found[column] = sorted(leaves)
    return found


def _relation(manifest: Mapping[str, Any], name: str) -> tuple[str, str]:
    if name in manifest["sources"]:
        source = manifest["sources"][name]
        return source["schema"], source["identifier"]
    node = manifest["nodes"][name]
    return node["schema"], node["alias"]


def _column_types(manifest: Mapping[str, Any], name: str) -> dict[str, str]:
    properties = manifest["sources"].get(name) or manifest["nodes"][name]
    return {column["name"]: column["data_type"] or "varchar" for column in properties["columns"].values()}


def _without_database(sql: str) -> Any:
    """Parse ``sql`` and drop the database from its tables: it is named after the warehouse's file."""
    from sqlglot import exp, parse_one

    tree = parse_one(sql, dialect=_DIALECT)
    for table in tree.find_all(exp.Table):
        table.set("catalog", None)
    return tree
