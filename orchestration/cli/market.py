"""`equipoise market`: which shared limits were scarce, who negotiated over them, and what was said.

Not here: the market itself (``assets.rebalancing.market``).
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from assets.kernel.errors import EquipoiseError
from assets.kernel.frames.decisions import DECISIONS, PLAN_SUMMARY
from assets.kernel.frames.market import COORDINATION_GRAPH, MARKET_TRANSCRIPT, SHARED_LIMITS
from assets.kernel.published import Published
from assets.kernel.telling import Record, counted
from assets.policy.access import Permission
from orchestration.cli.command import PlanDate, command
from orchestration.cli.console import Output, cell, significant, table
from orchestration.cli.reading import open_network, planned_date, read_if_any

if TYPE_CHECKING:
    from orchestration.access import Access

SHOWN_ROWS, DEAREST = 20, 3
_AWARDED = "awarded"
_WITHHELD = "withheld: beside the other items it would tell the numbers of a sensitive one"


@command(needs=Permission.READ_ORDERS)
def market(
    out: Output,
    date: PlanDate = None,
    limit: Annotated[str | None, typer.Option(metavar="ID", help="Only this limit, or those that start so.")] = None,
    item: Annotated[str | None, typer.Option(metavar="I", help="Only what this item uses, and said.")] = None,
) -> None:
    """Tell which shared limits a plan found scarce, at which prices, who uses them, and what was said of them."""
    home = open_network()
    if item is not None:
        out.access.require_sight_of(item)
    published = Published(home.published)
    found = gather(published, planned_date(published, PLAN_SUMMARY, date), out.access, limit, item)
    found["currency"] = home.profile.currency
    out.answer(found, lambda console: _show(console, found))


def gather(
    published: Published, plan_date: dt.date, access: Access, limit: str | None = None, item: str | None = None
) -> Record:
    """Return what the market of a plan date came to, of everything or of a limit and item.

    Parameters
    ----------
    published : Published
        Tables of the network.
    plan_date : date
        A planned one.
    access : Access
        Who reads: totals that would tell of one item that they may not see are withheld.
    limit, item : str, optional
        A limit, or how its id begins; an item.

    Returns
    -------
    dict
        ``in_short`` (see there), ``limits``, ``uses`` (items and what they use) and ``statements``.

    Raises
    ------
    EquipoiseError
        If the plan knows no such limit or item.
    """
    limits, uses, said = (
        read_if_any(published, frame, plan_date) for frame in (SHARED_LIMITS, COORDINATION_GRAPH, MARKET_TRANSCRIPT)
    )
    short = _short(published, plan_date, limits, said)
    hidden = _telling(uses, access)
    if limit is not None:
        names = {row["limit_id"] for row in limits}
        names = {limit} if limit in names else {name for name in names if name.startswith(limit)}
        _require(names, "shared limit", limit, f"`equipoise market --date {plan_date}` lists them; --json has all")
        limits = [row for row in limits if row["limit_id"] in names]
        uses = [row for row in uses if row["limit_id"] in names]
        said = [row for row in said if row["subject"] in names]
    if item is not None:
        planned = {row["item_id"] for row in read_if_any(published, DECISIONS, plan_date)}
        _require(planned & {item}, "item", item, "Name an item of the plan, as `equipoise orders` shows them")
        uses = [row for row in uses if row["item_id"] == item]
        limits = [row for row in limits if row["limit_id"] in {use["limit_id"] for use in uses}]
        said = [row for row in said if row["subject"] == item]
    return {
        "plan_date": plan_date.isoformat(),
        "in_short": short,
        "narrow": limit is not None or item is not None,
        "limits": [_withheld(row, hidden, "limit_id") for row in limits],
        "uses": sorted(uses, key=lambda row: (-row["paid_amount"], -row["used"], row["item_id"], row["limit_id"])),
        "statements": [_withheld(row, hidden, "subject") for row in said],
    }  # fmt: skip


def in_short(published: Published, plan_date: dt.date) -> Record | None:
    """Return how many limits were scarce and items negotiated, and the dearest limits; ``None`` without limits."""
    limits = read_if_any(published, SHARED_LIMITS, plan_date)
    return _short(published, plan_date, limits, read_if_any(published, MARKET_TRANSCRIPT, plan_date))


def show_in_short(console: Console, short: Record | None) -> None:
    """Print what the market of a plan came to in a few lines; nothing where nothing was scarce."""
    if not short or not short["scarce_limits"]:
        return
    scarce, items = (range(short[name]) for name in ("scarce_limits", "negotiated_items"))
    console.print(
        f"{counted(scarce, 'shared limit')} scarce, {counted(items, 'item')} negotiated (`equipoise market`)"
        + (", the dearest:" if short["dearest"] else ""),
        markup=False,
    )
    for name in short["dearest"]:
        console.print(f"  {name}", markup=False, soft_wrap=True)


def _short(published: Published, plan_date: dt.date, limits: list[Record], said: list[Record]) -> Record | None:
    joint = [row for row in read_if_any(published, PLAN_SUMMARY, plan_date) if row["policy"] == "joint_plan"]
    if not joint:
        return None
    priced = [row for row in _ranked(limits) if row["deal"] is not None and row["price"] > 0]
    return {
        "settled_by": joint[0]["settled_by"],
        "limits": len(limits),
        "scarce_limits": joint[0]["scarce_limits"],
        "negotiated_items": len({row["subject"] for row in said if row["outcome"] == _AWARDED}),
        "negotiations": len({row["deal"] for row in said}),
        "rounds": max((row["round"] + 1 for row in said), default=0),
        "dearest": [f"{row['limit_id']}, {significant(row['price'])} a unit" for row in priced[:DEAREST]],
    }


def _ranked(limits: list[Record]) -> list[Record]:
    """Return limits by what the use of them is worth at their prices, then by what is asked for beyond the room."""
    return sorted(limits, key=lambda row: (-row["price"] * row["used"], -row["price"], -_lacks(row), row["limit_id"]))


def _room(row: Record) -> float:
    return max(0.0, float(row["capacity"]) - float(row["fixed"]))


def _lacks(row: Record) -> float:
    return float(row["asked"]) - _room(row) if row["deal"] is not None else 0.0


def _telling(uses: list[Record], access: Access) -> frozenset[Any]:
    """Return the limits whose totals would tell what one item uses that the reader may not see."""
    from assets.policy.masking import groups_that_tell

    users: dict[str, set[str]] = {}
    for row in uses:
        users.setdefault(row["limit_id"], set()).add(row["item_id"])
    hidden = {row["item_id"] for row in uses if access.hides(row["item_id"])}
    return groups_that_tell(users, hidden).groups


def _withheld(row: Record, hidden: frozenset[Any], key: str) -> Record:
    """Return a row without its totals where they would tell."""
    if row[key] not in hidden:
        return row
    blank = {name: None for name in ("asked", "used", "bid") if name in row}
    return {**row, **blank, **({"reason": _WITHHELD} if "reason" in row else {})}


def _require(found: set[str], what: str, name: str, remedy: str) -> None:
    if not found:
        raise EquipoiseError(f"the plan knows no such {what}", where=f"{what} {name}", remedy=remedy)


def _show(console: Console, found: Record) -> None:
    short = found["in_short"]
    if not found["narrow"]:
        _show_head(console, found)
    limits = found["limits"]
    if not found["narrow"]:
        limits = [row for row in limits if row["deal"] is not None]
    if limits:
        _show_limits(console, limits, found["currency"])
    if not found["narrow"]:
        if short and short["negotiations"]:
            console.print("What was said of one: --limit ID or --item I; --json has it all", markup=False)
        return
    _show_uses(console, found)
    _show_statements(console, found["statements"])


def _show_head(console: Console, found: Record) -> None:
    short = found["in_short"]
    if not short or not short["limits"]:
        console.print(f"Nothing that items share is stated for {found['plan_date']}.")
        return
    console.print(
        f"Plan of {found['plan_date']}: {short['limits']:,} shared limits, {short['scarce_limits']:,} of them scarce; "
        f"{short['negotiated_items']:,} items negotiated in {short['negotiations']:,} separate deals, up to "
        f"{short['rounds']:,} rounds; settled by {short['settled_by']}",
        markup=False,
    )  # fmt: skip


def _show_limits(console: Console, limits: list[Record], currency: str) -> None:
    known = [row for row in limits if row["used"] is not None]
    ranked = _ranked(known) + [row for row in limits if row["used"] is None]
    rows = [
        [row["limit_id"], row["unit"], _room(row), row["asked"], row["used"], significant(row["price"]),
         None if row["used"] is None else row["price"] * row["used"]]
        for row in ranked[:SHOWN_ROWS]
    ]  # fmt: skip
    heads = ["limit", "unit", "room", "asked", "used", f"price {currency}", f"worth {currency}"]
    console.print(table("Shared limits, the dearest use first", heads, rows, right=[f"price {currency}"]))
    _more(console, len(limits))


def _show_uses(console: Console, found: Record) -> None:
    uses = [row for row in found["uses"] if row["used"]]
    if not uses:
        console.print("Nothing of it is used that can bind.")
        return
    rows = [[row["item_id"], row["limit_id"], row["used"], row["paid_amount"]] for row in uses[:SHOWN_ROWS]]
    heads = ["item", "limit", "uses", f"at its price {found['currency']}"]
    console.print(table("Who uses what", heads, rows))
    _more(console, len(uses))


def _show_statements(console: Console, said: list[Record]) -> None:
    if not said:
        console.print("Nobody said anything of it: it was not negotiated over.")
        return
    rows = [
        [row["round"], row["agent"].replace("_", " "), row["subject"], row["bid"], significant(row["price"]),
         row["outcome"], row["reason"]]
        for row in said[-SHOWN_ROWS:]
    ]  # fmt: skip
    heads = ["round", "who", "of", "bid", "price", "outcome", "reason"]
    console.print(table(f"{counted(said, 'statement')}, the last ones", heads, rows, right=["price"]))
    _more(console, len(said))


def _more(console: Console, count: int) -> None:
    if count > SHOWN_ROWS:
        console.print(f"and {cell(count - SHOWN_ROWS)} more; --json has them all", markup=False)
