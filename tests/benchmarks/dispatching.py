"""`equipoise bench dispatch`: seconds of a whole dispatch run when nothing is to be sent, by gateway and database.

The active network's latest plan and ledger are taken over into a home that is thrown away, and dispatched there until
nothing is left to send. Then the run is measured in this process, and as the command that people and schedulers
start, Python's own start included. The other side is a counterpart of this process, so that its share is in the
seconds of the webhook. Nothing is sent to the network's real gateway.
"""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from ledger import scratch_database
from rich.console import Console

from assets.kernel.errors import EquipoiseError
from assets.kernel.home import NetworkHome
from assets.kernel.published import Published
from assets.orders.gateways.counterpart import Counterpart, CounterpartStore
from assets.orders.gateways.counterpart.folder_face import open_face
from assets.orders.gateways.counterpart.http_face import HttpFace
from assets.orders.store import Append, OrderFilter, OrderStore, Recorded
from orchestration.cli.console import table
from orchestration.dispatching import dispatch_day, dispatch_network
from orchestration.gateways import open_gateway
from orchestration.ledger import open_ledger
from orchestration.settings import GatewayKind, Settings, read_settings

TARGET_SECONDS = 2.0
"""Seconds that a run may take which has nothing to send."""
SECRET = "known to both ends of a benchmark"
GATEWAYS = (GatewayKind.FILEDROP, GatewayKind.WEBHOOK)
_LOT = 500
_MOST_RUNS = 5
_COMMAND = "import sys; from orchestration.cli import main; sys.argv = ['equipoise', 'dispatch', '--json']; main()"


def run(*, runs: int = 5, postgres: str = "", gateways: Sequence[GatewayKind] = GATEWAYS) -> dict[str, Any]:
    """Measure each gateway on each database.

    Parameters
    ----------
    runs : int
        Runs in this process, of which the median is told, and as many as a command of its own.
    postgres : str
        URL of a database in which schemas may be made; empty for SQLite only.
    gateways : sequence of GatewayKind
        Those that a counterpart of this process can stand behind.

    Raises
    ------
    EquipoiseError
        If the active network has no plan of its clock's date.
    """
    settings = read_settings()
    rows = []
    for database in ("sqlite", *(("postgresql",) if postgres else ())):
        for gateway in gateways:
            with (
                tempfile.TemporaryDirectory(prefix="dispatch-bench-") as folder,
                scratch_database(database, Path(folder) / "ledger", postgres) as (url, _),
                _taken_over(settings, Path(folder), url, gateway) as (scratch, poll),
            ):
                rows.append({"gateway": str(gateway), "database": database, **_measured(scratch, poll, runs)})
    return {"network": settings.network_home().profile.name, "target_seconds": TARGET_SECONDS, "rows": rows}


@contextmanager
def _taken_over(
    settings: Settings, folder: Path, url: str, gateway: GatewayKind
) -> Iterator[tuple[Settings, Callable[[], object]]]:
    """Make a home with the plan and ledger of a network, and an other side that answers when it is polled."""
    real = settings.network_home()
    home = NetworkHome(folder / "home" / real.root.name)
    home.root.mkdir(parents=True)
    shutil.copy(real.root / "network.yaml", home.root)
    if real.policies.exists():
        shutil.copytree(real.policies, home.policies)
    home.published.symlink_to(real.published)  # a dispatch run reads it and writes nothing there
    counterpart = Counterpart(CounterpartStore(folder / "theirs.db"))
    face = HttpFace(counterpart, SECRET)
    face.start()
    scratch = Settings(
        home=home.root.parent, network=real.root.name, ledger_url=url, gateway=gateway, gateway_url=face.url,
        gateway_secret=SECRET, gateway_folder=None, alert_urls=[], sender="bench",
    )  # fmt: skip
    _require_planned(scratch)
    with closing(open_ledger(settings, real.profile.clock)) as old, closing(_ledger(scratch)) as new:
        _copy(old, new)
    files = open_face(counterpart, home.gateway_files) if gateway is GatewayKind.FILEDROP else None
    try:
        yield scratch, files.poll if files else lambda: None
    finally:
        face.stop()
        counterpart.store.close()


def _require_planned(settings: Settings) -> None:
    from assets.kernel.frames.decisions import DOCUMENTS

    home = settings.network_home()
    profile = home.profile
    date = profile.calendar.start_of_bucket(profile.clock.today())
    if Published(home.published).latest(DOCUMENTS.name, date) is None:
        raise EquipoiseError(
            f"{date} is not planned", where=f"network {profile.name}", remedy="Run `equipoise demo` or `equipoise plan`"
        )


def _copy(old: OrderStore, new: OrderStore) -> None:
    """Append all events of a ledger to an empty one."""
    after = 0
    while lot := old.events(after, _LOT):
        streams: dict[str, list[Recorded]] = {}
        for entry in lot:
            streams.setdefault(entry.stream, []).append(entry)
        new.append(
            [Append(name, one[0].version - 1, tuple(entry.event for entry in one)) for name, one in streams.items()]
        )
        after = lot[-1].position


def _measured(settings: Settings, poll: Callable[[], object], runs: int) -> dict[str, Any]:
    network = settings.network_home().profile.name
    with closing(_ledger(settings)) as store:
        clock = settings.network_home().profile.clock
        gateway = open_gateway(settings, settings.network_home())
        first, _ = _timed(lambda: dispatch_network(settings, store=store, gateway=gateway, clock=clock))
        for _ in range(_MOST_RUNS):
            poll()
            _, done = _timed(lambda: dispatch_network(settings, store=store, gateway=gateway, clock=clock))
            if not (done.issued.issued or done.in_outbox or done.changed):
                break
        timed = [
            _timed(lambda: dispatch_network(settings, store=store, gateway=gateway, clock=clock)) for _ in range(runs)
        ]
        going = len(store.headers(OrderFilter(network=network, going_on=True)))
        told = {"orders_going_on": going, "stopped": dispatch_day(settings, store, clock).closed}
    idle = [done for _, done in timed if not (done.issued.issued or done.sent.answered)]
    return {
        **told,
        "runs": len(idle),
        "first_seconds": first[0],
        "run_seconds": statistics.median(seconds for (seconds, _), _ in timed),
        "run_cpu_seconds": statistics.median(cpu for (_, cpu), _ in timed),
        **_as_command(settings, runs),
    }


def _as_command(settings: Settings, runs: int) -> dict[str, Any]:
    """Return the median seconds of `equipoise dispatch` as a process of its own."""
    secret = settings.gateway_secret.get_secret_value() if settings.gateway_secret else ""
    environment = {
        **os.environ, "EQUIPOISE_HOME": str(settings.home), "EQUIPOISE_NETWORK": str(settings.network),
        "EQUIPOISE_LEDGER_URL": str(settings.ledger_url), "EQUIPOISE_GATEWAY": str(settings.gateway),
        "EQUIPOISE_GATEWAY_URL": str(settings.gateway_url), "EQUIPOISE_GATEWAY_SECRET": secret,
    }  # fmt: skip
    environment.pop("EQUIPOISE_GATEWAY_FOLDER", None)
    walls, cpus = [], []
    for _ in range(runs):
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", _COMMAND], env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise EquipoiseError(
                f"`equipoise dispatch` ended with {done.returncode}: {done.stderr.strip()}", where="bench dispatch",
                remedy="Run it as somebody who may dispatch",
            )  # fmt: skip
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        walls.append(time.perf_counter() - started)
        cpus.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return {"command_seconds": statistics.median(walls), "command_cpu_seconds": statistics.median(cpus)}


def _timed(what: Callable[[], Any]) -> tuple[tuple[float, float], Any]:
    wall, cpu = time.perf_counter(), time.process_time()
    found = what()
    return (time.perf_counter() - wall, time.process_time() - cpu), found


def _ledger(settings: Settings) -> Any:
    return open_ledger(settings, settings.network_home().profile.clock)


def show(console: Console, found: dict[str, Any]) -> None:
    """Print the seconds for people."""
    heads = ["gateway", "database", "going on", "first s", "run s", "CPU s", "command s", "CPU s"]
    rows = [
        [row["gateway"], row["database"], row["orders_going_on"], row["first_seconds"], row["run_seconds"],
         row["run_cpu_seconds"], row["command_seconds"], row["command_cpu_seconds"]]
        for row in found["rows"]
    ]  # fmt: skip
    target = found["target_seconds"]
    console.print(table(f"Dispatching {found['network']} with nothing to send; target {target:g} s", heads, rows))
    for row in found["rows"]:
        if row["stopped"]:
            console.print(f"{row['gateway']} on {row['database']}: nothing may leave: {row['stopped']}", markup=False)
