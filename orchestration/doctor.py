"""What is wrong with an installation: each check says what it found and the remedy.

A check never raises and never changes anything that a plan reads. Anybody may ask; of orders and releases only who
may read them is told. Not here: judging data, which is the gates' business.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

from assets.kernel.errors import EquipoiseError
from assets.kernel.home import NetworkHome
from assets.kernel.network import NetworkProfile
from assets.policy.access import Permission
from orchestration import locks
from orchestration.settings import Settings

OLDEST_PYTHON, FIRST_UNTRIED_PYTHON = (3, 11), (3, 14)
LEAST_FREE_BYTES = 2 * 1024**3
"""Room for a year of the sample world's raw tables and the Parquet of a few hundred plans."""

_DISTRIBUTION = "equipoise"
_ADAPTER = "dbt.adapters.duckdb"
_INSTALL = "Run `make run`, or install from requirements.lock"
# Distributions whose import name is not their own with underscores.
_IMPORT_NAMES = {
    "dbt-core": "dbt",
    "dbt-duckdb": "duckdb",
    "opentelemetry-sdk": "opentelemetry.sdk",
    "psycopg": "psycopg",
    "pyyaml": "yaml",
    "sqlalchemy": "sqlalchemy",
}


@dataclass(frozen=True)
class Finding:
    """What one check found.

    Attributes
    ----------
    check : str
        What was checked.
    ok : bool
        Whether it is as it should be.
    detail : str
        What was found.
    remedy : str
        What to do about it; empty if there is nothing to do.
    """

    check: str
    ok: bool
    detail: str
    remedy: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Check the installation and the active network, cheapest first.

    Parameters
    ----------
    settings : Settings
        The installation.

    Returns
    -------
    list of Finding
        One or more a check; those that depend on a network end with the first that is wrong.
    """
    findings = [python_version(), packages(), dbt_adapter(), home_is_writable(settings.home), disk_space(settings.home)]
    try:
        home = settings.network_home()
    except EquipoiseError as error:
        # A fresh installation is in order; it only has no network yet.
        return [*findings, Finding("network", True, "none yet", error.remedy)]
    try:
        profile = home.profile
    except EquipoiseError as error:
        return [*findings, _wrong("network", error)]
    findings.append(_network(home, profile))
    checks: tuple[Callable[[Settings, NetworkHome], Finding], ...] = (
        landing_area,
        warehouse,
        dbt_project,
        dagster_home,
        policy,
        ledger,
    )
    found = [_guarded(check, settings, home) for check in checks]
    return [*findings, *(found if may_read(settings, home) else map(_for_strangers, found))]


def may_read(settings: Settings, home: NetworkHome) -> bool:
    """Tell whether whoever runs this process may read the network's orders; not where that cannot be found out."""
    from contextlib import closing

    from assets.governance.ledger_log import LedgerLog
    from orchestration.access import who_acts
    from orchestration.ledger import open_ledger

    clock = home.profile.clock
    try:
        if not _has_ledger(settings.ledger()):
            return True  # nobody has a role yet, and nothing is there to read
        with closing(open_ledger(settings, clock)) as store:
            return who_acts(home, LedgerLog(store), clock).may(Permission.READ_ORDERS)
    except EquipoiseError:
        return False


def _for_strangers(finding: Finding) -> Finding:
    """Return what a finding tells whoever may read neither orders nor releases: that it is in order, or not."""
    if finding.check == "ledger":
        return replace(finding, detail="reachable, with the schema of this release") if finding.ok else finding
    if finding.check == "policy":
        if finding.ok:
            return replace(finding, detail="one release is active, and all are whole")
        remedy = "See what is said of the ledger, or have somebody run it who may read orders"
        return replace(finding, detail="it is not in order", remedy=remedy)
    return finding


def python_version(version: tuple[int, ...] = tuple(sys.version_info[:3])) -> Finding:
    """Check that Python is one the lock file was made for."""
    name = ".".join(map(str, version))
    if OLDEST_PYTHON <= version[:2] < FIRST_UNTRIED_PYTHON:
        return Finding("python", True, name)
    return Finding("python", False, name, "Use Python 3.11, 3.12 or 3.13")


def packages() -> Finding:
    """Check that every package the project names is there, in a version it accepts."""
    from packaging.requirements import Requirement

    try:
        named = [Requirement(text) for text in metadata.requires(_DISTRIBUTION) or []]
    except metadata.PackageNotFoundError:
        return Finding("packages", False, f"{_DISTRIBUTION} itself is not installed", _INSTALL)
    needed = [r for r in named if r.marker is None or r.marker.evaluate({"extra": ""})]
    faults = [fault for requirement in needed if (fault := _package_fault(requirement.name, requirement.specifier))]
    if faults:
        return Finding("packages", False, "; ".join(faults), _INSTALL)
    return Finding("packages", True, f"{len(needed)} packages, {_DISTRIBUTION} {metadata.version(_DISTRIBUTION)}")


def dbt_adapter() -> Finding:
    """Check that dbt can speak to DuckDB: its adapter lies in dbt's own package, which another install may shadow."""
    try:
        importlib.import_module(_ADAPTER)
    except Exception as error:
        return Finding("dbt adapter", False, f"{_ADAPTER} cannot be imported: {_one_line(error)}", _INSTALL)
    return Finding("dbt adapter", True, f"{_ADAPTER} {metadata.version('dbt-duckdb')}")


def home_is_writable(home: Path) -> Finding:
    """Check that run-time data can be written."""
    existing = _nearest_folder(home)
    try:
        with tempfile.TemporaryFile(dir=existing):
            return Finding("home", True, str(home.absolute()))
    except OSError as error:
        remedy = "Give yourself the right to write there, or set EQUIPOISE_HOME to another folder"
        return Finding("home", False, f"{existing}: {error.strerror}", remedy)


def disk_space(home: Path, free_bytes: int | None = None) -> Finding:
    """Check that there is room for a plan."""
    free = shutil.disk_usage(_nearest_folder(home)).free if free_bytes is None else free_bytes
    detail = f"{free / 1024**3:.1f} GiB free"
    if free >= LEAST_FREE_BYTES:
        return Finding("disk space", True, detail)
    least = LEAST_FREE_BYTES // 1024**3
    return Finding("disk space", False, detail, f"Free at least {least} GiB, or set EQUIPOISE_HOME to another disk")


def landing_area(_settings: Settings, home: NetworkHome) -> Finding:
    """Check that every required table has landed."""
    from assets.feeds.contract import contract
    from assets.feeds.landing import LandingArea

    area = LandingArea(home.landing, home.profile.clock)
    counts = {table.name: len(area.batch_ids(table)) for table in contract()}
    missing = [table.name for table in contract() if table.required and not counts[table.name]]
    detail = f"{sum(counts.values()):,} batches of {sum(map(bool, counts.values()))} tables"
    if missing:
        return Finding("landing area", False, f"{detail}; none of {', '.join(missing)}", "Run `equipoise land DIR`")
    return Finding("landing area", True, detail)


def warehouse(_settings: Settings, home: NetworkHome) -> Finding:
    """Check whether somebody is writing the warehouse, and whether it is whole."""
    holder = locks.holder_of(home.locks / locks.WRITER)
    if holder is not None:
        who = f"{holder['holder']} (process {holder['pid']}) is writing; reading commands work meanwhile"
        return Finding("warehouse", True, who)
    if not home.warehouse.exists():
        return Finding("warehouse", True, "not made yet; the first plan makes it")
    import duckdb

    try:
        with duckdb.connect(str(home.warehouse), read_only=True) as connection:
            [(tables,)] = connection.execute("select count(*) from information_schema.tables").fetchall()
    except duckdb.Error as error:
        remedy = (
            "End the process it names; if there is none, remove the file and plan again: the landing area remakes it"
        )
        return Finding("warehouse", False, _one_line(error), remedy)
    return Finding("warehouse", True, f"{tables} tables, {home.warehouse.stat().st_size / 1024**2:,.0f} MiB, free")


def dbt_project(_settings: Settings, home: NetworkHome) -> Finding:
    """Check that the dbt project is there and its manifest readable."""
    import json

    from orchestration.dbt import PROJECT_DIRECTORY

    if not (PROJECT_DIRECTORY / "dbt_project.yml").exists():
        return Finding("dbt project", False, f"{PROJECT_DIRECTORY} has no dbt_project.yml", "Install from a clone")
    manifest = home.dbt_target / "manifest.json"
    if not manifest.exists():
        return Finding("dbt project", True, "not parsed yet; the first plan parses it")
    try:
        nodes = json.loads(manifest.read_text())["nodes"].values()
    except (ValueError, KeyError) as error:
        remedy = f"Remove {home.dbt_target} and plan again"
        return Finding("dbt project", False, f"{manifest} cannot be read: {_one_line(error)}", remedy)
    models = sum(node["resource_type"] == "model" for node in nodes)
    return Finding("dbt project", True, f"{models} models parsed")


def dagster_home(settings: Settings, _home: NetworkHome) -> Finding:
    """Check that Dagster's record of runs opens."""
    from orchestration import instance

    with instance.opened(settings) as store:
        runs = store.get_runs_count()
    return Finding("dagster", True, f"{runs} runs recorded, telemetry off")


def policy(settings: Settings, home: NetworkHome) -> Finding:
    """Check that exactly one policy release is active, and that the files of all of them are whole."""
    from contextlib import closing

    from assets.policy.registry import PolicyRegistry
    from orchestration.ledger import open_ledger
    from orchestration.policies import registry_of

    if not _has_ledger(settings.ledger()):
        releases = PolicyRegistry(own=home.policies)
        return _policy(releases.active().version, len(releases.releases()))
    with closing(open_ledger(settings, home.profile.clock)) as store:
        releases = registry_of(home, store)
        return _policy(releases.active().version, len(releases.releases()))


def _policy(active: str, count: int) -> Finding:
    return Finding("policy", True, f"{active} is active, of {count} releases")


def ledger(settings: Settings, home: NetworkHome) -> Finding:
    """Check that the ledger can be reached and has the schema of this release; nothing is made there."""
    from assets.orders.store import OrderFilter
    from orchestration.ledger import open_ledger

    if not _has_ledger(settings.ledger()):
        return Finding("ledger", True, "no ledger yet; the first plan makes it")
    store = open_ledger(settings, home.profile.clock)
    try:
        found = len(store.headers(OrderFilter(network=home.profile.name)))
    finally:
        store.close()
    return Finding("ledger", True, f"{found:,} order documents of {home.profile.name}")


def _has_ledger(url: str) -> bool:
    """Return whether a database has the ledger's tables; a store would make them on first use.

    Raises
    ------
    EquipoiseError
        If it cannot be reached.
    """
    import sqlalchemy as sa

    from assets.orders.sql_engine import open_engine, unanswered
    from assets.orders.sql_schema import HEAD

    engine = open_engine(url)
    file = engine.url.database if engine.dialect.name == "sqlite" else None
    # SQLite makes the file of a database it is asked about.
    if file is not None and not Path(file).exists():
        return False
    try:
        return sa.inspect(engine).has_table(HEAD.name)
    except sa.exc.DBAPIError as error:
        raise unanswered(error, engine.url.render_as_string(hide_password=True)) from error
    finally:
        engine.dispose()


def _network(home: NetworkHome, profile: NetworkProfile) -> Finding:
    clock = f"declared {profile.declared_date}" if profile.declared_date else f"live in {profile.timezone}"
    return Finding("network", True, f"{profile.name} in {home.root}: {profile.bucket} buckets, {clock}")


def _guarded(check: Callable[[Settings, NetworkHome], Finding], settings: Settings, home: NetworkHome) -> Finding:
    """Run a check; whatever it raises is what it found."""
    name = check.__name__.replace("_", " ")
    try:
        return check(settings, home)
    except EquipoiseError as error:
        return _wrong(name, error)
    except Exception as error:
        return Finding(
            name, False, f"{type(error).__name__}: {_one_line(error)}", "Rerun the command that failed with --debug"
        )


def _package_fault(name: str, accepted: object) -> str:
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return f"{name} is not installed"
    if not accepted.contains(version, prereleases=True):  # type: ignore[attr-defined]
        return f"{name} is {version}, not {accepted}"
    module = _IMPORT_NAMES.get(name.lower(), re.sub(r"[-.]", "_", name))
    return "" if importlib.util.find_spec(module) else f"{name} {version} cannot be imported"


def _nearest_folder(path: Path) -> Path:
    """Return ``path``, or the nearest folder above it that exists."""
    return next(folder for folder in (path.absolute(), *path.absolute().parents) if folder.is_dir())


def _wrong(check: str, error: EquipoiseError) -> Finding:
    return Finding(check, False, f"{error.where}: {error.what}", error.remedy)


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())
