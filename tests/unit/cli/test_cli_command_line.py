"""The command line itself: help, errors, streams, exit codes."""

import datetime as dt
import errno
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Annotated, Any

import pytest
import typer
from unit.cli.tiny_network import Equipoise

from assets.kernel.errors import EquipoiseError
from assets.kernel.home import NetworkHome
from orchestration.cli import application, console, errors, reading
from orchestration.cli.application import COMMANDS
from orchestration.cli.command import command
from orchestration.cli.console import Output

HEAVY = ("pandas", "dagster", "duckdb", "sqlalchemy", "pyarrow", "pydantic")


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_json_debug_and_one_line_of_help(name: str) -> None:
    listed = COMMANDS[name]
    assert "\n" not in listed.summary
    assert listed.summary.endswith(".")
    loaded: Any = application.load(name)
    leaves = [loaded, *getattr(loaded, "commands", {}).values()][-1:]
    options = {option for leaf in leaves for parameter in leaf.params for option in parameter.opts}
    assert {"--json", "--debug"} <= options


def test_help_lists_every_command_and_imports_none_of_them() -> None:
    program = (
        "import sys\n"
        "from orchestration.cli import application\n"
        "code = application.run(['--help'])\n"
        f"loaded = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "sys.exit(f'imported {loaded}' if loaded else code)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert all(name in done.stdout for name in COMMANDS)


def test_a_command_that_does_not_exist_suggests_one(equipoise: Equipoise) -> None:
    said = equipoise("order")
    assert said.code == 2
    assert "Did you mean 'orders'" in said.err
    assert said.err.count("\n") == 1


@pytest.mark.parametrize("text", ["2026-13-01", "yesterday", "20260301x"])
def test_a_date_that_is_none_is_one_line(equipoise: Equipoise, text: str) -> None:
    for name in ("plan", "orders", "replay", "verdicts"):
        said = equipoise(name, "--date", text)
        assert said.code == 2
        assert said.err.count("\n") == 1
        assert "YYYY-MM-DD" in said.err


def test_without_a_network_every_reading_command_says_what_to_run(equipoise: Equipoise) -> None:
    for name in ("orders", "verdicts", "alerts", "replay", "plan"):
        said = equipoise(name)
        assert said.code == 1
        assert said.out == ""
        assert "no network is active. Run `equipoise demo`" in said.err


def test_a_setting_that_does_not_validate_names_its_variable(
    equipoise: Equipoise, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EQUIPOISE_NIGHTLY_HOUR", "late")
    said = equipoise("orders")
    assert said.code == 1
    assert said.err.startswith("EQUIPOISE_NIGHTLY_HOUR: ")


@pytest.fixture
def having(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., None]], None]:
    """Give the command line a further command called `trial`."""

    def add(body: Callable[..., None]) -> None:
        monkeypatch.setattr(sys.modules[__name__], "trial", command(needs=None)(body), raising=False)
        monkeypatch.setitem(COMMANDS, "trial", application.Listed("x:trial", "A trial.", "Start"))
        monkeypatch.setitem(sys.modules, "orchestration.cli.x", sys.modules[__name__])

    return add


def test_an_unexpected_error_is_one_line_and_a_traceback_on_request(
    equipoise: Equipoise, having: Callable[[Callable[..., None]], None]
) -> None:
    def body(_out: Output) -> None:
        raise ValueError("two\nlines")

    having(body)
    said = equipoise("trial")
    assert said.code == 1
    assert said.err == ("internal error: ValueError: two lines. Rerun with --debug and report the traceback\n")
    assert "Traceback" in equipoise("trial", "--debug").err


def test_a_full_disk_is_told_with_what_to_do_wherever_it_was_met(
    equipoise: Equipoise, having: Callable[[Callable[..., None]], None]
) -> None:
    def body(_out: Output) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    having(body)
    told = "No space left on device. Make room on the disk and run it again; what was finished is kept\n"
    assert (equipoise("trial").code, equipoise("trial").err) == (1, told)


def test_an_expected_error_inside_a_framework_s_own_is_told_as_it_is(
    equipoise: Equipoise, having: Callable[[Callable[..., None]], None]
) -> None:
    def body(_out: Output) -> None:
        try:
            raise EquipoiseError("is late", where="feed", remedy="Wait")
        except EquipoiseError as error:
            raise RuntimeError("step failed") from error

    having(body)
    said = equipoise("trial")
    assert (said.code, said.err) == (1, "feed: is late. Wait\n")


def test_a_bug_met_while_an_expected_error_is_handled_is_not_told_as_that_error(
    equipoise: Equipoise, having: Callable[[Callable[..., None]], None]
) -> None:
    def body(_out: Output) -> None:
        try:
            raise EquipoiseError("is late", where="feed", remedy="Wait")
        except EquipoiseError as error:
            raise KeyError(error.where)  # noqa: B904 - the bug that must not be hidden

    having(body)
    assert equipoise("trial").err.startswith("internal error: KeyError: 'feed'.")


def test_an_expected_error_that_a_framework_wrapped_in_passing_is_told_unless_it_says_not_to() -> None:
    class WrappingError(Exception):
        """An error of a framework."""

    WrappingError.__module__ = "dagster._core.errors"
    expected = EquipoiseError("is late", where="feed", remedy="Wait")
    wrapper = WrappingError()
    wrapper.__context__ = expected
    assert errors._cause(wrapper) is expected
    wrapper.__suppress_context__ = True
    assert errors._cause(wrapper) is None


def test_what_a_library_prints_never_reaches_stdout(
    equipoise: Equipoise, having: Callable[[Callable[..., None]], None]
) -> None:
    def body(out: Output, times: Annotated[int, typer.Option()] = 2) -> None:
        sys.stdout.write("chatter\n" * times)
        out.answer({"a": [1.5, None]}, lambda shown: shown.print("for people"))

    having(body)
    said = equipoise("trial", "--json")
    assert said.data == {"a": [1.5, None]}
    assert said.err == ""
    said = equipoise("trial", "--json", "--debug")
    assert said.data == {"a": [1.5, None]}
    assert said.err == "chatter\nchatter\n"
    assert equipoise("trial", "--times", "0").out == "for people\n"


def test_a_folder_that_may_not_be_written_is_one_line_with_a_remedy(
    equipoise: Equipoise, having: Callable[[Callable[..., None]], None]
) -> None:
    def body(_out: Output) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "/home/locks")

    having(body)
    said = equipoise("trial")
    assert said.code == 1
    assert said.err.startswith("/home/locks: Permission denied. Check that")
    assert said.err.count("\n") == 1


@pytest.mark.usefixtures("planned")
@pytest.mark.parametrize("url", ["nonsense", "mysql://a@b/c"])
def test_a_ledger_that_no_url_names_is_one_line(
    equipoise: Equipoise, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("EQUIPOISE_LEDGER_URL", url)
    said = equipoise("orders")
    assert said.code == 1
    assert said.err.startswith("EQUIPOISE_LEDGER_URL: ")
    assert said.err.count("\n") == 1


def test_an_interrupt_ends_with_its_own_code(
    equipoise: Equipoise, having: Callable[[Callable[..., None]], None]
) -> None:
    def body(_out: Output) -> None:
        raise KeyboardInterrupt

    having(body)
    said = equipoise("trial")
    assert said.code == errors.INTERRUPTED
    assert said.err.startswith("interrupted")


def test_a_reader_that_leaves_a_pipe_ends_the_command_quietly() -> None:
    # The reader has left before the first byte, so that every run meets the same broken pipe.
    reader, writer = os.pipe()
    os.close(reader)
    program = "from orchestration.cli import main; main()"
    with os.fdopen(writer, "wb") as pipe:
        shown = subprocess.run(
            [sys.executable, "-c", program, "policy", "show"],
            stdout=pipe,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert "Traceback" not in shown.stderr
    assert "Error" not in shown.stderr


def test_long_and_failed_steps_are_plain_lines_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    with Output.on_terminal(json=False) as out, out.steps("Planning") as on_step:
        on_step("raw", "started", 0.0)
        on_step("raw", "done", 1.25)
        on_step("short", "done", 0.01)
        on_step("verdicts", "failed", 0.2)
    assert capsys.readouterr().err == "  raw: 1.2 s\n  verdicts: failed, 0.2 s\n"


def test_steps_are_silent_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    with Output.on_terminal(json=True) as out, out.steps("Planning") as on_step:
        on_step("raw", "done", 1.25)
    assert capsys.readouterr() == ("", "")


def test_values_are_plain_json() -> None:
    import numpy as np
    import pandas as pd

    given = {"a": np.int64(3), "b": np.array([1.0, np.nan]), "c": pd.NaT, "d": pd.Timestamp("2026-01-02 03:04")}
    assert reading.plain(given) == {"a": 3, "b": [1.0, None], "c": None, "d": "2026-01-02T03:04:00"}
    assert reading.plain(dt.date(2026, 1, 2)) == "2026-01-02"
    assert type(reading.plain(np.int64(3))) is int


def test_markup_in_data_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    with Output.on_terminal(json=False) as out:
        out.answer(None, lambda shown: shown.print(console.table("T", ["a"], [["[red]x[/red]"]])))
    assert "[red]x[/red]" in capsys.readouterr().out


@pytest.mark.usefixtures("network")
def test_the_policy_that_decides_is_shown(equipoise: Equipoise) -> None:
    [release] = [r for r in equipoise("policy", "list", "--json").data if r["stage"] == "active"]
    assert equipoise("policy", "show", "--json").data["version"] == release["version"]
    assert release["version"] in equipoise("policy", "show", release["name"]).out
    said = equipoise("policy", "show", "nothing")
    assert said.code == 1
    assert "no policy release is called 'nothing'" in said.err


def test_a_network_whose_profile_is_broken_is_one_line(equipoise: Equipoise, network: NetworkHome) -> None:
    (network.root / "network.yaml").write_text("name: [")
    said = equipoise("orders")
    assert said.code == 1
    assert said.err.count("\n") == 1
    assert "Correct the file" in said.err


@pytest.mark.usefixtures("network")
def test_before_the_first_plan_reading_names_the_command_to_run(equipoise: Equipoise) -> None:
    said = equipoise("orders")
    assert said.code == 1
    assert "nothing is planned yet. Run `equipoise plan`" in said.err
