"""dbt as a resource of the graph. Not here: a run of it (``run``)."""

import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from dagster_dbt import DbtCliResource, DbtProject
from packaging.version import Version


class NetworkDbt(DbtCliResource):
    """dbt as this project runs it.

    Unlike its base it takes dbt from the environment that Python runs in, reads dbt's version
    from the package instead of asking a process (two seconds a step), and opens no adapter in
    this process: what is shown of a table is read after dbt has ended.

    The two underscored names are private to dagster-dbt, which has no option for either. Until it has
    one: 2027-05-31 at the latest. Without them a run is right, and slower.
    """

    def __init__(self, project_dir: DbtProject | str | Path, **options: Any) -> None:
        options.setdefault("dbt_executable", str(Path(sys.executable).parent / "dbt"))
        super().__init__(project_dir, **options)

    @property
    def _cli_version(self) -> Version:
        return Version(version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> Any:  # noqa: ARG002
        return None
