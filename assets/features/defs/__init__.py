"""The Dagster face of the dbt project: staging in one step, features and marts in the next.

Once dbt has let the warehouse go, the marts are published and what dbt told is passed on. Not here:
how dbt runs (``run``), and how its nodes are named (``translator``).
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliResource, DbtProject, dbt_assets

from assets.features import pages
from assets.features.defs.network_dbt import NetworkDbt
from assets.features.defs.run import run_dbt
from assets.features.defs.translator import LayerTranslator
from assets.features.readers import export_marts
from assets.features.registry import FeatureRegistry
from assets.features.variables import dbt_vars
from assets.kernel.calendar import AsKnown
from assets.kernel.defs import IO_MANAGER, PlanDates, plan_date_of
from assets.kernel.home import NetworkHome
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from assets.kernel.warehouse import Warehouse

__all__ = ["NetworkDbt", "build"]

STAGING = "path:models/staging"


def build(plan_dates: PlanDates, dbt_project: DbtProject) -> list[dg.AssetsDefinition]:
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
        "io_manager_key": IO_MANAGER,
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
        done = run_dbt(context, dbt, home, dbt_vars(profile, features.active(), plan_date_of(context), as_known))
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
        plan_date = plan_date_of(context)
        done = run_dbt(context, dbt, home, dbt_vars(profile, features.active(), plan_date, as_known))
        cutoff = profile.calendar.cutoff(plan_date, as_known)
        with warehouse.connect() as connection:
            publications = export_marts(connection, published, plan_date, context.run.run_id, cutoff, done.marts)
        yield from done.told(warehouse, pages.published_pages(published, publications))

    return [staging_models, feature_models]
