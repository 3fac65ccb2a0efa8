"""A dbt process from its start to what it told: events with row counts, digests, lineage and offenders.

dbt runs as a process of its own and this one holds no connection meanwhile.
"""

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import dagster as dg
import pandas as pd
from dagster_dbt import DbtCliInvocation, DbtCliResource
from dagster_dbt.errors import DagsterDbtCliRuntimeError

from assets.features import pages
from assets.features.lineage import ColumnLineage, column_lineage
from assets.kernel.defs import shown, table
from assets.kernel.errors import EquipoiseError
from assets.kernel.frames import Frame
from assets.kernel.frames.marts import MARTS
from assets.kernel.frames.reports import REPORTS
from assets.kernel.home import NetworkHome
from assets.kernel.page import Page, Record
from assets.kernel.warehouse import Warehouse


@dataclass(frozen=True)
class DbtRun:
    """A dbt process that has ended.

    Attributes
    ----------
    events : list
        Dagster events, in the order dbt told them.
    invocation : DbtCliInvocation
        The process, its manifest and its artefacts.
    failed : bool
        Whether dbt gave up on something.
    """

    events: list[Any]
    invocation: DbtCliInvocation
    failed: bool

    @property
    def marts(self) -> tuple[Frame, ...]:
        """Marts and reports that this process built; none if it failed, so that nothing half made is published."""
        built = {self._node(event)["name"] for event in self.events if isinstance(event, dg.Output)}
        return () if self.failed else tuple(frame for frame in (*MARTS, *REPORTS) if frame.name in built)

    def told(self, warehouse: Warehouse, pages_of: Mapping[str, Page]) -> Iterator[Any]:
        """Yield the events with what their pages show, then fail if dbt did.

        Raises
        ------
        EquipoiseError
            If dbt failed, with the first thing it failed at.
        """
        lineage = column_lineage(self.invocation.manifest, self._compiled)
        found = self._offenders(warehouse)
        for event in self.events:
            if isinstance(event, dg.Output):
                node = self._node(event)
                extra = {**shown(pages_of.get(node["name"], {})), **self._lineage(lineage.get(node["unique_id"], {}))}
                yield event.with_metadata({**event.metadata, **extra})
            elif isinstance(event, dg.AssetCheckResult):
                rows = found.get(str(event.metadata["unique_id"].value))
                yield event.with_metadata({**event.metadata, "offenders": table(rows)}) if rows is not None else event
            else:
                yield event
        if self.failed:
            raise self._fault()

    @property
    def _compiled(self) -> Path:
        project = str(self.invocation.manifest["metadata"]["project_name"])
        return self.invocation.target_path / "compiled" / project

    def _node(self, event: dg.Output[Any]) -> dict[str, Any]:
        return cast(dict[str, Any], self.invocation.manifest["nodes"][str(event.metadata["unique_id"].value)])

    def _offenders(self, warehouse: Warehouse) -> dict[str, pd.DataFrame]:
        checks = [event for event in self.events if isinstance(event, dg.AssetCheckResult)]
        if all(check.passed for check in checks):
            return {}
        with warehouse.connect() as connection:
            return pages.offenders(connection, self.invocation.get_artifact("run_results.json"))

    def _lineage(self, columns: ColumnLineage) -> dict[str, Any]:
        """Return the lineage for Dagster, and as a table: its open-source pages show no column lineage."""
        if not columns:
            return {}
        deps = {
            column: [
                dg.TableColumnDep(asset_key=key, column_name=name)
                for key, name in ((self._key(parent), name) for parent, name in leaves)
                if key is not None
            ]
            for column, leaves in columns.items()
        }
        rows: list[Record] = [
            {"column": column, "comes_from": ", ".join(f"{d.asset_key.to_user_string()}.{d.column_name}" for d in some)}
            for column, some in deps.items()
        ]
        return {"dagster/column_lineage": dg.TableColumnLineage(deps_by_column=deps), "column_lineage": table(rows)}

    def _key(self, unique_id: str) -> dg.AssetKey | None:
        """Return the asset that is this table; none for one that another asset fills beside its own."""
        manifest = self.invocation.manifest
        properties = manifest["sources"].get(unique_id) or manifest["nodes"][unique_id]
        key = self.invocation.dagster_dbt_translator.get_asset_key(properties)
        return key if key.path[-1] == properties.get("identifier", properties["name"]) else None

    def _fault(self) -> EquipoiseError:
        log = self.invocation.target_path / "dbt.log"
        return EquipoiseError(
            pages.first_failure(self.invocation.target_path / "run_results.json"),
            where="dbt",
            remedy=f"Read {log}, correct what it names and plan again",
        )


def run_dbt(
    context: dg.AssetExecutionContext, dbt: DbtCliResource, home: NetworkHome, variables: Mapping[str, Any]
) -> DbtRun:
    """Run ``dbt build`` for the step's models and their data tests, and wait for its end.

    Unit tests are about the models, not about the day's data: the test suite runs them.
    """
    arguments = ["build", "--exclude-resource-type", "unit_test", "--vars", json.dumps(variables, sort_keys=True)]
    events: list[Any] = []
    failed = False
    # One folder for all runs: the second step finds the first one's parsed project there.
    target = (home.dbt_target / "run").resolve()
    (target / "run_results.json").unlink(missing_ok=True)
    with _environment(home):
        invocation = dbt.cli(arguments, context=context.op_execution_context, target_path=target)
        try:
            events.extend(invocation.stream())
        except DagsterDbtCliRuntimeError:
            failed = True
    return DbtRun(events, invocation, failed)


@contextlib.contextmanager
def _environment(home: NetworkHome) -> Iterator[None]:
    """Set for the dbt process what the profile reads; dagster-dbt hands on its own environment."""
    wanted = {"EQUIPOISE_WAREHOUSE": str(home.warehouse.resolve())}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
