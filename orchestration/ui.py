"""The Dagster UI with its daemon, on the active network."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

from assets.kernel.errors import EquipoiseError
from orchestration import instance
from orchestration.settings import Settings

HOST = "127.0.0.1"
WORKSPACE = Path(__file__).parent.parent / "workspace.yaml"


def environment(settings: Settings) -> dict[str, str]:
    """Return the environment in which Dagster's own tools see the active network."""
    home = settings.network_home()
    return {
        **os.environ,
        "DAGSTER_HOME": str(instance.prepare(settings)),
        "DAGSTER_DISABLE_TELEMETRY": "1",
        "EQUIPOISE_HOME": str(settings.home.absolute()),
        "EQUIPOISE_NETWORK": home.root.name,
    }


def serve(settings: Settings, port: int = 3000, host: str = HOST) -> None:
    """Replace this process with the UI's; it ends with Ctrl-C.

    Raises
    ------
    EquipoiseError
        If no network is active.
    """
    command = [sys.executable, "-m", "dagster", "dev", "-w", str(WORKSPACE), "-h", host, "-p", str(port)]
    os.execve(command[0], command, environment(settings))


def require_free(host: str, port: int) -> None:
    """Raise a one-line error if the port is taken; Dagster would quietly serve on another.

    Raises
    ------
    EquipoiseError
        If it is.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise EquipoiseError(
                f"the port cannot be listened on: {error.strerror}",
                where=f"{host}:{port}",
                remedy="End what listens there, perhaps another `equipoise ui`, or give another --port",
            ) from error
