"""The dbt project as the graph sees it: parsed into the network's home when its files differ."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from dagster_dbt import DbtProject

from assets.kernel.errors import EquipoiseError
from assets.kernel.home import NetworkHome
from assets.kernel.identifiers import bytes_digest, digest
from orchestration import locks

PROJECT_DIRECTORY = Path(__file__).parent.parent / "dbt_project"
_SOURCES = ("*.sql", "*.yml", "*.md", "*.csv")
_STAMP = "equipoise_project_hash"


def project_hash(directory: Path = PROJECT_DIRECTORY) -> str:
    """Return a digest of every file that the manifest depends on."""
    paths = sorted(path for pattern in _SOURCES for path in directory.rglob(pattern))
    kept = [path for path in paths if not {"target", "logs"} & set(path.relative_to(directory).parts)]
    return digest([(str(path.relative_to(directory)), bytes_digest(path.read_bytes())) for path in kept])


def parsed_project(home: NetworkHome) -> DbtProject:
    """Return the project with a manifest that is current.

    Raises
    ------
    EquipoiseError
        If the project does not parse.
    """
    home.dbt_target.mkdir(parents=True, exist_ok=True)
    stamp = home.dbt_target / _STAMP
    wanted = digest(project_hash(), str(home.warehouse))
    with locks.hold(home.locks / "dbt_parse.lock", "dbt parse", wait_seconds=120):
        if not stamp.exists() or stamp.read_text() != wanted:
            _parse(home)
            stamp.write_text(wanted)
    return DbtProject(project_dir=PROJECT_DIRECTORY, profiles_dir=PROJECT_DIRECTORY, target_path=home.dbt_target)


def dbt_environment(home: NetworkHome) -> dict[str, str]:
    """Return the environment that dbt runs in: where the warehouse is, and no telemetry."""
    return {
        **os.environ,
        "EQUIPOISE_WAREHOUSE": str(home.warehouse),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DBT_LOG_PATH": str(home.dbt_target / "logs"),
    }


def _parse(home: NetworkHome) -> None:
    command = [
        sys.executable, "-m", "dbt.cli.main", "--quiet", "parse",
        "--project-dir", str(PROJECT_DIRECTORY),
        "--profiles-dir", str(PROJECT_DIRECTORY),
        "--target-path", str(home.dbt_target),
    ]  # fmt: skip
    done = subprocess.run(command, env=dbt_environment(home), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise EquipoiseError(
            f"dbt does not parse: {(done.stdout + done.stderr)[-800:]}",
            where=str(PROJECT_DIRECTORY),
            remedy="Correct the model named above",
        )
