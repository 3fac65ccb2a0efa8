"""What Dagster's processes write is their user's alone, though they do not come by the command line."""

import os
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from assets.kernel.network import NetworkProfile
from orchestration.private import keep_private
from orchestration.resources import build_resources
from orchestration.settings import Settings


@pytest.fixture(autouse=True)
def loose_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_whoever_is_handed_resources_writes_files_that_others_cannot_read(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, network="net")
    home = settings.network_home()
    NetworkProfile(name="net", first_plan_date="2026-01-05").write(home.root)
    assert mode(home.root) == 0o755
    project: Any = Path(__file__).parents[3] / "dbt_project"
    with closing(build_resources(settings, project)["orders"]) as store:
        store.append(())
    (home.root / "table.parquet").write_bytes(b"")
    assert mode(home.root) == 0o700
    assert {mode(path) for path in (home.ledger, home.root / "table.parquet")} == {0o600}


def test_a_stricter_umask_stays_and_a_home_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    os.umask(0o177)
    keep_private(tmp_path / "none")
    assert (os.umask(0o077), (tmp_path / "none").exists()) == (0o177, False)
