"""A scorecard as a person reads it. Not here: what its numbers mean (``assets.twin.scorecard``)."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from orchestration.cli.console import percent, table

_MONEY = ("cost", "holding", "shortage", "transport", "expedite", "purchases")
_UNITS = {
    "lost_units": "lost", "stock_out_days": "stock-outs", "stock_units": "stock", "transfer_units": "moved",
    "lateral_units": "sideways", "purchase_units": "bought", "scrapped_units": "scrapped", "bullwhip": "bullwhip",
}  # fmt: skip


def show_scenarios(console: Console, found: list[dict[str, Any]]) -> None:
    """Print the scenarios that there are."""
    rows = [[one["scenario"], one["title"]] for one in found]
    console.print(table("Scenarios", ["scenario", "what happens"], rows))


def show(console: Console, found: dict[str, Any]) -> None:
    """Print a scorecard."""
    runs = [("ours", found["ours"]), ("min/max", found["min_max"])]
    if found["undisturbed"]:
        runs += [("ours, undisturbed", found["undisturbed"]["ours"])]
        runs += [("min/max, undisturbed", found["undisturbed"]["min_max"])]
    console.print(f"{found['title']}: {found['days']} days from {found['start']}, seed {found['seed']}")
    rows: list[list[Any]] = [[name, *(told[kind] for kind in _MONEY)] for name, told in runs]
    console.print(table("Cost", ["run", *_MONEY], rows))
    rows = [[name, percent(told["fill_rate"]), *(told[kind] for kind in _UNITS)] for name, told in runs]
    headings = ["run", "fill rate", *_UNITS.values()]
    console.print(table("Service, and flow in units", headings, rows, right=["fill rate"]))
    difference = found["cost_difference"]
    console.print(f"Ours costs {abs(difference):,.2f} {'less' if difference <= 0 else 'more'} than min/max")
    if found["fill_rate_lost"]:
        lost, back = found["fill_rate_lost"], found["days_to_recover"]
        for name, label in (("ours", "Ours"), ("min_max", "Min/max")):
            until = "the run ended before it was back" if back[name] is None else f"{back[name]} days until it was back"
            console.print(f"{label} lost {percent(lost[name])} of fill rate; {until}")
    software = found["software"]
    hours = software["hours_to_recover"]
    console.print(
        f"Software: {software['documents']:,} documents, {software['issued']:,} sent, {software['blocked']:,} blocked, "
        f"{software['duplicates']} made twice, {software['failed_plans']} plans failed, "
        f"{'not well again in this run' if hours is None else f'{hours} hours until all was well'}"
    )
    console.print(f"Run {found['digest'][:12]}, kept in {found['kept_in']}")
