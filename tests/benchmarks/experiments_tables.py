"""The tables of `equipoise bench experiments`. Not here: what is measured (``experiments``)."""

from __future__ import annotations

from typing import Any

from experiments_plays import FIXED
from rich.console import Console

from orchestration.cli.console import table

_COLUMNS = (
    "policy", "holding", "shortage", "transport", "purchase", "cost", "fill", "stock", "lateral", "bullwhip",
    "over ours", "95 %, pairs", "could see",
)  # fmt: skip


def show(console: Console, found: dict[str, Any]) -> None:
    """Print tables of every network."""
    for name, network in found["networks"].items():
        if "plan_cpu_seconds" in network:
            _show_scale(console, name, network)
        else:
            _show_network(console, name, network)


def _show_scale(console: Console, name: str, network: dict[str, Any]) -> None:
    console.print(
        f"{name}: {network['items']:,} items at {network['stores']} stores, {network['item_sites']:,} item-sites, "
        f"{network['lateral_lanes']:,} lanes between stores, {network['buckets']} buckets. Known in "
        f"{network['known_cpu_seconds']:.0f} CPU seconds; planned in {network['plan_cpu_seconds']:.0f} "
        f"({network['item_sites_a_second']:,.0f} item-sites a CPU second), {network['lines']:,} lines of which "
        f"{network['lateral_lines']:,} between stores, gap {network['gap_share']:.4%}; "
        f"{network['peak_gb']:.2f} GB at most"
    )


def _show_network(console: Console, name: str, network: dict[str, Any]) -> None:
    items = f"{network['items']} of {network['items_of']} items drawn by a seed, {network['item_sites']:,} item-sites"
    when = f"{network['buckets']} {network['bucket']}s from {', '.join(network['first_dates'])}"
    for one in (network["as_given"], *network["lane_costs"]):
        lanes = f"lanes between stores at {one['lane_cost']:g}" if "lane_cost" in one else "no lanes between stores"
        rows = [_row(policy, told, one["ours"]) for policy, told in one["policies"].items()]
        console.print(table(f"{name}: {items}; {when}; {lanes}", _COLUMNS, rows))
        for policy, over in one["ours_over"].items():
            console.print(f"{one['ours']} over {policy}: {over['over_reference']:+.1%} {_interval(over['blocks'])}")
        console.print(_bound(one))
        seasons = [
            f"{label} {told['over_reference']:+.1%} {_interval(told['cells'])}"
            for label, told in one["ours_over"][FIXED]["by_label"].items()
        ]
        console.print(f"{one['ours']} over {FIXED} by quarter: {'; '.join(seasons)}")
    console.print(
        f"Break-even cost of a lane: {network['break_even_how']}. Demand: {network['demand']}. "
        f"Levels are tuned on the {network['tuned_on']} {network['bucket']}s before. {network['seconds']:.0f} seconds"
    )


def _bound(one: dict[str, Any]) -> str:
    bound = one["clairvoyant"]
    if bound["cost"] is None:
        return f"No clairvoyant bound: {bound['why_not']}"
    cost = one["policies"][one["ours"]]["cost"]
    return (
        f"Clairvoyant bound {bound['cost']:,.0f}, {bound['lost_units']:,} units lost: {one['ours']} costs "
        f"{cost / bound['cost']:.2f} times as much, {bound['left_on_the_table']:,.0f} are left on the table"
    )


def _row(name: str, told: dict[str, Any], ours: str) -> list[Any]:
    money = [round(told[part]) for part in ("holding", "shortage", "transport", "purchase", "cost")]
    whip = "" if told["bullwhip"] is None else f"{told['bullwhip']:.2f}"
    row = [name, *money, f"{told['fill_rate']:.3f}", round(told["mean_stock_units"]), told["lateral_units"], whip]
    if name == ours:
        return [*row, "", "", ""]
    seen = told["cells"]["detectable"]
    return [*row, f"{told['over_reference']:+.2%}", _interval(told["cells"]), "" if seen is None else f"{seen:.2%}"]


def _interval(told: dict[str, Any]) -> str:
    if told["low"] is None:
        return f"(n {told['n']})"
    return f"({told['low']:+.2%} to {told['high']:+.2%}, n {told['n']})"
