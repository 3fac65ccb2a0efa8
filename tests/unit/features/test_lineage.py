"""Column lineage from compiled SQL."""

from pathlib import Path
from typing import Any

from assets.features.lineage import column_lineage, model_lineage


def columns(*names: str) -> dict[str, Any]:
    return {name: {"name": name, "data_type": "bigint"} for name in names}


MODEL = {
    "resource_type": "model", "schema": "marts", "alias": "position", "original_file_path": "models/position.sql",
    "depends_on": {"nodes": ["source.p.raw.stock", "model.p.items"]}, "columns": columns("item_id", "value"),
}  # fmt: skip
MANIFEST = {
    "metadata": {"project_name": "p"},
    "sources": {
        "source.p.raw.stock": {"schema": "raw", "identifier": "wms_stock", "columns": columns("item_id", "units")}
    },
    "nodes": {
        "model.p.items": {
            "resource_type": "model", "schema": "marts", "alias": "items", "original_file_path": "models/items.sql",
            "depends_on": {"nodes": []}, "columns": columns("item_id", "cost"),
        },
        "model.p.position": MODEL,
    },
}  # fmt: skip
SQL = """
with stock as (select * from "warehouse"."raw"."wms_stock"),
final as (
    select stock.item_id, stock.units * items.cost as value
    from stock inner join "warehouse"."marts"."items" as items on stock.item_id = items.item_id
)
select * from final
"""


def test_a_column_comes_from_all_columns_its_expression_reads_across_ctes() -> None:
    assert model_lineage(MANIFEST, MODEL, SQL) == {
        "item_id": [("source.p.raw.stock", "item_id")],
        "value": [("model.p.items", "cost"), ("source.p.raw.stock", "units")],
    }


def test_sql_that_cannot_be_resolved_has_no_lineage_and_is_no_error() -> None:
    assert model_lineage(MANIFEST, MODEL, "select * from (") == {}


def test_models_that_were_not_compiled_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "position.sql").write_text(SQL)
    assert list(column_lineage(MANIFEST, tmp_path)) == ["model.p.position"]
