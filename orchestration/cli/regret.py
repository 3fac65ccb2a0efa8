"""`equipoise regret`: decisions about orders graded by hindsight, in money with low and high bounds.

Who decided is told to whoever may read the access log; others find their own decisions by name, and the rest as
`others`. Not here: judging (``assets/monitoring/regret``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from assets.kernel.telling import Record, counted
from assets.monitoring.regret.words import By
from assets.policy.access import Permission
from orchestration.cli.command import PlanDate, command
from orchestration.cli.console import Output, percent, table
from orchestration.cli.reading import planned_date, records

if TYPE_CHECKING:
    import pandas as pd

    from assets.monitoring.regret.grades import Grade
    from orchestration.access import Access

OTHERS, RULES = "others", "the rules"
_WORST = 10
_SHOWN = (
    "order_id", "line_number", "decision", "reason", "policy_release", "decided_for", "item_id", "origin_id",
    "destination_id", "decided_units", "alternative_units", "value_low_amount", "value_high_amount",
    "regret_low_amount", "regret_high_amount", "hindsight",
)  # fmt: skip


@command(needs=Permission.READ_ORDERS)
def regret(
    out: Output,
    by: Annotated[By, typer.Option("--by", help="What decisions are grouped by.")] = By.DECISION,
    date: PlanDate = None,
) -> None:
    """Say what decisions about orders were worth by hindsight, against not sending or against what the plan wanted.

    Of all plan dates unless `--date` names the one on which outcomes became known. Money has two bounds, because
    demand is unknown where the shelf was empty: `low` counts what sold, `high` what may have been asked for.
    """
    found = gather(out.access, by, date)
    out.answer(found, lambda console: _show(console, out.shown(found)))


def gather(access: Access, by: By, date: Any = None) -> Record:
    """Return the grades of all groups, of all decisions together, and the decisions that may be regretted most."""
    from assets.kernel.frames.monitoring import REGRET
    from assets.kernel.published import Published
    from assets.monitoring.regret.grades import GROUPED, grades, told_once

    published = Published(access.home.published)
    latest = planned_date(published, REGRET, date)
    dates = [latest] if date else published.plan_dates(REGRET.name)
    rows = told_once(published.read(REGRET, one) for one in dates)
    hidden = access.hidden_items(of_orders=set(rows["order_id"]))
    grouped = rows.assign(person=_people(access, rows)) if by is By.PERSON else rows
    told = grades(grouped, GROUPED[by], hidden)
    return {
        "by": by.value,
        "currency": access.home.profile.currency,
        "known_from": dates[0].isoformat(),
        "known_until": latest.isoformat(),
        "groups": [_record(one, GROUPED[by]) for one in told if one.group],
        "all": next((_record(one, ()) for one in told if not one.group), None),
        "most_regretted": _worst(rows),
    }


def _people(access: Access, rows: pd.DataFrame) -> list[str]:
    """Return who decided, by the ledger; of others than the reader only to whoever may read the access log."""
    all_names, own = access.identity.may(Permission.READ_ACCESS_LOG), access.identity.person
    events = {order: access.store.history(order) for order in sorted(set(rows["order_id"]))}
    people = []
    for order, version in zip(rows["order_id"], rows["event_version"], strict=True):
        by = getattr(events[order][version - 1].event, "by", ()) if len(events[order]) >= version else ()
        person = by if isinstance(by, str) else ""
        people.append(RULES if not person else person if all_names or person == own else OTHERS)
    return people


def _record(grade: Grade, names: tuple[str, ...]) -> Record:
    from assets.monitoring.regret.grades import MONEY
    from assets.monitoring.regret.page import meaning_of

    told: Record = dict(zip(names, grade.group, strict=False))
    if told.get("reason"):
        told["meaning"] = meaning_of(told["reason"])
    return {
        **told, "lines": grade.lines, **{name: grade.money.get(name) for name in MONEY},
        "borne_out_share": round(grade.borne_out_share, 4), "refuted_share": round(grade.refuted_share, 4),
        "undecided": grade.undecided, "money_withheld": not grade.money,
    }  # fmt: skip


def _worst(rows: pd.DataFrame) -> list[Record]:
    from assets.kernel.frames.monitoring import REGRET

    order = ["regret_high_amount", "order_id", "line_number", "event_version"]
    ranked = rows[rows["regret_high_amount"] > 0].sort_values(order, ascending=[False, True, True, True])
    return [{name: row[name] for name in _SHOWN} for row in records(REGRET, ranked.head(_WORST))]


def _show(console: Console, found: Record) -> None:
    """Print the grades and the decisions that may be regretted most."""
    if not found["groups"]:
        console.print("No decision has an outcome yet: its protection interval must be over, and its stock counted.")
        return
    names = [
        name
        for name in ("decision", "reason", "policy_release", "person", "destination_id")
        if name in found["groups"][0]
    ]
    total = [*(["all"] + [""] * (len(names) - 1)), *_figures(found["all"])]
    rows = [[*(one[name] for name in names), *_figures(one)] for one in found["groups"]]
    heads = ["lines", "worth, low", "worth, high", "regret, low", "regret, high", "borne out", "refuted"]
    title = f"Decisions known by {found['known_until']}, against their alternative, in {found['currency']}"
    told = [name.replace("policy_release", "release").replace("destination_id", "site") for name in names]
    console.print(table(title, [*told, *heads], [*rows, total], right=["borne out", "refuted"]))
    if found["by"] == By.REASON:
        for one in found["groups"]:
            if one.get("meaning"):
                console.print(f"{one['reason']}: {one['meaning']}", markup=False)
    _show_worst(console, found)
    if any(one["money_withheld"] for one in [*found["groups"], found["all"]]):
        console.print("Money that would tell the numbers of one sensitive item is withheld.")


def _figures(one: Record) -> list[Any]:
    from assets.monitoring.regret.grades import MONEY

    return [
        one["lines"],
        *(one[name] for name in MONEY),
        percent(one["borne_out_share"]),
        percent(one["refuted_share"]),
    ]


def _show_worst(console: Console, found: Record) -> None:
    worst = found["most_regretted"]
    if not worst:
        console.print("None of them may be regretted.")
        return
    rows = [
        [one["order_id"][:8], one["line_number"], one["decision"], one["item_id"],
         f"{one['origin_id']} to {one['destination_id']}", one["decided_units"], one["alternative_units"],
         one["regret_low_amount"], one["regret_high_amount"], one["hindsight"].replace("_", " ")]
        for one in worst
    ]  # fmt: skip
    heads = ["order", "line", "decision", "item", "way", "units", "against", "regret, low", "regret, high", "hindsight"]
    console.print(table(f"{counted(worst, 'decision')} that may be regretted most", heads, rows))
