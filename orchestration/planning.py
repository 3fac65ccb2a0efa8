"""Planning a day in this process: what the command line, tests and the twin call."""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from assets.governance.canary import RegisteredCanary
from assets.kernel.calendar import AsKnown
from assets.kernel.clock import Clock
from assets.kernel.defs import event_log_kept_open
from assets.kernel.errors import EquipoiseError
from assets.kernel.frames.decisions import DOCUMENTS, PLAN_SUMMARY
from assets.kernel.frames.quality import VERDICTS
from assets.kernel.frames.schema import Frame
from assets.kernel.published import Published
from assets.kernel.warehouse import Warehouse
from assets.orders.standing import as_known_of
from assets.orders.store import OrderFilter
from assets.rebalancing.base import Base
from assets.rebalancing.canary import standing_part
from assets.rebalancing.only import Only
from orchestration import alerts, instance, jobs, locks, recalibration, recovery, report, timings
from orchestration.actions import admitted_before
from orchestration.definitions import build_defs
from orchestration.dispatching import before_a_plan
from orchestration.ledger import open_ledger
from orchestration.partitions import plan_dates, require_partition
from orchestration.policies import registry_of
from orchestration.settings import Settings

OnStep = Callable[[str, str, float], None]
"""Called with a step's name, its state (started, done or failed) and its seconds."""

_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
_STATES = {
    dg.DagsterEventType.STEP_START: "started",
    dg.DagsterEventType.STEP_SUCCESS: "done",
    dg.DagsterEventType.STEP_FAILURE: "failed",
}


@dataclass(frozen=True)
class PlanRun:
    """What became of a plan.

    Attributes
    ----------
    run_id : str
        Dagster run.
    plan_date : date
        Plan date.
    success : bool
        Whether every asset was made.
    seconds : float
        Wall time of the run.
    seconds_by_stage : dict
        Seconds by stage, in the order in which they started.
    failed_step, error : str
        First step that failed and why, empty on success.
    summary : list of dict
        The plan and its baselines (frame ``plan_summary``).
    verdicts : dict
        Action to number of verdicts.
    documents : list of dict
        Order documents (frame ``documents``).
    refit_requested : list of str
        Segments whose drift asks the next plan to choose models anew.
    delivered_digest : bool
        Whether the digest went to a channel now.
    delivered_alerts : list of str
        Ids of the alerts that went out now.
    """

    run_id: str
    plan_date: dt.date
    success: bool
    seconds: float
    seconds_by_stage: dict[str, float]
    failed_step: str = ""
    error: str = ""
    summary: list[dict[str, Any]] = field(default_factory=list)
    verdicts: dict[str, int] = field(default_factory=dict)
    documents: list[dict[str, Any]] = field(default_factory=list)
    refit_requested: list[str] = field(default_factory=list)
    delivered_alerts: list[str] = field(default_factory=list)
    delivered_digest: bool = False


def plan_day(
    settings: Settings,
    plan_date: dt.date | None = None,
    *,
    as_known: AsKnown = AsKnown.THEN,
    only: Collection[str] = (),
    run_tags: dict[str, str] | None = None,
    on_step: OnStep | None = None,
) -> PlanRun:
    """Plan one date of the active network, from raw feeds to order documents.

    With ``only``, feeds, forecasts and targets are made anew for all, as they are known by now, and
    the items touched are planned again on top of the plan that stands.

    Parameters
    ----------
    settings : Settings
        The installation.
    plan_date : date, optional
        The clock's plan date if not given.
    as_known : AsKnown
        As it was known then, or with hindsight.
    only : collection of str
        ``item=ID`` or ``site=ID`` each; everything if empty.
    run_tags : dict, optional
        Further tags of the run.
    on_step : callable, optional
        Told when a step starts and ends.

    Raises
    ------
    EquipoiseError
        If the date cannot be planned, if the ledger does not answer, if another process is writing, or
        if ``only`` is asked of a date that is not planned, or names what its plan does not know.
    """
    home = settings.network_home()
    profile = home.profile
    plan_date = profile.calendar.require_plan_date(plan_date or profile.calendar.start_of_bucket(profile.clock.today()))
    require_partition(plan_dates(profile), plan_date.isoformat(), f"network {profile.name}")
    _reach_ledger(settings, profile.clock)
    tags = {"equipoise/as_known": as_known.value, "equipoise/trigger": "command", **(run_tags or {})}
    with locks.hold(home.locks / locks.WRITER, f"equipoise plan {plan_date}"):
        with closing(open_ledger(settings, profile.clock)) as store:
            before_a_plan(settings, store, profile.clock, plan_date)
        if only:
            _require_base(settings, plan_date, only, as_known)
        run_id, stages = execute(settings, plan_date, tags, on_step, only=only, as_known=as_known)
    return _outcome(settings, plan_date, run_id, stages)


def _reach_ledger(settings: Settings, clock: Clock) -> None:
    """Ask the ledger for nothing: that it does not answer is said now and not after the last stage."""
    with closing(open_ledger(settings, clock)) as store:
        store.orders(OrderFilter(order_ids=("none",)))


def _require_base(settings: Settings, plan_date: dt.date, only: Collection[str], as_known: AsKnown) -> None:
    """Raise if a part cannot be planned on top of the plan that stands: said now and not after the forecasts."""
    home = settings.network_home()
    published = Published(home.published)
    base = Base.of(published, plan_date)
    base.items_at(only)
    with closing(open_ledger(settings, home.profile.clock)) as store:
        policies = registry_of(home, store)
        base.require_release(policies.active().version)
        standing_part(base, published, RegisteredCanary(policies, published))
    known = as_known_of(published, plan_date, base.run_id)
    if known != as_known.value:
        raise EquipoiseError(
            f"it was decided as known {known or 'otherwise'}, not {as_known.value}",
            where=f"plan of {plan_date}",
            remedy=f"Say --as-known {known}" if known else "Plan the whole date",
        )


def execute(
    settings: Settings,
    plan_date: dt.date,
    tags: dict[str, str],
    on_step: OnStep | None,
    *,
    only: Collection[str] = (),
    **overrides: Any,
) -> tuple[str, dict[str, str]]:
    """Run the planning job in this process, which must hold the writer lock.

    Returns
    -------
    run_id : str
        The run.
    stages : dict
        Step to stage.
    """
    with instance.opened(settings) as store:
        return execute_in(store, settings, plan_date, tags, on_step, only=only, **overrides)


def execute_in(
    store: dg.DagsterInstance,
    settings: Settings,
    plan_date: dt.date,
    tags: dict[str, str],
    on_step: OnStep | None,
    *,
    only: Collection[str] = (),
    **overrides: Any,
) -> tuple[str, dict[str, str]]:
    """Run the planning job on a record of runs that is open; see ``execute``."""
    home = settings.network_home()
    overrides.setdefault("warehouse", Warehouse(home.warehouse))
    overrides.setdefault("admit", admitted_before)
    overrides.setdefault("only", Only(tuple(only)))
    run_id = str(uuid.uuid4())
    with recovery.alive(home.locks, run_id):
        recovery.release_dead_runs(store, home.locks, except_run=run_id)
        # Inside, because Dagster looks into the instance that is open while it resolves a job.
        definitions = build_defs(settings, **overrides)
        job = definitions.resolve_job_def(jobs.PLAN_DAY)
        stages = timings.stage_of_step(definitions.assets or (), _checks(definitions))
        with event_log_kept_open(store, run_id), _reported(store, run_id, on_step):
            job.execute_in_process(
                instance=store,
                partition_key=plan_date.isoformat(),
                run_id=run_id,
                run_config=_QUIET,
                tags=tags,
                raise_on_error=False,
            )
        timings.note(store, run_id, stages)
    return run_id, stages


def _checks(definitions: dg.Definitions) -> list[dg.AssetChecksDefinition]:
    return [check for check in definitions.asset_checks or () if isinstance(check, dg.AssetChecksDefinition)]


@contextmanager
def _reported(store: dg.DagsterInstance, run_id: str, on_step: OnStep | None) -> Iterator[None]:
    """Tell ``on_step`` of the run's steps while the block runs."""
    started: dict[str, float] = {}

    def tell(entry: Any) -> None:
        event = entry.dagster_event
        state = _STATES.get(event.event_type) if event else None
        if state is None or on_step is None or event.step_key is None:
            return
        started.setdefault(event.step_key, time.monotonic())
        on_step(event.step_key, state, time.monotonic() - started[event.step_key])

    store.add_event_listener(run_id, tell)
    yield


def _outcome(settings: Settings, plan_date: dt.date, run_id: str, stages: dict[str, str]) -> PlanRun:
    home = settings.network_home()
    published = Published(home.published)
    with instance.opened(settings) as store:
        run = store.get_run_by_id(run_id)
        stats = store.get_run_stats(run_id)
        seconds = timings.seconds_by_stage(store, run_id, stages)
        failed_step, error = first_failure(store, run_id)
    made = {frame.name: _records(published, frame, plan_date, run_id) for frame in (PLAN_SUMMARY, VERDICTS, DOCUMENTS)}
    verdicts: dict[str, int] = {}
    for verdict in made[VERDICTS.name]:
        verdicts[verdict["action"]] = verdicts.get(verdict["action"], 0) + 1
    return PlanRun(
        run_id=run_id,
        plan_date=plan_date,
        success=run is not None and run.status is dg.DagsterRunStatus.SUCCESS,
        seconds=round((stats.end_time or 0.0) - (stats.start_time or 0.0), 2),
        seconds_by_stage=seconds,
        failed_step=failed_step,
        error=error,
        summary=made[PLAN_SUMMARY.name],
        verdicts=verdicts,
        documents=made[DOCUMENTS.name],
        refit_requested=recalibration.request_refits(home, plan_date),
        delivered_alerts=alerts.deliver(settings, plan_date),
        delivered_digest=report.deliver_digest(settings, plan_date),
    )


def _records(published: Published, frame: Frame, plan_date: dt.date, run_id: str) -> list[dict[str, Any]]:
    """Return what this run published of a table; nothing if it did not come so far."""
    latest = published.latest(frame.name, plan_date)
    if latest is None or latest.run_id != run_id:
        return []
    return [{str(k): v for k, v in row.items()} for row in published.read(frame, plan_date).to_dict("records")]


def first_failure(store: dg.DagsterInstance, run_id: str) -> tuple[str, str]:
    """Return the step that failed first and why, in one line."""
    for entry in store.all_logs(run_id, of_type=dg.DagsterEventType.STEP_FAILURE):
        error = _told(entry.dagster_event.step_failure_data.error)
        return entry.dagster_event.step_key or "", " ".join(error.message.split()) if error else "unknown"
    return "", ""


def _told(error: Any) -> Any:
    """Return the error with a remedy in a chain of causes, else the innermost one."""
    while error is not None and error.cause is not None and error.cls_name != EquipoiseError.__name__:
        error = error.cause
    return error
