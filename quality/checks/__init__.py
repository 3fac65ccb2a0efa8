"""Dagster face of quality: the gates with what they read and leave, and the checks that enforce them.

Not here: judging anything.
"""

import dagster as dg

from assets.kernel.defs import PlanDates
from quality.checks import asset_checks, gates


def build(plan_dates: PlanDates) -> list[dg.AssetsDefinition | dg.AssetChecksDefinition]:
    """Return the gates, what they read and leave, and the checks that show and enforce them."""
    return [*gates.build(plan_dates), *asset_checks.build(plan_dates)]
