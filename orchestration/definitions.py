"""The composition root: every stage's assets, handed their resources, with the jobs and sensors."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

import dagster as dg
from dagster_dbt import DbtProject

from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from orchestration import automation, jobs, schedules, sensors, timings
from orchestration.actions import Admit, Doorkeeper, guarded
from orchestration.dbt import parsed_project
from orchestration.partitions import plan_dates
from orchestration.resources import build_resources
from orchestration.retries import retried
from orchestration.settings import Settings, read_settings
from orchestration.stages import STAGES
from orchestration.tracing import traced, tracer_of
from orchestration.veil import veiled


def build_defs(settings: Settings, **overrides: Any) -> dg.Definitions:
    """Return the whole graph of the active network.

    Parameters
    ----------
    settings : Settings
        The installation.
    **overrides
        Resources to use instead, by name; tests and the command line pass theirs. ``admit`` says who may run a step.

    Raises
    ------
    EquipoiseError
        If there is no network, or if the dbt project does not parse.
    """
    home = settings.network_home()
    profile = home.profile
    project = parsed_project(home)
    admit: Admit | None = overrides.pop("admit", None)
    partitions = plan_dates(profile)
    assets, checks = build_assets(profile, partitions, project)
    plan_job = jobs.plan_day()
    ingest_job = jobs.ingest(raw_tables(assets))
    dispatch_job = jobs.dispatch_orders()
    stages = timings.stage_of_step(assets, checks)
    published = Published(home.published)
    resources = build_resources(settings, project, **overrides)
    door, tracer = Doorkeeper(home, resources["orders"], profile.clock), tracer_of(settings)
    for step in (*assets, *checks):
        traced(veiled(guarded(step, admit or door), resources["veil"]), tracer, stages)
    return dg.Definitions(
        assets=assets,
        asset_checks=checks,
        resources=resources,
        jobs=[plan_job, ingest_job, dispatch_job],
        schedules=[schedules.nightly(settings, profile, published, plan_job)],
        sensors=[
            sensors.landing(home, profile, plan_job, ingest_job),
            sensors.dispatch(profile, resources["orders"], dispatch_job, door.refusal),
            sensors.dead_runs(home),
            *sensors.after_a_run(settings, stages),
        ],
        executor=dg.in_process_executor,
    )


def build_assets(
    profile: NetworkProfile, partitions: dg.PartitionsDefinition, project: DbtProject
) -> tuple[list[Any], list[dg.AssetChecksDefinition]]:
    """Return the assets and the checks that every stage's module builds, in the stages' order."""
    offered = {"plan_dates": partitions, "dbt_project": project}
    built: list[Any] = []
    for module in dict.fromkeys(STAGES.values()):
        build = importlib.import_module(module).build
        wanted = inspect.signature(build).parameters
        built += build(**{name: value for name, value in offered.items() if name in wanted})
    checks = [retried(asset) for asset in built if isinstance(asset, dg.AssetChecksDefinition)]
    return automation.apply([asset for asset in built if asset not in checks], profile), checks


def raw_tables(assets: list[Any]) -> list[dg.AssetKey]:
    """Return the keys of the tables that take feeds in."""
    keys = [key for asset in assets if isinstance(asset, dg.AssetsDefinition) for key in asset.keys]
    return sorted(key for key in keys if key.path[0] == "raw" and key.path[1] not in {"batches", "state"})


def definitions() -> dg.Definitions:
    """Return the graph for Dagster's own tools, with settings from the environment."""
    return build_defs(read_settings())
