"""The two networks of bad input, each planned once for all workers of a test session."""

import fcntl
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest
from bad_networks import END, ONE_DAY, PARAMETERS, Planned, Said
from scenario.faulty_files import PAST_PLAN, FilesPlanned, plan_faulty_files
from scenario.faulty_rows import plan_faulty_rows

from assets.feeds.synthetic import demo_profile
from orchestration.settings import Settings


@dataclass(frozen=True)
class Once:
    """Makes a network once for all workers of a test session; the first to come makes it."""

    folder: Path

    def __call__(self, name: str, make: Callable[[Settings], list[Said]]) -> tuple[Settings, list[Said]]:
        folder = self.folder / f"bad_{name}"
        folder.mkdir(exist_ok=True)
        settings, said = Settings(home=folder / "home", network="sample"), folder / "said.json"
        with (folder / "made.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not said.exists():
                demo_profile(PARAMETERS).write(settings.network_home().root)
                said.write_text(json.dumps([asdict(one) for one in make(settings)]))
        return settings, [Said(**one) for one in json.loads(said.read_text())]


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Once:
    base = tmp_path_factory.getbasetemp()
    return Once(base if worker_id == "master" else base.parent)


@pytest.fixture(scope="session")
def rows_planned(once: Once) -> Planned:
    settings, [said] = once("rows", plan_faulty_rows)
    return Planned(settings, END + ONE_DAY, said)


@pytest.fixture(scope="session")
def files_planned(once: Once) -> FilesPlanned:
    settings, [landed, said] = once("files", plan_faulty_files)
    return FilesPlanned(landed, Planned(settings, PAST_PLAN, said))
