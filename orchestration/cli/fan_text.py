"""A series and its forecast drawn as text: bars of past buckets, and the fan of cumulative demand ahead.

Every mark differs in shape, not only in colour, so that a pipe loses nothing. Not here: what is
read (``forecast``), and the PNG (``assets.forecasting.pages.fan_chart``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from assets.kernel.telling import Record

LEVELS = ("0.05", "0.2", "0.5", "0.8", "0.95")
"""Quantiles that are printed; the JSON has all."""
BAND_MARKS = (("0.05", "0.95", "░"), ("0.2", "0.8", "▒"), ("0.4", "0.6", "▓"))
MEDIAN_MARK, WHOLE_MARK, LEAST_MARK, UNKNOWN_MARK = "┃", "█", "▒", "?"
SPARKS = "_▁▂▃▄▅▆▇█"
_DATE, _NUMBER, _MARGIN = 11, 7, 2
_STYLES = {"░": "bright_black", "▒": "cyan", "▓": "cyan", MEDIAN_MARK: "bold"}
PAST_ROWS, PATH_ROWS = 14, 5


def show_history(console: Console, history: Sequence[Record], bucket: str) -> None:
    """Print what the last buckets asked for, as bars in base units a bucket."""
    recent = list(history)[-PAST_ROWS:]
    console.print()
    console.print(Text(f"Demand of the last {len(recent)} {bucket}s, units a {bucket}", "bold"))
    if not recent:
        console.print("nothing is known before the plan date")
        return
    room = console.width - _DATE - _NUMBER - _MARGIN - len(" at least")
    most = max([float(row["demand_units"] or 0.0) for row in recent] + [1.0])
    for row in recent:
        _line(console, Text(_past_line(row, most, room)))
    if len(history) > len(recent):
        shown = list(history)[-(console.width - 20) :]
        _line(console, Text(f"last {len(shown)} {bucket}s: {sparkline(shown)}"))


def _past_line(row: Record, most: float, room: int) -> str:
    start = f"{day(row['bucket_start']):<{_DATE}}"
    if row["known"] == "nothing":
        return f"{start}{UNKNOWN_MARK:>{_NUMBER}}  not reported"
    units, least = float(row["demand_units"]), row["known"] == "at_least"
    bar = (LEAST_MARK if least else WHOLE_MARK) * (round(units / most * room) or int(units > 0))
    return f"{start}{number(units):>{_NUMBER}}  {bar}{' at least' if least else ''}".rstrip()


def sparkline(history: Sequence[Record]) -> str:
    """Return one character a bucket; ``?`` where the whole demand is not known.

    >>> sparkline([{"demand_units": 0.0, "known": "whole"}, {"demand_units": 8.0, "known": "whole"},
    ...            {"demand_units": 3.0, "known": "at_least"}])
    '_█?'
    """
    most = max([float(row["demand_units"] or 0.0) for row in history] + [1e-9])
    top = len(SPARKS) - 1
    return "".join(
        SPARKS[-(-round(1000 * row["demand_units"]) * top // round(1000 * most)) if most > 1e-3 else 0]
        if row["known"] == "whole"
        else UNKNOWN_MARK
        for row in history
    )


def show_fan(console: Console, forecast: Sequence[Record], bucket: str, protection_buckets: int | None) -> None:
    """Print each bucket ahead: its expected demand, and quantiles of demand added up to its end, as a fan."""
    console.print()
    console.print(Text(f"Forecast: units expected a {bucket}, and quantiles of demand added up to its end", "bold"))
    if not forecast:
        console.print("nothing is forecast")
        return
    percents = "".join(f"{100 * float(level):.0f} %".rjust(_NUMBER - 1) for level in LEVELS)
    room = max(console.width - _DATE - _NUMBER - len(percents) - 2 * _MARGIN, 8)
    most = max(float(forecast[-1]["quantiles"][LEVELS[-1]]), 1e-9)
    _line(console, Text(f"{'':<{_DATE}}{'units':>{_NUMBER}}{percents}  0{number(most):>{room - 1}}"))
    for row in forecast:
        # The bucket in which review and lead time end.
        ends = protection_buckets is not None and row["bucket_index"] == protection_buckets - 1
        _line(console, _ahead_line(row, most, room, ends))
    told = "░ 90 %, ▒ 60 %, ▓ 20 % band, ┃ median"
    console.print(told + ("; < review and lead time end" if protection_buckets else ""), markup=False)


def _ahead_line(row: Record, most: float, room: int, ends: bool) -> Text:
    line = Text(f"{day(row['bucket_start']):<{_DATE}}{number(row['mean_units']):>{_NUMBER}}")
    line.append("".join(f"{number(row['quantiles'][level]):>{_NUMBER - 1}}" for level in LEVELS) + "  ")
    for mark in fan(row["quantiles"], most, room).rstrip():
        line.append(mark, _STYLES.get(mark, ""))
    return line.append(" <" if ends else "")


def fan(quantiles: dict[str, float], most: float, room: int) -> str:
    """Return one row of the fan, ``room`` characters from 0 to ``most`` units.

    >>> levels = {"0.05": 1.0, "0.2": 3.0, "0.4": 4.0, "0.5": 5.0, "0.6": 6.0, "0.8": 7.0, "0.95": 9.0}
    >>> fan(levels, 10.0, 11)
    ' ░░▒▓┃▓▒░░ '
    """
    cells = [" "] * room

    def place(level: str) -> int:
        return min(max(round(quantiles[level] / most * (room - 1)), 0), room - 1)

    for low, high, mark in BAND_MARKS:
        cells[place(low) : place(high) + 1] = mark * (place(high) - place(low) + 1)
    cells[place("0.5")] = MEDIAN_MARK
    return "".join(cells)


def show_paths(console: Console, paths: Sequence[Sequence[int]], seed: int, bucket: str) -> None:
    """Print possible futures: the first of them by bucket, and how their sums spread."""
    console.print()
    console.print(Text(f"{len(paths):,} possible futures, units a {bucket} (seed {seed}; the JSON has all)", "bold"))
    for path in paths[:PATH_ROWS]:
        _line(console, Text(f"{sum(path):>{_NUMBER},}  {' '.join(str(units) for units in path)}"))
    sums = sorted(sum(path) for path in paths)
    low, middle, high = (sums[min(int(share * len(sums)), len(sums) - 1)] for share in (0.1, 0.5, 0.9))
    console.print(f"Sums: 10 % below {low:,}, half below {middle:,}, 10 % above {high:,} units.", markup=False)


def day(text: str) -> str:
    """Return a date as a planner reads it.

    >>> day("2026-11-16")
    'Mon 16 Nov'
    """
    date = dt.date.fromisoformat(text)
    return f"{date:%a} {date.day:>2} {date:%b}"


def number(units: float) -> str:
    """Return units without decimals that say nothing.

    >>> number(0.254), number(12.04), number(1234.5), number(3.0)
    ('0.25', '12.0', '1,234', '3')
    """
    if units == round(units) or abs(units) >= 100:
        return f"{units:,.0f}"
    return f"{units:.1f}" if abs(units) >= 10 else f"{units:.2f}"


def _line(console: Console, line: Text) -> None:
    # A drawing must not be wrapped; whoever prints it has counted the columns.
    console.print(line, no_wrap=True, overflow="crop")
