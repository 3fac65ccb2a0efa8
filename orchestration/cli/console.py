"""Output: data on stdout, talk on stderr, progress where somebody watches.

What the reader may not see is hidden here, in whatever a command answers or says. Not here: what any command
says. Whatever a library prints while a command runs is kept off stdout, so that it holds the answer and
nothing else.
"""

from __future__ import annotations

import json as json_text
import math
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from orchestration.access import Access

Shown = TypeVar("Shown")

PIPE_WIDTH = 120
"""Columns of a table that no terminal limits."""
WORTH_SAYING_SECONDS = 2.0
_DIGITS = 4
LONG_STEP_SECONDS = 0.5
"""Shorter steps that ended well are not told: a run has dozens of them."""


@dataclass(frozen=True)
class Output:
    """Where a command puts what it has to say.

    Parameters
    ----------
    data, talk : file
        Streams of the answer and of everything else.
    json : bool
        Whether the answer is JSON.
    reader : Access or None
        Who reads; ``None`` where no network is read.
    """

    data: IO[str]
    talk: IO[str]
    json: bool = False
    reader: Access | None = None

    @classmethod
    @contextmanager
    def on_terminal(cls, *, json: bool, debug: bool = False) -> Iterator[Output]:
        """Give the process's streams to one command, and its stdout to nobody else.

        What libraries print there meanwhile (dbt tells each model it makes) is shown on stderr
        if ``debug``, and nowhere else; Dagster keeps what a step said.
        """
        data, talk = sys.stdout, sys.stderr
        with redirect_stdout(talk) if debug else _silenced():
            yield cls(data, talk, json)

    def for_eyes_of(self, reader: Access) -> Output:
        """Return the output for somebody, which hides what they may not see."""
        return replace(self, reader=reader)

    @property
    def access(self) -> Access:
        """Who is at work, of a command that declared what it needs."""
        if self.reader is None:
            raise RuntimeError("the command declared no permission")
        return self.reader

    def shown(self, data: Shown) -> Shown:
        """Return what the reader may see; that they saw sensitive items is written down first."""
        return data if self.reader is None else self.reader.shown(data)

    def answer(self, data: Any, show: Callable[[Console], None]) -> None:
        """Print the answer: ``data`` as JSON, or what ``show`` makes of it for people."""
        told = self.shown(data)
        if self.json:
            self.data.write(json_text.dumps(told, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
        else:
            show(_console(self.data, self.shown))

    def say(self, line: str) -> None:
        """Say one line beside the answer."""
        self.talk.write(self.shown(line) + "\n")

    def say_each(self, lines: Iterable[str]) -> None:
        """Say lines beside the answer."""
        for line in lines:
            self.say(line)

    @contextmanager
    def working(self, what: str) -> Iterator[None]:
        """Show that ``what`` is going on, and how long it took if that was worth saying."""
        started = time.monotonic()
        if self.json:
            yield
            return
        with self._spinner(what):
            yield
        if (spent := time.monotonic() - started) >= WORTH_SAYING_SECONDS:
            self.say(f"{what}: {spent:.1f} s")

    @contextmanager
    def steps(self, what: str) -> Iterator[Callable[[str, str, float], None]]:
        """Show the steps of a long work as they start and end.

        Yields
        ------
        callable
            Takes a step's name, its state (started, done or failed) and its seconds.
        """
        if self.json:
            yield lambda _name, _state, _seconds: None
            return
        with self._spinner(what) as spinner:

            def on_step(name: str, state: str, seconds: float) -> None:
                if state == "started":
                    spinner(f"{what}: {name}")
                elif state != "done" or seconds >= LONG_STEP_SECONDS:
                    self.say(f"  {name}: {'' if state == 'done' else state + ', '}{seconds:.1f} s")

            yield on_step

    @contextmanager
    def _spinner(self, what: str) -> Iterator[Callable[[str], None]]:
        console = _console(self.talk)
        if not console.is_terminal:
            yield lambda _text: None
            return
        with console.status(what) as status:
            yield lambda text: status.update(text)


@contextmanager
def _silenced() -> Iterator[None]:
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        yield


class HidingConsole(Console):
    """A console that shows of text and tables what the reader may see, before they are folded into lines.

    Parameters
    ----------
    shown : callable
        Returns what may be seen of a text or a row.
    """

    def __init__(self, shown: Callable[[Any], Any], **options: Any) -> None:
        super().__init__(**options)
        self._shown = shown

    def print(self, *objects: Any, **options: Any) -> None:
        """Print texts and tables of texts, with what is hidden replaced by labels."""
        super().print(*(self._seen(one) for one in objects), **options)

    def _seen(self, one: Any) -> Any:
        match one:
            case str():
                return self._shown(one)
            case Text():
                told = self._shown(one.plain)
                return one if told == one.plain else Text(told, one.style)
            case Table():
                return self._row_by_row(one)
        raise TypeError(f"{type(one).__name__} cannot be looked through for what must be hidden")

    def _row_by_row(self, made: Table) -> Table:
        columns = [[_plain(cell) for cell in column.cells] for column in made.columns]
        title = None if made.title is None else self._shown(_plain(made.title))
        told = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
        for column in made.columns:
            told.add_column(_plain(column.header), justify=column.justify, overflow="fold")
        for row in zip(*columns, strict=True):
            told.add_row(*(Text("" if value is None else value) for value in self._shown(row)))
        return told


def _plain(text: Any) -> str:
    return text.plain if isinstance(text, Text) else str(text)


def _console(stream: IO[str], shown: Callable[[Any], Any] = lambda told: told) -> Console:
    terminal = stream.isatty()
    return HidingConsole(shown, file=stream, width=None if terminal else PIPE_WIDTH, highlight=False, emoji=False)


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], right: Sequence[str] = ()) -> Table:
    """Return a table for people; columns of numbers are aligned right.

    Parameters
    ----------
    title : str
        What the rows are.
    columns : sequence of str
        Headings.
    rows : sequence of sequences
        Cells; numbers are formatted, everything else is printed as it is.
    right : sequence of str
        Headings of columns that are aligned right too: numbers formatted by the caller.
    """
    made = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for index, heading in enumerate(columns):
        numeric = heading in right or any(_is_number(row[index]) for row in rows)
        made.add_column(heading, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        made.add_row(*(Text(cell(value)) for value in row))
    return made


def cell(value: Any) -> str:
    """Return a value as a person reads it.

    >>> cell(1234.5), cell(12345), cell(None), cell(["a", "b"])
    ('1,234.50', '12,345', '', 'a, b')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.2f}"
    if isinstance(value, (list, tuple)):
        return ", ".join(cell(item) for item in value)
    return str(value)


def percent(share: float | None) -> str:
    """Return a share as a percentage.

    >>> percent(0.01234), percent(None)
    ('1.23 %', '')
    """
    return "" if share is None else f"{share:.2%}".replace("%", " %")


def significant(value: float | None) -> str:
    """Return a number at four significant digits, as what is compared needs them.

    >>> significant(0.0213456), significant(-1.5), significant(12345.6), significant(0.0), significant(None)
    ('0.02135', '-1.500', '12,346', '0', '')
    """
    if value is None:
        return ""
    if value == 0:
        return "0"
    return f"{value:,.{max(_DIGITS - 1 - math.floor(math.log10(abs(value))), 0)}f}"


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
