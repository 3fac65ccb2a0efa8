"""The ERP as a process of its own: ``make erp`` installs it where needed and serves it until it is stopped.

Not here: what it consists of (``installation``).
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from assets.kernel.errors import EquipoiseError
from assets.orders.gateways.port import NotSent
from assets.orders.gateways.tryton.installation import (
    DATABASE,
    INTEGRATION_USER,
    Installation,
    clean,
    configure,
    create_database,
    install,
)
from assets.orders.gateways.tryton.rpc import Credentials, Rpc

PORT = 8510
STARTS_WITHIN_S = 60.0


@contextlib.contextmanager
def serving(installation: Installation, port: int | None = None) -> Iterator[str]:
    """Serve the ERP on loopback and yield its address; it is stopped on leaving.

    Parameters
    ----------
    installation : Installation
        With its database.
    port : int or None
        A free one if not named.

    Raises
    ------
    EquipoiseError
        If it does not start.
    """
    port = port or free_port()
    if not _is_free(port):
        raise EquipoiseError(f"port {port} is in use", where=str(installation.root), remedy="Stop what listens there")
    configure(installation, port)
    command = [installation.program("trytond"), "-c", str(installation.configuration), "-d", DATABASE]
    with installation.log.open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=clean({}), umask=0o077)
    try:
        _await(process, installation, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def _await(process: subprocess.Popen[bytes], installation: Installation, port: int) -> None:
    until = time.monotonic() + STARTS_WITHIN_S
    key = Credentials.from_file(INTEGRATION_USER, installation.key_file(INTEGRATION_USER))
    with contextlib.closing(Rpc(f"http://127.0.0.1:{port}", DATABASE, key)) as rpc:
        while time.monotonic() < until and process.poll() is None:
            try:
                # It listens before it has read its modules; a login tells that it has.
                rpc.begin()
            except NotSent:
                time.sleep(0.1)
            else:
                return
    raise EquipoiseError(f"the ERP does not serve port {port}", where=str(installation.log), remedy="Read its log")


def main() -> int:
    """Install, set up and serve, telling what is done; return the exit code."""
    installation = Installation(Path(os.environ.get("EQUIPOISE_HOME", ".equipoise")).absolute() / "erp")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        install(installation, _say)
        create_database(installation, _say)
        with serving(installation, PORT) as url:
            key = installation.key_file(INTEGRATION_USER)
            _say(f"{url}, database {DATABASE}, user {INTEGRATION_USER}, key in {key}; ^C stops it")
            with contextlib.suppress(KeyboardInterrupt):
                while True:
                    time.sleep(3600)
    except EquipoiseError as error:
        _say(f"error: {error}")
        return 1
    return 0


def _say(what: str) -> None:
    sys.stderr.write(f"erp: {what}\n")


if __name__ == "__main__":
    sys.exit(main())
