"""`equipoise kpis`: the key figures of a plan, by site, echelon, segment or release.

Not here: what a key figure is, or its sums (``assets.monitoring.kpis``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from assets.kernel.errors import EquipoiseError
from assets.kernel.frames.kpis import KPI_DIMENSIONS, KPI_WINDOWS, KPIS, NETWORK
from assets.kernel.home import NetworkHome
from assets.kernel.published import Published
from assets.kernel.telling import Record, plain
from assets.policy.access import Permission
from orchestration.cli.command import PlanDate, command
from orchestration.cli.console import Output, cell, percent, significant, table
from orchestration.cli.reading import open_network, planned_date

if TYPE_CHECKING:
    import datetime as dt

    from assets.monitoring.kpis.definitions import Kpi

_TOLD_BY_MEMBER = ("fill_rate", "cycle_service", "stock_out_days", "lost_sales", "days_of_inventory", "otif")
_COLUMNS = ("value", "previous_value", "numerator", "denominator")


@command(needs=Permission.READ_ORDERS)
def kpis(
    out: Output,
    date: PlanDate = None,
    by: Annotated[str, typer.Option(metavar="|".join(KPI_DIMENSIONS), help="What to tell them by.")] = NETWORK,
    window: Annotated[int, typer.Option(metavar="|".join(map(str, KPI_WINDOWS)), help="Days looked back.")] = 28,
    kpi: Annotated[list[str] | None, typer.Option(help="Only this one; may be given several times.")] = None,
) -> None:
    """Show the key figures of a plan date, and what they were in the window before."""
    _require(by, KPI_DIMENSIONS, "--by")
    _require(window, KPI_WINDOWS, "--window")
    chosen = _chosen(kpi or [])
    home = open_network()
    plan_date = planned_date(Published(home.published), KPIS, date)
    found = gather(home, plan_date, by, window, chosen)
    out.answer(found, lambda console: _show(console, found, narrow=bool(kpi)))


def gather(home: NetworkHome, plan_date: dt.date, by: str, window: int, kpis: Sequence[Kpi]) -> Record:
    """Return key figures of a plan date and window by the members of a dimension, as they are defined."""
    from assets.monitoring.kpis.page import change_of

    rows = Published(home.published).read(KPIS, plan_date)
    rows = rows[(rows["window_days"] == window) & (rows["dimension"] == by)]
    told = []
    for defined in kpis:
        for row in rows[rows["kpi"] == defined.name].to_dict("records"):
            change = change_of(row["value"], row["previous_value"], defined.better)
            figures = {name: plain(row[name]) for name in _COLUMNS}
            told.append({"kpi": defined.name, "member": row["member"], **figures, "change": change})
    return {
        "plan_date": plan_date.isoformat(),
        "window_days": window,
        "dimension": by,
        "currency": home.profile.currency,
        "key_figures": told,
        "definitions": [
            {
                "kpi": defined.name, "formula": defined.formula, "unit": defined.unit, "grain": defined.grain,
                "better": str(defined.better), "source": defined.source,
            }
            for defined in kpis
        ],
    }  # fmt: skip


def _chosen(names: Sequence[str]) -> list[Kpi]:
    from assets.monitoring.kpis.definitions import KEY_FIGURES, kpi_named

    return [kpi_named(name) for name in dict.fromkeys(names)] or list(KEY_FIGURES)


def _require(given: object, allowed: Sequence[object], where: str) -> None:
    if given not in allowed:
        raise EquipoiseError(
            f"{given} is not among those there are", where=where, remedy=f"One of {', '.join(map(str, allowed))}"
        )


def _show(console: Console, found: Record, *, narrow: bool) -> None:
    units = {defined["kpi"]: defined["unit"] for defined in found["definitions"]}
    title = f"Key figures of the {found['window_days']} days before {found['plan_date']}"
    if found["dimension"] == NETWORK or narrow:
        _show_figures(console, found, title, units)
    else:
        _show_members(console, found, title, units)
    unmeasured = [name for name in units if all(row["value"] is None for row in _of(found, name))]
    if unmeasured:
        console.print(f"Not measured, for nothing was counted: {_few(unmeasured)}.", markup=False)


def _show_figures(console: Console, found: Record, title: str, units: dict[str, str]) -> None:
    rows = [
        [row["kpi"], row["member"], _told(row["value"], units[row["kpi"]]),
         _told(row["previous_value"], units[row["kpi"]]), row["change"], _unit(units[row["kpi"]], found["currency"])]
        for row in found["key_figures"] if row["value"] is not None
    ]  # fmt: skip
    columns = ["key figure", found["dimension"], "value", "before", "change", "unit"]
    console.print(table(title, columns, rows, right=("value", "before")))


def _show_members(console: Console, found: Record, title: str, units: dict[str, str]) -> None:
    told = [name for name in _TOLD_BY_MEMBER if name in units]
    members = sorted({row["member"] for row in found["key_figures"]})
    values = {(row["kpi"], row["member"]): row["value"] for row in found["key_figures"]}
    rows = [[member, *(_told(values.get((name, member)), units[name]) for name in told)] for member in members]
    headings = [name.replace("_", " ") for name in told]
    console.print(table(title, [found["dimension"], *headings], rows, right=headings))
    console.print("Others: --kpi NAME, or --json.", markup=False)


def _of(found: Record, kpi: str) -> list[Record]:
    return [row for row in found["key_figures"] if row["kpi"] == kpi]


def _few(names: list[str]) -> str:
    """Return names with the quantiles, which come one after another, shortened."""
    quantiles = [name for name in names if name.startswith("below_q")]
    span = [f"{quantiles[0]} to {quantiles[-1]}"] if quantiles else []
    return ", ".join([name for name in names if name not in quantiles] + span)


def _told(value: float | None, unit: str) -> str:
    if unit == "share":
        return percent(value)
    return cell(value) if unit == "currency" else significant(value)


def _unit(unit: str, currency: str) -> str:
    return unit.replace("currency", currency)
