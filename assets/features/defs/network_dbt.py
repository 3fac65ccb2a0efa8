"""dbt as a resource of the graph. Not here: a run of it (``run``)."""

import contextlib
import importlib
import sys
import threading
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliInvocation, DbtCliResource, DbtProject
from packaging.version import Version
from pydantic import Field

from assets.features.warm_dbt import awake


class NetworkDbt(DbtCliResource):
    """dbt as this project runs it.

    Unlike its base it takes dbt from the environment that Python runs in, reads dbt's version
    from the package instead of asking a process (two seconds a step), and opens no adapter in
    this process: what is shown of a table is read after dbt has ended. For as long as a run needs
    it, a process that has imported dbt and parsed the project answers (``warm_dbt``).

    Attributes
    ----------
    meanwhile : list of str
        Modules that this process imports while dbt builds in its own: later steps would wait for them.

    The two underscored names are private to dagster-dbt, which has no option for either. Until it has
    one: 2027-05-31 at the latest. Without them a run is right, and slower.
    """

    meanwhile: list[str] = Field(default_factory=list)

    def __init__(self, project_dir: DbtProject | str | Path, **options: Any) -> None:
        options.setdefault("dbt_executable", str(Path(sys.executable).parent / "dbt"))
        super().__init__(project_dir, **options)

    @contextlib.contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["NetworkDbt"]:  # noqa: ARG002
        """Yield a dbt that stays awake until the run ends."""
        with awake(self.dbt_executable) as (executable, *flags):
            yield self.model_copy(update={"dbt_executable": executable, "global_config_flags": flags})

    def cli(self, *arguments: Any, **options: Any) -> DbtCliInvocation:
        """Begin to build, and to import what later steps ask for."""
        # No daemon: an interpreter that ends in the middle of an import may crash, so that it waits for this one.
        threading.Thread(target=_imported, args=(self.meanwhile,), name="imports").start()
        return super().cli(*arguments, **options)

    @property
    def _cli_version(self) -> Version:
        return Version(version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> Any:  # noqa: ARG002
        return None


def _imported(modules: Sequence[str]) -> None:
    for name in modules:
        importlib.import_module(name)
