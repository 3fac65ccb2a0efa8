"""How an error ends a command: one line on stderr and an exit code.

Whatever is said goes through what the reader may see. Not here: what can go wrong; each capability raises
``EquipoiseError`` with its own remedy.
"""

from __future__ import annotations

import errno
import sys
import traceback
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from assets.kernel.errors import EquipoiseError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_MAKE_ROOM = "Make room on the disk and run it again; what was finished is kept"
FAILED, USAGE, INTERRUPTED = 1, 2, 130
_FRAMEWORKS = {"click", "dagster", "dagster_dbt", "pydantic", "pydantic_core", "typer"}
_SEEN: ContextVar[Callable[[str], str] | None] = ContextVar("what the reader may see", default=None)


def hide_by(shown: Callable[[str], str] | None) -> None:
    """Have errors told as ``shown`` lets them be told, from now on; as they are if ``None``."""
    _SEEN.set(shown)


def failure(error: Exception, *, debug: bool) -> int:
    """Tell ``error`` in one line and return the exit code.

    Parameters
    ----------
    error : Exception
        What stopped the command.
    debug : bool
        Whether to print the traceback before it.
    """
    if debug:
        sys.stderr.write(_seen("".join(traceback.format_exception(error))))
    expected = _cause(error)
    if expected is not None:
        return _say(str(expected), FAILED)
    if isinstance(error, OSError) and error.errno in _FULL:
        where = f"{error.filename}: " if error.filename else ""
        return _say(f"{where}{_one_line(str(error.strerror))}. {_MAKE_ROOM}", FAILED)
    if isinstance(error, OSError) and error.filename:
        remedy = "Check that it is there, that you may read and write it, and that EQUIPOISE_HOME is the folder meant"
        return _say(f"{error.filename}: {_one_line(str(error.strerror))}. {remedy}", FAILED)
    kind = type(error).__name__
    remedy = "Please report it with the traceback above" if debug else "Rerun with --debug and report the traceback"
    return _say(f"internal error: {kind}: {_one_line(str(error)) or 'no message'}. {remedy}", FAILED)


def usage(error: Any) -> int:
    """Tell a wrong argument in one line and return the exit code."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "equipoise"
    if type(error).__name__ == "NoArgsIsHelpError":
        # Its message is the help itself.
        sys.stderr.write(error.format_message().rstrip() + "\n")
        return USAGE
    return _say(f"{path}: {_one_line(error.format_message()).rstrip('.')}. Try `{path} --help`", USAGE)


def interrupted() -> int:
    """Say that a person stopped the command and return the exit code."""
    return _say("interrupted: what was finished is kept. Run the command again to go on", INTERRUPTED)


def _cause(error: BaseException | None) -> EquipoiseError | None:
    """Return the expected error that ``error`` was raised from, or that a framework wrapped.

    What was merely being handled when our own code broke is not what broke it.
    """
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, EquipoiseError):
            return error
        seen.add(id(error))
        wrapped = error.__context__ if _is_of_a_framework(error) and not error.__suppress_context__ else None
        error = error.__cause__ or wrapped
    return None


def _is_of_a_framework(error: BaseException) -> bool:
    return type(error).__module__.partition(".")[0] in _FRAMEWORKS


def _say(line: str, code: int) -> int:
    sys.stderr.write(_seen(line) + "\n")
    return code


def _seen(text: str) -> str:
    """Return a text as the reader may see it; nothing of it where that cannot be told."""
    shown = _SEEN.get()
    if shown is None:
        return text
    try:
        return shown(text)
    except Exception as error:
        return f"the error cannot be shown, because the access log cannot be written ({type(error).__name__})"


def _one_line(text: str) -> str:
    return " ".join(text.split())
