"""The dbt project as the graph sees it: parsed into the network's home when its files differ."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from dagster_dbt import DbtProject

from assets.features.registry import FeatureRegistry
from assets.features.variables import dbt_vars
from assets.kernel.errors import EquipoiseError
from assets.kernel.home import NetworkHome
from assets.kernel.identifiers import bytes_digest, digest
from orchestration import locks

PROJECT_DIRECTORY = Path(__file__).parent.parent / "dbt_project"
_SOURCES = ("*.sql", "*.yml", "*.md", "*.csv")
RUN_FOLDER = "run"
"""Below the target folder: where ``assets.features`` runs dbt."""
_STAMP = "equipoise_project_hash"
_PARTIAL_PARSE = "partial_parse.msgpack"


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
    # The file's name is the database that relations stand in; where the home lies is not in the manifest.
    wanted = digest(project_hash(), home.warehouse.name)
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
    """Parse as the current date's plan does, so that its run need not parse again."""
    command = [
        sys.executable, "-m", "dbt.cli.main", "--quiet", "parse",
        "--project-dir", str(PROJECT_DIRECTORY),
        "--profiles-dir", str(PROJECT_DIRECTORY),
        "--target-path", str(home.dbt_target),
        "--vars", json.dumps(_current_vars(home), sort_keys=True),
    ]  # fmt: skip
    done = subprocess.run(command, env=dbt_environment(home), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise EquipoiseError(
            f"dbt does not parse: {(done.stdout + done.stderr)[-800:]}",
            where=str(PROJECT_DIRECTORY),
            remedy="Correct the model named above",
        )
    # dbt takes a parse for its own only if variables and warehouse are the same; else it parses anew.
    runs = home.dbt_target / RUN_FOLDER
    runs.mkdir(exist_ok=True)
    shutil.copy(home.dbt_target / _PARTIAL_PARSE, runs / _PARTIAL_PARSE)


def _current_vars(home: NetworkHome) -> dict[str, Any]:
    profile = home.profile
    plan_date = profile.calendar.start_of_bucket(profile.clock.today())
    try:
        feature_set = FeatureRegistry(home.root).active()
    except EquipoiseError:
        # The graph must show although a pin no longer holds; the run says so, and parses for itself.
        return {}
    return dbt_vars(profile, feature_set, plan_date)
