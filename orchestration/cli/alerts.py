"""`equipoise alerts`: what of a plan somebody should know, the most money at stake first.

Not here: raising an alert (``assets.monitoring.alerts``), or delivering it (``orchestration.alerts``).
"""

from __future__ import annotations

import datetime as dt

from rich.console import Console

from assets.kernel.frames.quality import ALERTS, FEED_ALERTS
from assets.kernel.published import Published
from assets.kernel.telling import Record
from assets.policy.access import Permission
from orchestration.cli.command import PlanDate, command
from orchestration.cli.console import Output, table
from orchestration.cli.reading import open_network, planned_date, records


@command(needs=Permission.READ_ORDERS)
def alerts(out: Output, date: PlanDate = None) -> None:
    """List the alerts of a plan, the most money at stake first, with who answers for each and its remedy.

    A stop comes before everything. 0 at stake means that nothing is held back, or that nothing is known of it.
    """
    home = open_network()
    published = Published(home.published)
    # The gate of the feeds speaks even where a `stop` skipped all that follows.
    plan_date = planned_date(published, FEED_ALERTS, date)
    found = gather(published, plan_date)
    out.answer(found, lambda console: _show(console, found, plan_date, home.profile.currency))


def gather(published: Published, plan_date: dt.date) -> list[Record]:
    """Return the alerts of a plan date once each, ranked."""
    from assets.monitoring.alerts import by_money, collect

    return records(ALERTS, by_money(collect(published, plan_date)))


def _show(console: Console, found: list[Record], plan_date: dt.date, currency: str) -> None:
    if not found:
        console.print(f"No alerts on {plan_date}.")
        return
    rows = [
        [one["stake_amount"], one["severity"], f"{one['feed']} at {one['site_id']}" if one["site_id"] else one["feed"],
         f"{one['rule']}: {one['message']}", one["owner"], one["remedy"]]
        for one in found
    ]  # fmt: skip
    heads = [f"at stake {currency}", "severity", "where", "what is wrong", "owner", "remedy"]
    console.print(table(f"Alerts of {plan_date}", heads, rows))
