"""What a run's stages cost: seconds by asset group, from the run's own events."""

from __future__ import annotations

from collections.abc import Iterable

import dagster as dg

TAG = "equipoise.seconds"
OTHER = "other"


def stage_of_step(assets: Iterable[object], checks: Iterable[dg.AssetChecksDefinition]) -> dict[str, str]:
    """Return the asset group that each step works for; checks work for the group of the first asset they judge."""
    computed = [asset for asset in assets if isinstance(asset, dg.AssetsDefinition) and asset.is_executable]
    groups = {spec.key: spec.group_name or OTHER for asset in computed for spec in asset.specs}
    stages = {asset.node_def.name: groups[min(asset.keys)] for asset in computed}
    judged = {check.node_def.name: min(key.asset_key for key in check.check_keys) for check in checks}
    return stages | {step: groups.get(key, OTHER) for step, key in judged.items()}


def seconds_by_stage(instance: dg.DagsterInstance, run_id: str, stages: dict[str, str]) -> dict[str, float]:
    """Return seconds by stage, in the order in which the stages started."""
    stats = instance.get_run_step_stats(run_id)
    timed = [s for s in stats if s.start_time is not None and s.end_time is not None]
    totals: dict[str, float] = {}
    for step in sorted(timed, key=lambda s: (s.start_time or 0.0, s.step_key)):
        stage = stages.get(step.step_key, OTHER)
        totals[stage] = totals.get(stage, 0.0) + (step.end_time or 0.0) - (step.start_time or 0.0)
    return {stage: round(spent, 2) for stage, spent in totals.items()}


def note(instance: dg.DagsterInstance, run_id: str, stages: dict[str, str]) -> dict[str, float]:
    """Keep the seconds of a run's stages as its tags, where the UI shows them, and return them."""
    spent = seconds_by_stage(instance, run_id, stages)
    instance.add_run_tags(run_id, {f"{TAG}/{stage}": f"{value:.2f}" for stage, value in spent.items()})
    return spent
