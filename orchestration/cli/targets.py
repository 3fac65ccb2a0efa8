"""`equipoise targets`: what the stock targets of a plan promise, and what other ones would do.

Not here: setting or comparing targets (``assets.inventory``). Nothing is changed: it is shown before it acts.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from assets.kernel.errors import EquipoiseError
from assets.kernel.frames.targets import TARGET_SERVICE
from assets.kernel.home import NetworkHome
from assets.kernel.published import Published
from assets.kernel.telling import Record, plain
from assets.policy.access import Permission
from orchestration.cli.command import PlanDate, command
from orchestration.cli.console import Output, percent, table
from orchestration.cli.reading import open_network, planned_date

if TYPE_CHECKING:
    import pandas as pd

    from assets.inventory.situation import Situation
    from assets.inventory.what_if import Change
    from assets.policy.release import Release

_TODAY = "now"
_CHOICES = {
    "least": "least stock", "now": "as it is", "then": "if it were changed", "uniform": "one service for all",
}  # fmt: skip


@command(needs=Permission.READ_ORDERS)
def targets(
    out: Output,
    date: PlanDate = None,
    budget: Annotated[
        str | None,
        typer.Option(
            metavar="AMOUNT|now",
            help="Show what this much money in the stores' base stock would do where it earns most.",
        ),
    ] = None,
    service: Annotated[
        float | None, typer.Option(help="Show what one cycle service for all stores would do, such as 0.97.")
    ] = None,
) -> None:
    """Show service, stock and money that the targets promise, or what other targets of the stores would do."""
    if budget is not None and service is not None:
        raise typer.BadParameter("give --budget or --service, not both")
    if service is not None and not 0.0 < service < 1.0:
        raise typer.BadParameter(f"--service {service} is not between 0 and 1")
    home = open_network()
    plan_date = planned_date(Published(home.published), TARGET_SERVICE, date)
    if budget is None and service is None:
        found = gather(home, plan_date)
        out.answer(found, lambda console: _show(console, found))
        return
    changed = gather_change(home, plan_date, _amount(budget), service)
    out.answer(changed, lambda console: _show_change(console, changed))


def gather(home: NetworkHome, plan_date: dt.date) -> Record:
    """Return what the targets of a date promise by echelon, and by segment."""
    from assets.inventory.target_service import service_by_echelon

    rows = Published(home.published).read(TARGET_SERVICE, plan_date)
    return {
        "plan_date": plan_date.isoformat(),
        "currency": home.profile.currency,
        "by_echelon": _records(service_by_echelon(rows)),
        "by_segment": _records(rows.drop(columns="plan_date")),
    }


def gather_change(home: NetworkHome, plan_date: dt.date, amount: float | None, service: float | None) -> Record:
    """Return what another budget (``None`` for today's) or another service would do, by ABC class and in all."""
    from assets.inventory.what_if import by_class, with_budget, with_service
    from assets.kernel.frames.decisions import TARGETS

    known, now = _situation(home, plan_date), Published(home.published).read(TARGETS, plan_date)
    change = with_budget(known, now, amount) if service is None else with_service(known, now, service)
    return {
        "plan_date": plan_date.isoformat(),
        "currency": home.profile.currency,
        "service": service,
        "compared": [{"base_stocks": name, **one} for name, one in change.plans.items()],
        **_mix(change),
        "by_class": _records(by_class(change)),
        "item_sites_changed": int((change.rows["now_units"] != change.rows["then_units"]).sum()),
    }


def _mix(change: Change) -> Record:
    if change.mix is None:
        return {}
    return {
        "mix_saves": change.mix_gain,
        "mix_saves_at_most": max(change.mix.bound, change.mix_gain),
        "uniform_amount": change.uniform_amount,
        "uniform_saves": change.uniform_gain,
    }


def _situation(home: NetworkHome, plan_date: dt.date) -> Situation:
    from assets.inventory.master_data import MasterData
    from assets.inventory.situation import situation_of
    from assets.kernel.frames import forecasts, marts

    read = (
        forecasts.DEMAND_FORECAST, forecasts.LEAD_TIME, marts.DIM_ITEM_SITE, marts.DIM_SITE, marts.DIM_LANE,
        marts.DIM_SOURCING, marts.DIM_ITEM, marts.FEAT_ITEM_SITE,
    )  # fmt: skip
    published = Published(home.published)
    release = _release_of(home, published, plan_date)
    forecast, lead_times, *master = (published.read(frame, plan_date) for frame in read)
    return situation_of(forecast, lead_times, MasterData(*master), release, home.profile.calendar, plan_date)


def _release_of(home: NetworkHome, published: Published, plan_date: dt.date) -> Release:
    """Return the release that decided a plan: its targets are compared with others by the same rules."""
    from assets.kernel.frames.decisions import PLAN_SUMMARY
    from assets.orders.evidence import joint_plan
    from assets.policy.registry import PolicyRegistry

    decided = joint_plan(published.read(PLAN_SUMMARY, plan_date), plan_date)["policy_release"]
    return PolicyRegistry(own=home.policies).version(str(decided))


def _amount(budget: str | None) -> float | None:
    if budget is None or budget == _TODAY:
        return None
    try:
        amount = float(budget)
    except ValueError as error:
        raise EquipoiseError(
            f"{budget!r} is neither an amount nor `{_TODAY}`", where="--budget", remedy="Give money, such as 250000"
        ) from error
    if not 0.0 <= amount < float("inf"):
        raise EquipoiseError(f"{budget} is no amount of money", where="--budget", remedy="Give 0 or more")
    return amount


def _records(rows: pd.DataFrame) -> list[Record]:
    return [{str(name): plain(value) for name, value in row.items()} for row in rows.to_dict("records")]


def _show(console: Console, found: Record) -> None:
    shares = ["promised_service", "cycle_service", "fill_rate", "ready_rate"]
    columns = ["echelon", "item-sites", "promised", "cycle service", "fill rate", "ready rate"]
    money = [f"stock {found['currency']}", f"targets {found['currency']}"]
    rows = [
        [row["echelon"], row["item_sites"], *(percent(row[name]) for name in shares), row["stock_amount"],
         row["target_amount"]]
        for row in found["by_echelon"]
    ]  # fmt: skip
    console.print(table(f"Targets of {found['plan_date']}, expected", [*columns, *money], rows))


def _show_change(console: Console, found: Record) -> None:
    currency = found["currency"]
    columns = ["class", "item-sites", f"base stock {currency}", "then", "fill rate", "then"]
    columns += [f"shortage {currency} a bucket", "then"]
    rows = [
        [row["abc_class"], row["item_sites"], row["now_amount"], row["then_amount"], percent(row["now_fill_rate"]),
         percent(row["then_fill_rate"]), row["now_shortage_amount"], row["then_shortage_amount"]]
        for row in found["by_class"]
    ]  # fmt: skip
    console.print(table(f"Stores on {found['plan_date']}, if it were changed", columns, rows))
    _show_compared(console, found)
    console.print(f"{found['item_sites_changed']:,} item-sites would have another base stock.", markup=False)
    if "mix_saves" in found:
        told = (
            f"Above the least stock the mix saves {found['mix_saves']:,.2f} {currency} of shortage and holding a bucket"
            f" (no mix of the units looked at saves more than {found['mix_saves_at_most']:,.2f}), one service for all"
            f" {found['uniform_saves']:,.2f}."
        )
        console.print(told, markup=False)


def _show_compared(console: Console, found: Record) -> None:
    currency = found["currency"]
    columns = ["all stores", f"base stock {currency}", "fill rate"]
    columns += [f"{what} {currency} a bucket" for what in ("shortage", "holding", "both")]
    rows = [
        [_CHOICES[row["base_stocks"]], row["amount"], percent(row["fill_rate"]), row["shortage_amount"],
         row["holding_amount"], row["cost_amount"]]
        for row in found["compared"]
    ]  # fmt: skip
    console.print(table("What base stocks of all stores cost, expected", columns, rows))
