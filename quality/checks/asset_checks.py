"""Verdicts as checks: each table shows what was found in it, and a ``stop`` blocks.

A ``stop`` is a blocking check that runs in a step of its own: the gate's step succeeds and its
alerts are published, the check's step fails, and Dagster skips whatever needs the verdicts. Not
here: the gates.
"""

import warnings
from collections.abc import Iterator, Sequence

import dagster as dg
import pandas as pd

from assets.feeds.contract import contract
from assets.kernel.defs import PlanDates, plan_date_of, shown
from assets.kernel.frames import Frame
from assets.kernel.frames.quality import FORECAST_VERDICTS, PLAN_VERDICTS, VERDICTS
from assets.kernel.published import Published
from quality import pages
from quality.checks.gates import staging_of
from quality.verdicts import judged, stopped, stops

NO_STOP = "no_stop_verdict"
# A verdict does not change by asking again.
_ONCE = dg.RetryPolicy(max_retries=0)
_FORECASTS = (("forecasting", "demand_forecast"), ("inventory", "targets"))
# What verdicts call the table that an asset holds.
_JUDGED_AS = {
    **{dg.AssetKey(staging_of(table)): table.name for table in contract()},
    **{dg.AssetKey(key): key[-1] for key in _FORECASTS},
}


def build(plan_dates: PlanDates) -> list[dg.AssetChecksDefinition]:
    """Return the checks of every gate, a step a gate."""
    return [_feeds_checks(plan_dates), _forecasts_checks(plan_dates), _plan_check(plan_dates)]


def _feeds_checks(plan_dates: PlanDates) -> dg.AssetChecksDefinition:
    gate = dg.AssetKey(["quality", "verdicts"])
    stop = _spec(NO_STOP, gate, plan_dates, "No verdict on the feeds stops the plan.", blocking=True)
    shown_on = [
        _spec(
            "feeds_gate",
            dg.AssetKey(staging_of(table)),
            plan_dates,
            f"No rule of the feeds gate fails for {table.name}.",
            deps=[gate],
        )
        for table in contract()
    ]
    return _step("feeds_gate_checks", VERDICTS, [stop, *shown_on])


def _forecasts_checks(plan_dates: PlanDates) -> dg.AssetChecksDefinition:
    gate = dg.AssetKey(["quality", "forecast_verdicts"])
    described = "No rule of the forecasts gate fails for the table."
    specs = [_spec("forecasts_gate", dg.AssetKey(key), plan_dates, described, deps=[gate]) for key in _FORECASTS]
    return _step("forecasts_gate_checks", FORECAST_VERDICTS, specs)


def _plan_check(plan_dates: PlanDates) -> dg.AssetChecksDefinition:
    gate = dg.AssetKey(["quality", "plan_verdicts"])
    stop = _spec(NO_STOP, gate, plan_dates, "No verdict on the plan stops its orders.", blocking=True)
    return _step("plan_gate_check", PLAN_VERDICTS, [stop])


def _step(name: str, frame: Frame, specs: Sequence[dg.AssetCheckSpec]) -> dg.AssetChecksDefinition:
    """Return a step that reads a gate's verdicts and tells each check what they say of its asset."""

    @dg.multi_asset_check(name=name, specs=specs, can_subset=True, retry_policy=_ONCE)
    def checks_of_gate(
        context: dg.AssetCheckExecutionContext, published: dg.ResourceParam[Published]
    ) -> Iterator[dg.AssetCheckResult]:
        verdicts = judged(published, frame, plan_date_of(context))
        for key in sorted(context.selected_asset_check_keys):
            yield from _checked(key, verdicts)
        _block(context, verdicts)

    return checks_of_gate


def _checked(key: dg.AssetCheckKey, verdicts: pd.DataFrame | None) -> Iterator[dg.AssetCheckResult]:
    """Yield the result of one check; none where the plan date was not judged yet."""
    if verdicts is None:
        return
    feed = _JUDGED_AS.get(key.asset_key)
    here = verdicts if feed is None else verdicts.loc[verdicts["feed"] == feed]
    blocked = stops(here)
    yield dg.AssetCheckResult(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=not blocked if key.name == NO_STOP else bool((here["action"] == "pass").all()),
        severity=dg.AssetCheckSeverity.ERROR if blocked else dg.AssetCheckSeverity.WARN,
        description=pages.told(here),
        metadata=shown(pages.offenders_page(here)),
    )


def _block(context: dg.AssetCheckExecutionContext, verdicts: pd.DataFrame | None) -> None:
    """Fail the step for the verdict that stops the run; Dagster's own error would only name the check."""
    asked = {key.name for key in context.selected_asset_check_keys}
    error = stopped(verdicts) if verdicts is not None and NO_STOP in asked else None
    if error is not None:
        raise error


def _spec(
    name: str,
    asset: dg.AssetKey,
    plan_dates: PlanDates,
    description: str,
    *,
    blocking: bool = False,
    deps: list[dg.AssetKey] | None = None,
) -> dg.AssetCheckSpec:
    with warnings.catch_warnings():
        # Partitioned checks are in preview; without them a backfill would repaint today's check.
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return dg.AssetCheckSpec(
            name,
            asset=asset,
            description=description,
            blocking=blocking,
            additional_deps=deps,
            partitions_def=plan_dates,
        )
