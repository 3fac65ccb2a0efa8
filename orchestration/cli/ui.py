"""`equipoise ui`: Dagster's UI for the network. Not here: what it serves (``orchestration.ui``)."""

from __future__ import annotations

from typing import Annotated

import typer

from assets.policy.access import Permission
from orchestration.cli.command import command
from orchestration.cli.console import Output


@command(needs=Permission.READ_ORDERS)
def ui(
    out: Output,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on this machine.")] = 3000,
) -> None:
    """Serve the Dagster UI for the network, until Ctrl-C."""
    from orchestration import ui as dagster_ui
    from orchestration.settings import read_settings

    settings = read_settings()
    dagster_ui.require_free(dagster_ui.HOST, port)
    out.say(f"Serving {settings.network_home().root.name} on http://{dagster_ui.HOST}:{port}; Ctrl-C ends it")
    dagster_ui.serve(settings, port)
