"""The dbt project says of every shared table what the frames and the feed contract say."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from assets.features.dbt_sources import STAGED_LINEAGE, mart_path, properties, staged_name
from assets.feeds.contract import FeedTable, contract
from assets.kernel.frames import Frame
from assets.kernel.frames.marts import MARTS
from assets.kernel.frames.reports import REPORTS

PROJECT = Path(__file__).parents[2] / "dbt_project"


def model(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((PROJECT / path).read_text())["models"][0]
    return found


@pytest.mark.parametrize("path", sorted(properties(PROJECT)), ids=str)
def test_the_committed_properties_are_current(path: Path) -> None:
    wanted = properties(PROJECT)[path]
    stored = (PROJECT / path).read_text() if (PROJECT / path).exists() else ""
    assert stored == wanted, "refresh with: python -m assets.features.dbt_sources dbt_project"


@pytest.mark.parametrize("frame", [*MARTS, *REPORTS], ids=lambda frame: frame.name)
def test_a_mart_has_an_enforced_contract_that_is_its_frame(frame: Frame) -> None:
    found = model(mart_path(frame).with_suffix(".yml"))
    assert found["config"]["contract"]["enforced"] is True
    assert [(c["name"], c["data_type"]) for c in found["columns"]] == [
        (c.name, c.duckdb_type.lower()) for c in frame.columns
    ]
    required = {c["name"] for c in found["columns"] if {"type": "not_null"} in c.get("constraints", [])}
    assert required == {c.name for c in frame.columns if not c.nullable}


@pytest.mark.parametrize("table", contract(), ids=lambda table: table.name)
def test_a_staging_model_holds_the_contracts_columns_and_its_lineage(table: FeedTable) -> None:
    found = model(Path("models/staging") / table.source / f"{staged_name(table)}.yml")
    assert [c["name"] for c in found["columns"]] == [
        *table.frame.names,
        *(c.name for c in STAGED_LINEAGE),
    ]
    sql = (PROJECT / "models/staging" / table.source / f"{staged_name(table)}.sql").read_text()
    for column in table.frame.columns:
        kind = column.duckdb_type.lower().replace(",", ", ")
        assert f"cast({column.name} as {kind}) as {column.name}," in sql


def test_every_model_has_its_own_sql_and_yml() -> None:
    models = PROJECT / "models"
    sql = {path.with_suffix("") for path in models.rglob("*.sql")}
    described = {p.with_suffix("") for p in models.rglob("*.yml") if not p.name.startswith("_")}
    assert sql == described - {models / "marts" / "exposures"}


def test_every_model_that_computes_has_a_unit_test() -> None:
    # These rename a concept of `intermediate` into a slice; dim_item stands for the shared macro.
    slices = {"dim_lane", "dim_sourcing", "dim_item_site"}
    computing = [
        path
        for layer in ("intermediate", "marts")
        for path in sorted((PROJECT / "models" / layer).rglob("*.yml"))
        if path.name != "exposures.yml" and path.stem not in slices
    ]
    untested = [path.stem for path in computing if not yaml.safe_load(path.read_text()).get("unit_tests")]
    assert untested == []


def test_exposures_read_marts_only() -> None:
    exposures = yaml.safe_load((PROJECT / "models/marts/exposures.yml").read_text())["exposures"]
    marts = {path.stem for path in (PROJECT / "models/marts").rglob("*.sql")}
    for exposure in exposures:
        assert {ref.split("'")[1] for ref in exposure["depends_on"]} <= marts
