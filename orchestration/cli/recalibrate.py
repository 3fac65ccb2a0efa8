"""`equipoise models recalibrate`: what a refit would change, shown before it acts; approved or rejected.

Not here: what drift asks for (``orchestration.recalibration``), the comparison (``assets.forecasting.recalibrate``),
or the refit itself, which the next plan makes on its own data.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from assets.kernel.calendar import AsKnown
from assets.kernel.errors import EquipoiseError
from assets.kernel.telling import Record, plain
from assets.policy.access import Permission, require
from orchestration.cli.acting import By, acting
from orchestration.cli.command import command
from orchestration.cli.console import Output, significant, table

if TYPE_CHECKING:
    import pandas as pd

    from assets.forecasting.forecast import DemandForecast
    from assets.forecasting.registry.log import ModelLog
    from assets.forecasting.registry.records import RefitApproved, RefitRejected, Used
    from assets.forecasting.registry.registry import ModelRegistry
    from assets.kernel.home import NetworkHome
    from assets.kernel.published import Published
    from assets.policy.release import Release
    from orchestration.access import Access

COMMAND = "equipoise models recalibrate"
Segment = Annotated[str | None, typer.Option("--segment", metavar="S", help="Demand segment; all if not given.")]
Approve = Annotated[bool, typer.Option("--approve", help="Let the next plan refit, as drift asked.")]
Reject = Annotated[bool, typer.Option("--reject", help="End what drift asked for, without a refit.")]
Why = Annotated[
    str | None, typer.Option("--reason", help="Why; of a rejection one word of a closed list, which a wrong one lists.")
]


@command(needs=Permission.READ_ORDERS)
def recalibrate(
    out: Output, segment: Segment = None, approve: Approve = False, reject: Reject = False,
    reason: Why = None, by: By = None,
) -> None:  # fmt: skip
    """Show what choosing models anew would change, by segment; or approve or reject what drift asks for.

    Showing records nothing: models are chosen anew on the tables of the latest plan date.
    """
    if not (approve or reject):
        _require_nothing_said(reason, by)
        found = preview(out, segment)
        out.answer(found, lambda console: _show(console, found))
        return
    require(out.access.identity, Permission.PROMOTE_RELEASE)
    acts = plain([act.model_dump() for act in _act(out, segment, approve, reject, reason, by)])
    out.answer({"acts": acts}, lambda console: _show_acts(console, acts))


def waiting_refits(access: Access) -> list[Record]:
    """Return what drift asked for that waits for a person under the release in force."""
    from assets.forecasting.registry.registry import ModelRegistry
    from assets.forecasting.registry.waiting import waiting_now
    from orchestration.policies import registry_of

    log = ModelRegistry(access.home.root).log()
    # Most networks wait for nothing, and need no release to say so.
    asked = waiting_now(log, "on_approval")
    if not asked or registry_of(access.home, access.store).active().forecast.recalibration == "at_once":
        return []
    return [
        {"asked_for": one.asked_for.isoformat(), "segments": [*one.waits], "why": one.why, "command": COMMAND}
        for one in asked
    ]


def preview(out: Output, segment: str | None) -> Record:
    """Return what a refit on the latest plan date's tables would change, and what waits.

    Raises
    ------
    EquipoiseError
        If nothing was planned, if the latest plan knew what came later, or if no such segment is forecast.
    """
    from assets.forecasting.recalibrate import changes, total
    from assets.forecasting.registry.registry import ModelRegistry
    from assets.forecasting.registry.waiting import due_next
    from assets.kernel.frames.forecasts import DEMAND_FORECAST
    from assets.kernel.frames.marts import DIM_ITEM
    from assets.kernel.published import Published
    from orchestration.policies import registry_of

    home = out.access.home
    published, registry = Published(home.published), ModelRegistry(home.root)
    release = registry_of(home, out.access.store).active()
    latest = _latest(registry.log(), published, registry)
    forecast = published.read(DEMAND_FORECAST, latest.plan_date)
    _require_segment(segment, forecast)
    with out.working(f"Choosing models anew on the plan of {latest.plan_date}"):
        refitted = _refitted(published, registry, home, release, latest)
    items = published.part(DIM_ITEM, latest.plan_date, ["item_id", "unit_cost"])
    found = changes(
        forecast, registry.selection(latest.version), refitted, DIM_ITEM.empty() if items is None else items
    )
    kept = [change for change in found if segment in (None, change.segment)]
    waits = waiting_refits(out.access)
    told: Record = plain({
        "plan_date": latest.plan_date, "selection": latest.version, "policy_release": release.version,
        "recalibration": release.forecast.recalibration, "currency": home.profile.currency,
        "horizon_buckets": home.profile.horizon_buckets, "segments": [asdict(change) for change in kept],
        "total": {"now": asdict(total(one.now for one in kept)), "after": asdict(total(one.after for one in kept))},
        "next_plan": [one.told for one in due_next(registry.log(), release.forecast.recalibration)],
        "waiting": [one for one in waits if segment is None or segment in one["segments"]],
    })  # fmt: skip
    return told


def _refitted(
    published: Published, registry: ModelRegistry, home: NetworkHome, release: Release, latest: Used
) -> DemandForecast:
    """Return the latest plan date's forecast with champions challenged, as its plan would make it."""
    from assets.forecasting.forecast import forecast_demand
    from assets.forecasting.registry.prescribed import Prescribed
    from assets.kernel.frames.marts import DIM_EVENT, DIM_ITEM, DIM_ITEM_SITE, DIM_SITE, FCT_DEMAND, FEAT_ITEM_SITE

    day, log = latest.plan_date, registry.log()
    following = day + dt.timedelta(days=1)
    stands = log.standing(following, latest.terms)
    demand, features, events, items, sites, settings = (
        published.read(frame, day)
        for frame in (FCT_DEMAND, FEAT_ITEM_SITE, DIM_EVENT, DIM_ITEM, DIM_SITE, DIM_ITEM_SITE)
    )
    return forecast_demand(
        demand, features, release, home.profile.calendar, day, home.profile.horizon_buckets,
        events=events, items=items, sites=sites, settings=settings,
        models=Prescribed(
            standing=registry.selection(stands.entry.version if stands else latest.version),
            pins=log.pins(following, latest.terms), promotion_margin=release.forecast.promotion_margin,
        ),
    )  # fmt: skip


def _latest(log: ModelLog, published: Published, registry: ModelRegistry) -> Used:
    from assets.kernel.frames.forecasts import DEMAND_FORECAST
    from assets.orders.standing import as_known_of

    latest = log.latest_use(AsKnown.THEN)
    made = published.latest(DEMAND_FORECAST.name, latest.plan_date) if latest else None
    if latest is None or made is None:
        raise EquipoiseError(
            "no plan has used a model yet", where=str(registry.folder), remedy="Run `equipoise plan` first"
        )
    if as_known_of(published, latest.plan_date, made.run_id) == AsKnown.NOW:
        raise EquipoiseError(
            "the last plan of the date knew what came later", where=f"plan of {latest.plan_date}",
            remedy=f"Run `equipoise plan --date {latest.plan_date}`",
        )  # fmt: skip
    return latest


def _act(
    out: Output, segment: str | None, approve: bool, reject: bool, reason: str | None, by: str | None
) -> list[RefitApproved] | list[RefitRejected]:
    from assets.forecasting.registry.acts import approve_refits, reject_refits
    from assets.forecasting.registry.registry import ModelRegistry

    if approve and reject:
        raise EquipoiseError("it is approved or rejected, not both", where="--approve --reject", remedy="Give one")
    if not reason or not reason.strip():
        raise EquipoiseError("nobody decides without a reason", where="--reason", remedy="Add --reason WHY")
    person, registry = acting(out, by), ModelRegistry(out.access.home.root)
    if approve:
        return [*registry.decide_all(lambda one: approve_refits(one, segment, person, reason))]
    return [*registry.decide_all(lambda one: reject_refits(one, segment, person, reason))]


def _require_nothing_said(reason: str | None, by: str | None) -> None:
    for option, said in (("--reason", reason), ("--by", by)):
        if said is not None:
            raise EquipoiseError(
                "showing a change needs neither reason nor name", where=option, remedy="Add --approve or --reject"
            )


def _require_segment(segment: str | None, forecast: pd.DataFrame) -> None:
    known = sorted(set(forecast["demand_segment"]))
    if segment is not None and segment not in known:
        raise EquipoiseError(
            f"nothing of segment {segment} is forecast", where="--segment", remedy=f"Use one of {', '.join(known)}"
        )


def _show(console: Console, found: Record) -> None:
    currency = found["currency"]
    heads = ["segment", "series", "champion", "loss", "mean times", "expected units", "decision units"]
    rows = [
        [
            one["segment"], str(one["series"]), _moved(one["champion_now"] or "none", one["champion_after"] or "none"),
            _moved(significant(one["loss_now"]), significant(one["loss_after"])),
            _moved(_factor(one["mean_factor_now"]), _factor(one["mean_factor_after"])),
            _units(one, "expected_units"), _units(one, "decision_units"),
        ]
        for one in found["segments"]
    ]  # fmt: skip
    console.print(table(f"If models were chosen anew on the plan of {found['plan_date']}", heads, rows, heads[3:]))
    for one in found["segments"]:
        console.print(f"{one['segment']}: {one['verdict']}", markup=False)
    both = found["total"]
    for name, what in (("expected", "Expected demand"), ("decision", "Demand at the decision levels")):
        units, money = _units(both, f"{name}_units"), _units(both, f"{name}_amount")
        console.print(
            f"{what} over {found['horizon_buckets']} buckets: {units} units, {money} {currency} at unit cost."
        )
    console.print("Nothing was recorded.")
    for told in found["next_plan"]:
        console.print(f"The next plan chooses models anew on its own data: {told}", markup=False, soft_wrap=True)
    for asked in found["waiting"]:
        console.print(
            f"Waits since {asked['asked_for']}: a refit of {', '.join(asked['segments'])} ({asked['why']}); "
            "answer with --approve --reason WHY or --reject --reason WORD.",
            markup=False, soft_wrap=True,
        )  # fmt: skip


def _show_acts(console: Console, acts: list[Record]) -> None:
    for act in acts:
        what = f"The refit of {', '.join(act['segments'])} that was asked for after {act['asked_for']}"
        told = "is approved: the plan of {} makes it." if act["kind"] == "refit_approved" else "is rejected from {} on."
        console.print(f"{what} {told.format(act['since'])}", markup=False, soft_wrap=True)


def _moved(now: str, after: str) -> str:
    return now if now == after else f"{now} -> {after}"


def _units(one: Record, name: str) -> str:
    return _moved(f"{one['now'][name]:,.0f}", f"{one['after'][name]:,.0f}")


def _factor(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
