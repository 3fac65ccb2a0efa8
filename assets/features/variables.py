"""What dbt is told of a plan: its date, its cutoff, its bucket and the feature definitions."""

from __future__ import annotations

import datetime as dt
from typing import Any

from assets.features.feature_set import FeatureSet
from assets.kernel.calendar import AsKnown
from assets.kernel.network import NetworkProfile


def dbt_vars(
    profile: NetworkProfile, feature_set: FeatureSet, plan_date: dt.date, as_known: AsKnown = AsKnown.THEN
) -> dict[str, Any]:
    """Return the variables of the dbt project for one plan.

    Parameters
    ----------
    profile : NetworkProfile
        Gives the bucket, the time zone and the cutoff.
    feature_set : FeatureSet
        Definitions of the features.
    plan_date : date
        First day of a bucket.
    as_known : AsKnown
        Whether the plan knows what was known then, or knows with hindsight.

    Raises
    ------
    EquipoiseError
        If no bucket starts on the plan date.
    """
    calendar = profile.calendar
    calendar.require_plan_date(plan_date)
    return {
        "plan_date": plan_date.isoformat(),
        "cutoff": f"{calendar.cutoff(plan_date, as_known):%Y-%m-%d %H:%M:%S}",
        "bucket": str(profile.bucket),
        "timezone": profile.timezone,
        **feature_set.dbt_vars(profile.bucket),
    }
