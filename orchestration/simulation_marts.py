"""The dbt project's models as plain SQL: compiled once for a date that stands for any, made for one in memory.

Not here: dbt as the graph runs it (``assets.features``).
"""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from assets.features.registry import FeatureRegistry
from assets.features.variables import dbt_vars
from assets.kernel.errors import EquipoiseError
from assets.kernel.home import NetworkHome
from assets.kernel.network import NetworkProfile
from orchestration.dbt import PROJECT_DIRECTORY, dbt_environment, project_hash

ANY_DATE = dt.date(1971, 2, 3)
"""Stands for the plan date in compiled SQL."""
ANY_CUTOFF = "1971-02-03 04:05:06"


@dataclass(frozen=True)
class Model:
    """One model of the dbt project, compiled.

    Attributes
    ----------
    schema, name : str
        Where it stands.
    is_view : bool
        Whether it is a view.
    sql : str
        With ``ANY_DATE`` and ``ANY_CUTOFF`` in it.
    """

    schema: str
    name: str
    is_view: bool
    sql: str

    def statement(self, plan_date: dt.date, cutoff: str) -> str:
        """Return what makes it for a plan date."""
        text = self.sql.replace(ANY_CUTOFF, cutoff).replace(ANY_DATE.isoformat(), plan_date.isoformat())
        kind = "view" if self.is_view else "table"
        return f'create or replace {kind} "{self.schema}"."{self.name}" as {text}'


def compiled_models(profile: NetworkProfile, features: FeatureRegistry) -> tuple[Model, ...]:
    """Return the models of the project in the order in which they are made, as a full rebuild has them.

    Raises
    ------
    EquipoiseError
        If the project does not compile.
    """
    told = dbt_vars(profile, features.active(), ANY_DATE) | {"cutoff": ANY_CUTOFF}
    return _compiled(json.dumps(told, sort_keys=True), project_hash())


@cache
def _compiled(variables: str, _project: str) -> tuple[Model, ...]:
    with tempfile.TemporaryDirectory() as folder:
        home = NetworkHome(Path(folder))
        command = [
            sys.executable, "-m", "dbt.cli.main", "--quiet", "compile", "--project-dir", str(PROJECT_DIRECTORY),
            "--profiles-dir", str(PROJECT_DIRECTORY), "--target-path", str(home.dbt_target), "--vars", variables,
        ]  # fmt: skip
        done = subprocess.run(command, env=dbt_environment(home), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise EquipoiseError(
                f"dbt does not compile: {(done.stdout + done.stderr)[-400:]}", where=str(PROJECT_DIRECTORY),
                remedy="Correct the model named above",
            )  # fmt: skip
        manifest = json.loads((home.dbt_target / "manifest.json").read_text())
    models = {name: node for name, node in manifest["nodes"].items() if node["resource_type"] == "model"}
    return tuple(_model(models[name]) for name in _in_order(models))


def _model(node: dict[str, Any]) -> Model:
    return Model(node["schema"], node["alias"], node["config"]["materialized"] == "view", node["compiled_code"])


def _in_order(models: dict[str, dict[str, Any]]) -> list[str]:
    """Return names so that every model stands behind those that it reads."""
    order: list[str] = []

    def visit(name: str) -> None:
        if name in order or name not in models:
            return
        for parent in sorted(models[name]["depends_on"]["nodes"]):
            visit(parent)
        order.append(name)

    for name in sorted(models):
        visit(name)
    return order
