"""Replay: decide a past date again from the recorded inputs and compare every table.

The raw tables are copied into a scratch home, with the models as they were before the date was
planned; everything after them is made again by the same graph. A digest that differs names the
table where the two runs part. Where only some items were planned again, so they are here, on top of
the recorded tables of the run that theirs was on top of: rows of other items are not decided again.
"""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from assets.features.registry import FeatureRegistry
from assets.forecasting.daily import terms_of
from assets.forecasting.registry.records import Terms
from assets.forecasting.registry.registry import ModelRegistry
from assets.kernel.calendar import AsKnown
from assets.kernel.clock import DeclaredClock
from assets.kernel.errors import EquipoiseError
from assets.kernel.frames import Frame, decisions, feeds, forecasts, market, marts, quality, rollout, targets
from assets.kernel.home import NetworkHome
from assets.kernel.network import PROFILE_FILE
from assets.kernel.published import Published, arrow_digest
from assets.kernel.warehouse import Warehouse
from assets.orders.documents import LIVE
from assets.orders.levels_there import TheseLevels
from assets.orders.standing import stopped
from assets.orders.store import MemoryOrderStore
from assets.policy.registry import PolicyRegistry
from assets.rebalancing.announced import Told
from assets.rebalancing.base import SEPARATOR, TABLES
from assets.rebalancing.canaries import Decided, Part
from orchestration import locks, planning
from orchestration.settings import Settings

COMPARED: tuple[Frame, ...] = (
    feeds.FEED_STATE,
    feeds.FEED_BATCHES,
    quality.VERDICTS,
    *marts.MARTS,
    forecasts.LEAD_TIME,
    forecasts.DEMAND_ESTIMATE,
    forecasts.DEMAND_ANOMALIES,
    forecasts.DEMAND_FORECAST,
    forecasts.FORECAST_SCORES,
    forecasts.FORECAST_EFFECTS,
    forecasts.CHAMPIONS,
    forecasts.INTERVAL_CALIBRATION,
    forecasts.HIERARCHY_FORECAST,
    forecasts.COHERENCE,
    targets.PLACEMENT,
    decisions.TARGETS,
    targets.TARGET_SERVICE,
    decisions.PROTECTION_DEMAND,
    quality.FORECAST_VERDICTS,
    decisions.LEVELS_THERE,
    decisions.PLAN_LINES,
    decisions.DECISIONS,
    decisions.PLAN_SUMMARY,
    decisions.PLAN_COSTS,
    decisions.PLAN_FAULTS,
    decisions.ANNOUNCED_LINES,
    market.SHARED_LIMITS,
    market.MARKET_TRANSCRIPT,
    market.COORDINATION_GRAPH,
    rollout.CANARY_ITEMS,
    quality.PLAN_VERDICTS,
    decisions.DOCUMENTS,
    decisions.ORDER_LINES,
    decisions.ORDER_LEVELS,
)
"""Tables in the order in which they are made: the first that differs is where the cause lies."""

# A replay is another run with a ledger of its own; these columns say so and decide nothing.
_OF_THE_RUN = {"run_id", "base_run_id", "revision", "status"}


@dataclass(frozen=True)
class ReplayReport:
    """What a replay found.

    Attributes
    ----------
    plan_date : date
        Plan date replayed.
    tables : list of (str, str, str)
        Table, recorded digest and replayed digest; empty where one run lacks the table.
    differing : list of str
        Tables whose digests differ, in the order in which they are made.
    feeds : list of str
        Raw tables whose rows differ.
    only : tuple of str
        Items and sites that were planned again; empty for the whole plan.
    base_run_id : str
        Run whose rows of other items stand; these were taken as recorded.
    """

    plan_date: dt.date
    tables: list[tuple[str, str, str]]
    differing: list[str]
    feeds: list[str]
    only: tuple[str, ...] = ()
    base_run_id: str = ""


def replay(settings: Settings, plan_date: dt.date) -> ReplayReport:
    """Decide ``plan_date`` again from the raw tables and compare every digest.

    Raises
    ------
    EquipoiseError
        If the date was never planned, if a gate stopped its last plan, or if another process is writing.
    """
    home = settings.network_home()
    recorded = Published(home.published)
    if why := stopped(recorded, plan_date):
        raise EquipoiseError(
            why,
            where=f"replay of {plan_date}",
            remedy=f"Mend it, run `equipoise plan --date {plan_date}`, then replay",
        )
    if recorded.latest(decisions.DOCUMENTS.name, plan_date) is None:
        raise EquipoiseError(
            f"{plan_date} was never planned to its end",
            where=f"network {home.profile.name}",
            remedy=f"Run `equipoise plan --date {plan_date}` first",
        )
    with locks.hold(home.locks / locks.WRITER, f"equipoise replay {plan_date}"):
        rules = _Rules.of(recorded, plan_date)
        with tempfile.TemporaryDirectory(prefix="equipoise-replay-") as folder:
            scratch = _scratch(settings, home, Path(folder))
            replayed = Published(scratch.network_home().published)
            _stand(recorded, replayed, plan_date, rules.base_run_id)
            models, announced = _models(home, plan_date, rules, scratch), _announced(recorded, plan_date)
            _run(scratch, plan_date, rules, models, announced, home)
            report = _compare(recorded, replayed, plan_date)
            return replace(report, only=rules.only, base_run_id=rules.base_run_id)


@dataclass(frozen=True)
class _Rules:
    """What decided besides the data, as the published tables name it."""

    as_known: AsKnown
    feature_set: str
    policy_release: str
    live: bool
    only: tuple[str, ...]
    base_run_id: str
    canary_release: str
    canary_items: frozenset[str]

    @classmethod
    def of(cls, recorded: Published, plan_date: dt.date) -> _Rules:
        features = recorded.read(marts.FEAT_ITEM_SITE, plan_date)["feature_set_version"]
        plan = recorded.read(decisions.PLAN_SUMMARY, plan_date).iloc[0]
        known = recorded.latest(rollout.CANARY_ITEMS.name, plan_date)
        canary = recorded.read(rollout.CANARY_ITEMS, plan_date) if known else rollout.CANARY_ITEMS.empty()
        return cls(
            as_known=AsKnown(recorded.read(feeds.FEED_STATE, plan_date)["as_known"].iloc[0]),
            feature_set=str(features.iloc[0]) if len(features) else "",
            policy_release=str(plan["policy_release"]),
            live=bool((recorded.read(decisions.DOCUMENTS, plan_date)["channel"] == LIVE).any()),
            only=tuple(str(plan["replanned"]).split(SEPARATOR)) if plan["replanned"] else (),
            base_run_id=str(plan["base_run_id"]),
            canary_release=str(canary["policy_release"].iloc[0]) if len(canary) else "",
            canary_items=frozenset(canary["item_id"]),
        )

    def releases(self, home: NetworkHome) -> PolicyRegistry:
        """Return the releases of a network, of which the one that decided the plan decides, and none is a shadow."""
        return PolicyRegistry(decides=self.policy_release, own=home.policies)

    def canaries(self, home: NetworkHome) -> Decided:
        """Return the part that a canary decided, as it was recorded."""
        if not self.canary_release:
            return Decided()
        return Decided(Part(self.releases(home).version(self.canary_release), self.canary_items))

    def terms(self, home: NetworkHome) -> Terms:
        """Return what the models of the plan were chosen under."""
        release = self.releases(home).active()
        return terms_of(release, home.profile, self.feature_set, self.as_known)


def _models(home: NetworkHome, plan_date: dt.date, rules: _Rules, scratch: Settings) -> ModelRegistry:
    """Return the models as they were when the date was first planned: the replay selects or reuses as that plan did."""
    recorded, terms = ModelRegistry(home.root), rules.terms(home)
    target = scratch.network_home().root
    recorded.copy_before(plan_date, terms, target)
    # A date planned again uses what it used, also where the release in force has other days by now.
    return ModelRegistry(target, recorded.log().procedure(plan_date, terms))


def _features(home: NetworkHome, version: str) -> FeatureRegistry:
    """Return a registry in which the recorded feature set is in force.

    Raises
    ------
    EquipoiseError
        If the set's definition has changed since.
    """
    registry = FeatureRegistry(home.root)
    if version and registry.active().version != version:
        registry.pin(version.split("@")[0])
        if registry.active().version != version:
            raise EquipoiseError(
                f"the feature set {version} is now {registry.active().version}",
                where="feature sets",
                remedy="Bring its file back as it was",
            )
    return registry


def _scratch(settings: Settings, home: NetworkHome, folder: Path) -> Settings:
    """Copy what a plan reads, and nothing that a plan made, into a home of its own."""
    name = home.profile.name
    target = folder / name
    target.mkdir()
    shutil.copy(home.root / PROFILE_FILE, target)
    with duckdb.connect(str(target / home.warehouse.name)) as connection:
        connection.execute(f"attach '{home.warehouse}' as recorded (read_only)")
        connection.execute("create schema raw")
        tables = connection.execute(
            "select table_name from information_schema.tables where table_catalog = 'recorded' and table_schema = 'raw'"
        ).fetchall()
        for (table,) in sorted(tables):
            connection.execute(f"create table raw.{table} as from recorded.raw.{table}")
    return settings.model_copy(
        update={
            "home": folder,
            "network": name,
            "ledger_url": None,
            "dagster_postgres_url": None,
            "alert_urls": [],
            "digest_urls": [],
        }
    )


def _stand(recorded: Published, replayed: Published, plan_date: dt.date, run_id: str) -> None:
    """Publish the recorded tables of a run in the scratch home, where a part was planned on top of it."""
    for frame in (*TABLES, decisions.DOCUMENTS) if run_id else ():
        table = recorded.of_run(frame, plan_date, run_id)
        if table is None:
            raise EquipoiseError(
                f"only a part was planned again, on top of run {run_id}, whose table is gone",
                where=f"table {frame.name} of {plan_date}",
                remedy=f"Run `equipoise plan --date {plan_date}`, then replay",
            )
        replayed.write(frame, table, plan_date, run_id)


def _announced(recorded: Published, plan_date: dt.date) -> Told:
    """Return what the plan knew of lines announced before it."""
    frame = decisions.ANNOUNCED_LINES
    known = recorded.latest(frame.name, plan_date)
    return Told(recorded.read(frame, plan_date) if known else frame.empty())


def _levels(recorded: Published, plan_date: dt.date) -> TheseLevels:
    """Return what the plan knew of levels in ERPs."""
    frame = decisions.LEVELS_THERE
    known = recorded.latest(frame.name, plan_date)
    return TheseLevels(recorded.read(frame, plan_date) if known else frame.empty())


def _run(
    scratch: Settings,
    plan_date: dt.date,
    rules: _Rules,
    models: ModelRegistry,
    announced: Told,
    recorded: NetworkHome,
) -> None:
    home = scratch.network_home()
    # A day far off is no plan date of the clock's, so that a backfill's documents keep their ids.
    day = plan_date if rules.live else plan_date + dt.timedelta(days=3660)
    planning.execute(
        scratch,
        plan_date,
        {"equipoise/trigger": "replay"},
        None,
        only=rules.only,
        as_known=rules.as_known,
        announcements=announced,
        clock=DeclaredClock(day),
        features=_features(home, rules.feature_set),
        policies=rules.releases(recorded),
        canaries=rules.canaries(recorded),
        models=models,
        orders=MemoryOrderStore(),
        levels=_levels(Published(recorded.published), plan_date),
        warehouse=Warehouse(home.warehouse),
    )


def _compare(recorded: Published, replayed: Published, plan_date: dt.date) -> ReplayReport:
    tables = [
        (frame.name, _digest(recorded, frame, plan_date), _digest(replayed, frame, plan_date)) for frame in COMPARED
    ]
    differing = [name for name, before, after in tables if before != after]
    changed = []
    if feeds.FEED_STATE.name in differing:
        before = recorded.read(feeds.FEED_STATE, plan_date).set_index("feed")["row_digest"]
        after = replayed.read(feeds.FEED_STATE, plan_date).set_index("feed")["row_digest"]
        changed = sorted(feed for feed in before.index if before[feed] != after.get(feed))
    return ReplayReport(plan_date, tables, differing, changed)


def _digest(published: Published, frame: Frame, plan_date: dt.date) -> str:
    latest = published.latest(frame.name, plan_date)
    if latest is None:
        return ""
    if not _OF_THE_RUN & set(frame.names):
        return latest.digest
    kept = [name for name in frame.names if name not in _OF_THE_RUN]
    return arrow_digest(frame.to_arrow(published.read(frame, plan_date)).select(kept))
