"""The graph explains itself: every asset has a description, a group, an owner, a kind, a partition."""

import ast
from pathlib import Path

import dagster as dg
import pytest

from orchestration.definitions import build_defs
from orchestration.settings import Settings
from orchestration.stages import DISPATCH, STAGES

ROOT = Path(__file__).parents[2]
LONGEST_ASSET_BODY = 12


@pytest.fixture(scope="module")
def specs(planned_settings: Settings) -> list[dg.AssetSpec]:
    return list(build_defs(planned_settings).resolve_all_asset_specs())


def executable(specs: list[dg.AssetSpec]) -> list[dg.AssetSpec]:
    """Return what a plan makes: not the documents' own asset, and not what leaves, which is of no plan date."""
    return [spec for spec in specs if spec.key != dg.AssetKey(["orders", "order"]) and spec.group_name != DISPATCH]


def test_every_asset_is_described_grouped_owned_and_has_a_kind(specs: list[dg.AssetSpec]) -> None:
    faults = [
        f"{spec.key.to_user_string()}: {what}"
        for spec in specs
        for what, present in {
            "description": spec.description,
            "group": spec.group_name in STAGES,
            "owner": spec.owners,
            "kind": spec.kinds,
        }.items()
        if not present
    ]
    assert faults == []


def test_every_stage_has_assets(specs: list[dg.AssetSpec]) -> None:
    assert {spec.group_name for spec in specs} == set(STAGES)


def test_the_whole_chain_is_partitioned_by_plan_date(specs: list[dg.AssetSpec]) -> None:
    loose = [
        spec.key.to_user_string()
        for spec in executable(specs)
        if not isinstance(spec.partitions_def, dg.TimeWindowPartitionsDefinition)
    ]
    assert loose == []


def test_asset_bodies_are_short() -> None:
    packages = [*(ROOT / "assets").glob("*/defs"), ROOT / "quality" / "checks"]
    faces = [*(ROOT / "assets").glob("*/defs.py"), *(path for package in packages for path in package.glob("*.py"))]
    fat = []
    for path in faces:
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.FunctionDef):
                continue
            if not any("asset" in ast.unparse(decorator) for decorator in node.decorator_list):
                continue
            body = [s for s in node.body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
            lines = (body[-1].end_lineno or 0) - body[0].lineno + 1
            if lines > LONGEST_ASSET_BODY:
                fat.append(f"{path.parent.name}.{node.name}: {lines} lines")
    assert fat == []
