"""A drill: a scenario lived from today's snapshot of a network, in a copy of its home.

Not here: a run (``simulation_run``).
"""

from __future__ import annotations

import os
import re
import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

from assets.feeds.synthetic.parameters import WorldParameters
from assets.kernel.errors import EquipoiseError
from assets.kernel.home import NetworkHome
from assets.twin.full import play, play_rule
from assets.twin.full_record import RunRecord
from assets.twin.scorecard_file import write_scorecard
from orchestration import locks
from orchestration.ledger import open_ledger
from orchestration.policies import registry_of
from orchestration.settings import Settings
from orchestration.simulation import GraphNetwork
from orchestration.simulation_home import record_folder, settings_of
from orchestration.simulation_run import OnDay, Played, Request, Speed, counted, scorecard

DRILLS = "drills"
_SAMPLE = re.compile(r"sample(?P<small>-small)?(-(?P<seed>\d+))?")


def drill(
    settings: Settings, scenario: str, days: int, *, restart: bool = False, on_day: OnDay | None = None
) -> dict[str, Any]:
    """Return the scorecard of a scenario lived from today's snapshot of a network, in a copy of its home.

    Its active release decides and its approvals hold: what waits for people is blocked.

    Raises
    ------
    EquipoiseError
        If the network is none of the synthetic world, or its ledger is not among its files.
    """
    home = settings.network_home()
    parameters = _sample_world(home)
    if settings.ledger_url:
        raise EquipoiseError(
            "a drill copies the ledger, and this one is in a database", where="EQUIPOISE_LEDGER_URL",
            remedy="Drill on a network whose ledger is a file: unset it",
        )  # fmt: skip
    with closing(open_ledger(settings, home.profile.clock)) as store:
        release = registry_of(home, store).active()
    request = Request(scenario, parameters, days, Speed.FULL, release)
    told = request.staged()
    own = settings_of(settings, home.root.name)
    own = own.model_copy(update={"home": settings.home / DRILLS / request.network(told.scenario)})
    with locks.hold(own.home / "drill.lock", f"equipoise drill {told.scenario.name}"):
        copied = _copied(home, own, restart=restart)
        record = RunRecord(record_folder(copied))
        with GraphNetwork(own, told) as network:
            ours = play(told, network, record, counted(told, on_day))
    answer, rows = scorecard(Played(told, copied, ours, play_rule(told)), None, request)
    write_scorecard(copied.root, answer, rows)
    return answer


def _sample_world(home: NetworkHome) -> WorldParameters:
    match = _SAMPLE.fullmatch(home.root.name)
    if match is None:
        raise EquipoiseError(
            "its days cannot be lived: the world behind it is not known", where=f"network {home.root.name}",
            remedy="Drill on a network that `equipoise demo` made, or use `equipoise simulate`",
        )  # fmt: skip
    seed = int(match["seed"] or 7)
    return WorldParameters.small(seed) if match["small"] else WorldParameters(seed=seed)


def _copied(home: NetworkHome, own: Settings, *, restart: bool) -> NetworkHome:
    """Copy a home, whole or not at all; one that was copied before is gone on with."""
    target = own.home_of(home.root.name)
    if restart:
        shutil.rmtree(target.root, ignore_errors=True)
    if not target.root.exists():
        partial = target.root.with_name(f".{target.root.name}.{os.getpid()}")
        shutil.rmtree(partial, ignore_errors=True)
        with locks.hold(home.locks / locks.WRITER, "equipoise drill", wait_seconds=own.lock_wait_seconds):
            shutil.copytree(home.root, partial, ignore=lambda folder, names: _kept_here(home, folder, names))
        os.replace(partial, target.root)
    return target


def _kept_here(home: NetworkHome, folder: str, names: list[str]) -> list[str]:
    """Return what of a home is not copied: who is at work, and what leaves it or is owed to somebody outside."""
    own = {home.locks.name, home.gateway_files.name, home.alerts.name}
    return [name for name in names if Path(folder) == home.root and name in own]
