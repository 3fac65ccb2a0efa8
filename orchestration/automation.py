"""Rules that hold for all assets, mapped over them once: retries, backfills, freshness, tags."""

from __future__ import annotations

import datetime as dt
from typing import Any

import dagster as dg

from assets.kernel.network import NetworkProfile
from orchestration.retries import retried

_GRACE = dt.timedelta(hours=6)


# A slice is made from one plan date's inputs; a run of several dates would mix them.
ONE_DATE_A_RUN = dg.BackfillPolicy.multi_run()


def apply(assets: list[Any], profile: NetworkProfile) -> list[Any]:
    """Return ``assets`` with the network's tag, one date a run, one more try and a freshness policy on every one.

    A live network's table is late when a bucket and six hours have passed without a new one. A
    declared network stands still, so its tables never age.
    """
    single = [_one_date_a_run(retried(asset)) for asset in assets]
    tagged = list(dg.map_asset_specs(lambda spec: spec.merge_attributes(tags={"network": profile.name}), single))
    if profile.declared_date is not None:
        return tagged
    bucket = dt.timedelta(days=profile.bucket.days)
    policy = dg.FreshnessPolicy.time_window(fail_window=bucket + _GRACE, warn_window=bucket)
    return list(dg.map_asset_specs(lambda spec: dg.apply_freshness_policy(spec, policy), tagged))


def _one_date_a_run(asset: Any) -> Any:
    is_computed = isinstance(asset, dg.AssetsDefinition) and asset.is_executable
    return asset.with_attributes(backfill_policy=ONE_DATE_A_RUN) if is_computed else asset
