"""A dbt that is awake: one process imports dbt and parses the project, and builds what it is asked for.

A plan asks dbt twice, and half of what each cold process did was to import dbt and to read the
project. This one starts with the run and wakes while the feeds are taken in. It is run as a script,
so that whoever asks imports nothing but the standard library::

    python warm_dbt.py serve SOCKET              ends when its standard input is closed
    python warm_dbt.py ask SOCKET DBT build ...  prints and returns what ``DBT build ...`` does

Between two builds it holds no warehouse. Not here: what dbt is asked, and what is made of its answer.
"""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any

_LENGTH = 8
"""Bytes of a number on the socket: the length of a request, the number of a process, an exit code."""

_PASSING = ("plan_date", "cutoff")
"""Variables that no configuration of the project reads, only the text of its models."""

_GRACE_SECONDS = 5.0
"""Most that a command goes on after whoever started this process has gone."""


@contextlib.contextmanager
def awake(executable: str) -> Iterator[list[str]]:
    """Keep a dbt awake while the block runs, and yield the command that takes dbt's arguments.

    Parameters
    ----------
    executable : str
        The plain dbt, which the command runs instead where nobody answers.
    """
    with tempfile.TemporaryDirectory(prefix="dbt-") as folder:
        path = str(Path(folder) / "socket")
        server = [sys.executable, "-P", __file__, "serve", path]
        # A group of its own: the terminal's Ctrl-C reaches it once, from the client that waits for it.
        with subprocess.Popen(server, stdin=subprocess.PIPE, start_new_session=True) as process:
            try:
                yield [sys.executable, "-IS", __file__, "ask", path, executable]
            finally:
                process.communicate()


def ask(path: str, command: list[str]) -> int:
    """Have the process at a socket run a dbt command with this one's environment and output."""
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(path)
        except OSError:
            os.execv(command[0], command)
        request = {"arguments": command[1:], "environment": dict(os.environ), "directory": os.getcwd()}
        body = json.dumps(request).encode()
        socket.send_fds(connection, [len(body).to_bytes(_LENGTH)], [sys.stdout.fileno()])
        connection.sendall(body)
        server = int.from_bytes(_received(connection, _LENGTH))
        signal.signal(signal.SIGINT, lambda *_: os.kill(server, signal.SIGINT))
        return int.from_bytes(_received(connection, _LENGTH))


def serve(path: str) -> None:
    """Run what is asked at a socket, one command at a time, until standard input is closed.

    Whoever started it holds that open. When it is closed nobody waits for an answer, and what a
    killed run held must be free: the process ends in the middle of a command too.
    """
    threading.Thread(target=_end_with_whoever_started, daemon=True).start()
    with socket.socket(socket.AF_UNIX) as listener:
        # Before dbt is imported: who asks meanwhile waits.
        listener.bind(path)
        listener.listen()
        # dbt's locks have Python start a process that keeps standard error for good: let it be this
        # process's own and not that of who asks first, whose reader would wait for its end.
        resource_tracker.ensure_running()
        dbt = _Dbt()
        while True:
            ready, _, _ = select.select([listener, sys.stdin], [], [])
            if sys.stdin in ready:
                return
            connection, _ = listener.accept()
            with connection, contextlib.suppress(ConnectionError):
                length, outputs, *_ = socket.recv_fds(connection, _LENGTH, 1)
                if not outputs:
                    continue  # who asked was killed before it said what
                request = json.loads(_received(connection, int.from_bytes(length)))
                connection.sendall(os.getpid().to_bytes(_LENGTH))
                with _printing_to(outputs[0]):
                    code = dbt.run(request)
                connection.sendall(code.to_bytes(_LENGTH))


def _end_with_whoever_started() -> None:
    # Not through Python's buffer, whose lock the end of the interpreter asks for.
    os.read(sys.stdin.fileno(), 1)
    # Time to end in order, for a process that is not in the middle of a command.
    time.sleep(_GRACE_SECONDS)
    os._exit(1)


class _Dbt:
    """dbt in this process, with the project as it was parsed last."""

    def __init__(self) -> None:
        from dbt.cli.main import dbtRunner

        self._runner = dbtRunner
        self._parsed_for: Any = None
        self._manifest: Any = None

    def run(self, request: dict[str, Any]) -> int:
        """Run a command as a process of its own would, and return its exit code."""
        arguments, environment = request["arguments"], request["environment"]
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(request["directory"])
        # The variables are part of a parse, and what the profile reads of the environment.
        variables = arguments[arguments.index("--vars") + 1] if "--vars" in arguments else "{}"
        told = {name: value for name, value in environment.items() if name.startswith(("DBT_", "EQUIPOISE_"))}
        # What passes with the day is read when a model is compiled: a parse stands for all days of a process.
        lasting = {name: value for name, value in json.loads(variables).items() if name not in _PASSING}
        if self._parsed_for != (lasting, told):
            parsed = self._runner().invoke(["--no-write-json", "parse", "--vars", variables])
            if not parsed.success:
                return 1
            self._parsed_for, self._manifest = (lasting, told), parsed.result
        _wait_for_the_warehouse(environment.get("EQUIPOISE_WAREHOUSE", ""))
        # Of what dbt writes the graph reads the results; the manifest it has from its own parse.
        done = self._runner(manifest=self._manifest).invoke(["--no-write-json", *arguments])
        _let_go_of_the_warehouse()
        if hasattr(done.result, "write"):
            done.result.write(str(Path(environment["DBT_TARGET_PATH"]) / "run_results.json"))
        return 0 if done.success else 1


@contextlib.contextmanager
def _printing_to(output: int) -> Iterator[None]:
    """Send what this process prints to a descriptor, which is closed when the block ends."""
    streams = (sys.stdout, sys.stderr)
    own = [os.dup(stream.fileno()) for stream in streams]
    for stream in streams:
        os.dup2(output, stream.fileno())
    os.close(output)
    try:
        yield
    finally:
        for stream, descriptor in zip(streams, own, strict=True):
            stream.flush()
            os.dup2(descriptor, stream.fileno())
            os.close(descriptor)


def _wait_for_the_warehouse(path: str) -> None:
    """Return when nobody else writes: what a killed run had begun holds the warehouse until its grace is over."""
    import duckdb

    ends = time.monotonic() + 2.0 * _GRACE_SECONDS
    while Path(path).is_file() and time.monotonic() < ends:
        try:
            duckdb.connect(path).close()
        except duckdb.IOException:
            time.sleep(0.1)
        else:
            return


def _let_go_of_the_warehouse() -> None:
    """Close what the profile has dbt keep open until its process ends."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    # The environment of its connections; a command that reached no model has none. Private: dbt-duckdb closes it
    # only when its process ends. Until it has a way: 2027-05-31 at the latest.
    if DuckDBConnectionManager._ENV is not None:
        DuckDBConnectionManager._ENV.close()
        DuckDBConnectionManager.close_all_connections()


def _received(connection: socket.socket, length: int) -> bytes:
    received = b""
    while len(received) < length:
        part = connection.recv(length - len(received))
        if not part:
            raise ConnectionError("dbt has ended")
        received += part
    return received


if __name__ == "__main__":
    role, socket_path, *rest = sys.argv[1:]
    if role == "ask":
        sys.exit(ask(socket_path, rest))
    with contextlib.suppress(KeyboardInterrupt):
        serve(socket_path)
