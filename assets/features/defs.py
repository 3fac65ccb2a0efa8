"""The Dagster face of the dbt project: staging in one step, features and marts in the next.

Each step runs dbt as a process of its own and holds no connection meanwhile. Once dbt has let
the warehouse go, the marts are published and what it told is passed on, with row counts,
digests, column lineage and the offenders of failed tests.
"""

import contextlib
import datetime as dt
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import dagster as dg
from dagster_dbt import (
    DagsterDbtTranslator,
    DagsterDbtTranslatorSettings,
    DbtCliInvocation,
    DbtCliResource,
    DbtProject,
    dbt_assets,
)
from dagster_dbt.errors import DagsterDbtCliRuntimeError
from packaging.version import Version

from assets.features import pages
from assets.features.lineage import ColumnLineage, column_lineage
from assets.features.readers import export_marts
from assets.features.registry import FeatureRegistry
from assets.features.variables import dbt_vars
from assets.kernel.calendar import AsKnown
from assets.kernel.errors import EquipoiseError
from assets.kernel.frames import Frame
from assets.kernel.frames.marts import MARTS
from assets.kernel.home import NetworkHome
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from assets.kernel.warehouse import Warehouse

STAGING = "path:models/staging"


class NetworkDbt(DbtCliResource):
    """dbt as this project runs it.

    Unlike its base it takes dbt from the environment that Python runs in, reads dbt's version
    from the package instead of asking a process (two seconds a step), and opens no adapter in
    this process: what is shown of a table is read after dbt has ended.
    """

    def __init__(self, project_dir: DbtProject | str | Path, **options: Any) -> None:
        options.setdefault("dbt_executable", str(Path(sys.executable).parent / "dbt"))
        super().__init__(project_dir, **options)

    @property
    def _cli_version(self) -> Version:
        return Version(version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> Any:  # noqa: ARG002
        return None


class LayerTranslator(DagsterDbtTranslator):
    """Names dbt's nodes as the graph does: layer, then table."""

    def __init__(self) -> None:
        super().__init__(DagsterDbtTranslatorSettings(enable_asset_checks=True, enable_source_metadata=False))

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """Return ``raw/<table>`` or ``quality/verdicts`` for a source, ``<layer>/<model>`` for a model."""
        if dbt_resource_props["resource_type"] == "source":
            return dg.AssetKey([dbt_resource_props["schema"], dbt_resource_props["identifier"]])
        return dg.AssetKey([_layer(dbt_resource_props), dbt_resource_props["name"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """Return the stage."""
        return "staging" if _layer(dbt_resource_props) == "staging" else "features"

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> Sequence[str]:
        """Return the team that answers for the feed, or for the model."""
        owner = dbt_resource_props.get("config", {}).get("meta", {}).get("owner", "data")
        return [f"team:{owner}"]

    def get_metadata(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the columns, and for a mart the frame that readers read it as."""
        metadata = dict(super().get_metadata(dbt_resource_props))
        if _layer(dbt_resource_props) == "marts":
            metadata["frame"] = dbt_resource_props["name"]
        return metadata


def build(plan_dates: dg.PartitionsDefinition[str], dbt_project: DbtProject) -> list[dg.AssetsDefinition]:
    """Return the two dbt steps, partitioned by plan date.

    Parameters
    ----------
    plan_dates : PartitionsDefinition
        Plan dates of the network.
    dbt_project : DbtProject
        Project whose manifest has been written.
    """
    shared: dict[str, Any] = {
        "manifest": dbt_project.manifest_path,
        "project": dbt_project,
        "dagster_dbt_translator": LayerTranslator(),
        "partitions_def": plan_dates,
        # A slice is made from one plan date's variables, so that a backfill is one run a date.
        "backfill_policy": dg.BackfillPolicy.multi_run(),
        "io_manager_key": "parquet",
    }

    @dbt_assets(name="staging_models", select=STAGING, **shared)
    def staging_models(
        context: dg.AssetExecutionContext,
        dbt: DbtCliResource,
        home: dg.ResourceParam[NetworkHome],
        profile: dg.ResourceParam[NetworkProfile],
        features: dg.ResourceParam[FeatureRegistry],
        as_known: dg.ResourceParam[AsKnown],
        warehouse: dg.ResourceParam[Warehouse],
    ) -> Iterator[Any]:
        done = run_dbt(context, dbt, home, dbt_vars(profile, features.active(), _plan_date(context), as_known))
        yield from done.told(warehouse, {})

    @dbt_assets(name="feature_models", exclude=STAGING, **shared)
    def feature_models(
        context: dg.AssetExecutionContext,
        dbt: DbtCliResource,
        home: dg.ResourceParam[NetworkHome],
        profile: dg.ResourceParam[NetworkProfile],
        features: dg.ResourceParam[FeatureRegistry],
        as_known: dg.ResourceParam[AsKnown],
        warehouse: dg.ResourceParam[Warehouse],
        published: dg.ResourceParam[Published],
    ) -> Iterator[Any]:
        plan_date = _plan_date(context)
        done = run_dbt(context, dbt, home, dbt_vars(profile, features.active(), plan_date, as_known))
        cutoff = profile.calendar.cutoff(plan_date, as_known)
        with warehouse.connect() as connection:
            publications = export_marts(connection, published, plan_date, context.run.run_id, cutoff, done.marts)
        yield from done.told(warehouse, pages.published_pages(published, publications))

    return [staging_models, feature_models]


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
        """Marts that this process built; none if it failed, so that nothing half made is published."""
        built = {self._node(event)["name"] for event in self.events if isinstance(event, dg.Output)}
        return () if self.failed else tuple(frame for frame in MARTS if frame.name in built)

    def told(self, warehouse: Warehouse, shown: Mapping[str, pages.Page]) -> Iterator[Any]:
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
                extra = {**_page(shown.get(node["name"])), **self._lineage(lineage.get(node["unique_id"], {}))}
                yield event.with_metadata({**event.metadata, **extra})
            elif isinstance(event, dg.AssetCheckResult):
                rows = found.get(str(event.metadata["unique_id"].value))
                yield event.with_metadata({**event.metadata, "offenders": _table(rows)}) if rows else event
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

    def _offenders(self, warehouse: Warehouse) -> dict[str, list[pages.Record]]:
        checks = [event for event in self.events if isinstance(event, dg.AssetCheckResult)]
        if all(check.passed for check in checks):
            return {}
        with warehouse.connect() as connection:
            return pages.offenders(connection, self.invocation.get_artifact("run_results.json"))

    def _lineage(self, columns: ColumnLineage) -> dict[str, Any]:
        translator, manifest = self.invocation.dagster_dbt_translator, self.invocation.manifest
        deps = {
            column: [
                dg.TableColumnDep(
                    asset_key=translator.get_asset_key(manifest["sources"].get(parent) or manifest["nodes"][parent]),
                    column_name=name,
                )
                for parent, name in leaves
            ]
            for column, leaves in columns.items()
        }
        return {"dagster/column_lineage": dg.TableColumnLineage(deps_by_column=deps)} if deps else {}

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


def _page(page: pages.Page | None) -> dict[str, Any]:
    if page is None:
        return {}
    return {"dagster/row_count": page.rows, "digest": page.digest, "preview": _table(page.preview)}


def _table(records: Sequence[pages.Record]) -> dg.TableMetadataValue:
    columns = [dg.TableColumn(name) for name in records[0]] if records else []
    return dg.MetadataValue.table(
        [dg.TableRecord(dict(record)) for record in records], schema=dg.TableSchema(columns=columns)
    )


def _layer(properties: Mapping[str, Any]) -> str:
    return str(properties["schema"])


def _plan_date(context: dg.AssetExecutionContext) -> dt.date:
    return dt.date.fromisoformat(context.partition_key)
