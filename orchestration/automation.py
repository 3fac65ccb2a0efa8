"""Rules that hold for all assets, mapped over them once: retries, freshness, code links, tags."""

from __future__ import annotations

import datetime as dt

import dagster as dg

from assets.kernel.network import NetworkProfile

# One more try mends a passing fault (a file being replaced, a database restarting); what is
# wrong in the data is wrong again.
RETRY = dg.RetryPolicy(max_retries=1, delay=1)

_GRACE = dt.timedelta(hours=6)


def apply(definitions: dg.Definitions, profile: NetworkProfile) -> dg.Definitions:
    """Return ``definitions`` with freshness, tags and links to the source on every asset.

    A live network's table is late when a bucket and six hours have passed without a new one. A
    declared network stands still, so its tables never age.
    """
    linked = definitions.map_asset_specs(func=lambda spec: spec.merge_attributes(tags={"network": profile.name}))
    if profile.declared_date is not None:
        return linked
    policy = dg.FreshnessPolicy.time_window(
        fail_window=dt.timedelta(days=profile.bucket.days) + _GRACE,
        warn_window=dt.timedelta(days=profile.bucket.days),
    )
    return linked.map_asset_specs(func=lambda spec: dg.apply_freshness_policy(spec, policy))
