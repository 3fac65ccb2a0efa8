"""What tests share: where the real data are, and one small network that was planned once."""

import fcntl
import os
from pathlib import Path

import hypothesis
import pytest
from networks import small_network

from orchestration.planning import plan_day
from orchestration.settings import Settings

# Failed asserts of the gateways' kit are explained like those of a test; before any test imports it.
pytest.register_assert_rewrite("contract.gateways.kit")

ROOT = Path(__file__).parents[1]
# No example has a time limit: a busy machine must not fail a test.
hypothesis.settings.register_profile("equipoise", deadline=None)
hypothesis.settings.load_profile("equipoise")


@pytest.fixture(scope="session")
def data_directory() -> Path:
    """Return the folder of real data, or skip."""
    folder = Path(os.environ.get("EQUIPOISE_BENCH_DATA", ROOT.parent / "shared" / "data"))
    if not folder.exists():
        pytest.skip(f"real data are not at {folder}; set EQUIPOISE_BENCH_DATA")
    return folder


@pytest.fixture(scope="session")
def planned_settings(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Settings:
    """Return the settings of a small network whose declared date was planned; read only.

    The workers of one test session share it: the first to come makes it.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "planned"
    folder.mkdir(exist_ok=True)
    with (folder / "made.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        settings = Settings(home=folder / "home", network="sample")
        if not (folder / "made").exists():
            settings = small_network(folder / "home")
            run = plan_day(settings)
            assert run.success, f"{run.failed_step}: {run.error}"
            (folder / "made").touch()
    return settings
