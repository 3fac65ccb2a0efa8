"""`equipoise experiment`: releases and baselines against each other, over demand that was recorded.

A check of a proposed release on history, before it goes to shadow. Nothing is decided or sent. Not here:
playing and comparing (``assets.twin.experiment``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from assets.kernel.errors import EquipoiseError
from assets.kernel.frames.marts import FCT_DEMAND
from assets.kernel.home import NetworkHome
from assets.kernel.published import Published
from assets.kernel.telling import Record
from assets.policy.access import Permission
from orchestration.cli.command import PlanDate, command
from orchestration.cli.console import Output, table
from orchestration.cli.reading import open_network, planned_date

if TYPE_CHECKING:
    import pandas as pd

    from assets.policy.registry import PolicyRegistry
    from assets.policy.release import Release
    from assets.twin.experiment.network import ExperimentNetwork
    from assets.twin.experiment.recorded import Window
    from assets.twin.experiment.trial import Contender

_FOLDER = "experiments"
_BLOCKS = 5
_BASELINES = ("no_transfers", "greedy_pairs", "min_max", "do_nothing")
_AGAINST = ("no_transfers", "min_max")


@command(needs=Permission.READ_ORDERS)
def experiment(
    out: Output,
    release: Annotated[str, typer.Option(metavar="NAME", help="Release that is judged; the active one.")] = "",
    against: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help=f"Another release, or {', '.join(_BASELINES)}; repeatable, {' and '.join(_AGAINST)}."
        ),
    ] = None,
    date: PlanDate = None,
    windows: Annotated[int, typer.Option(min=1, metavar="N", help="Windows, one after the other.")] = 2,
    buckets: Annotated[int, typer.Option(min=2, metavar="N", help="Buckets of a window.")] = 14,
    warm_up: Annotated[int, typer.Option(min=1, metavar="N", help="Buckets lived before each window.")] = 14,
    items: Annotated[int, typer.Option(min=0, metavar="N", help="Items drawn by the seed; 0 for all.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="Draws items and blocks of them.")] = 1,
    difference: Annotated[
        float, typer.Option(min=0.0001, max=10, help="Share of cost whose power, and pairs needed, are told.")
    ] = 0.02,
) -> None:
    """Play a release against others and against baselines over recorded demand, before it goes to shadow."""
    from assets.twin.experiment.recorded import Window

    home = open_network()
    published = Published(home.published)
    plan_date = planned_date(published, FCT_DEMAND, date)
    chosen = _contenders(_registry(out), release, against or list(_AGAINST))
    window = Window(windows, buckets, warm_up, items, seed)
    found = gather(out, home, plan_date, window, chosen, difference)
    out.answer(found, lambda console: _show(console, found))


def gather(
    out: Output, home: NetworkHome, plan_date: dt.date, window: Window, chosen: Sequence[Contender], difference: float
) -> Record:  # fmt: skip
    """Return what contenders did on windows before a plan date, and what their differences prove."""
    from assets.twin.experiment.kept import Keep
    from assets.twin.experiment.recorded import TABLES, recorded_network
    from assets.twin.experiment.trial import Trial

    published = Published(home.published)
    frames = {name: _table(published, name, plan_date) for name in TABLES}
    history = chosen[0].release.forecast.history_buckets
    network = recorded_network(frames, home.profile, plan_date, window, history)

    def keep(of: Release) -> Keep:
        run = published.latest(FCT_DEMAND.name, plan_date)
        says = (home.profile.name, f"{plan_date} {run.digest if run else ''}", f"{window}", of.content_hash)
        return Keep.of(home.root / _FOLDER, says)

    trial = Trial(network, chosen, keep, blocks=_BLOCKS, seed=window.seed, stated=difference, hear=out.say)
    with out.working("Playing recorded demand"):
        found = trial.run()
    return _about(network, plan_date, home.profile.currency) | found


def _about(network: ExperimentNetwork, plan_date: dt.date, currency: str) -> Record:
    return {
        "plan_date": plan_date.isoformat(),
        "currency": currency,
        "first_dates": [start.isoformat() for start in network.starts],
        "buckets": network.buckets,
        "bucket": str(network.profile.bucket),
        "items": int(network.places["item_id"].nunique()),
        "item_sites": len(network.places),
        "demand": network.demand_told,
    }


def _registry(out: Output) -> PolicyRegistry:
    from orchestration.policies import registry_of

    return registry_of(out.access.home, out.access.store)


def _contenders(registry: PolicyRegistry, release: str, against: Sequence[str]) -> list[Contender]:
    """Return who is played, the release that is judged first; baselines plan under its guardrails."""
    from assets.twin.experiment.policies import JOINT
    from assets.twin.experiment.trial import Contender

    releases = {one.name: one for one in registry.releases()}
    judged = _release(releases, release) if release else registry.active()
    found = [Contender(judged.name, JOINT, judged)]
    for name in against:
        if name in _BASELINES:
            found.append(Contender(name, name, judged))
        else:
            other = _release(releases, name)
            found.append(Contender(other.name, JOINT, other))
    return found


def _release(releases: dict[str, Release], name: str) -> Release:
    if name not in releases:
        raise EquipoiseError(
            f"there is no release or baseline {name}", where="equipoise experiment",
            remedy=f"Name a release ({', '.join(sorted(releases))}) or a baseline ({', '.join(_BASELINES)})",
        )  # fmt: skip
    return releases[name]


def _table(published: Published, name: str, plan_date: dt.date) -> pd.DataFrame:
    from assets.kernel.frames.marts import MARTS

    frame = next(one for one in MARTS if one.name == name)
    return published.read(frame, plan_date)


_COLUMNS = (
    "contender", "holding", "shortage", "transport", "purchase", "cost", "fill", "lateral", "over", "95 %",
)  # fmt: skip


def _show(console: Console, found: Record) -> None:
    title = (
        f"{found['items']} items, {found['item_sites']:,} item-sites, {found['buckets']} {found['bucket']}s from "
        f"{', '.join(found['first_dates'])}; {found['currency']}"
    )
    console.print(table(title, _COLUMNS, [_row(name, one, found) for name, one in found["contenders"].items()]))
    for name, one in found["contenders"].items():
        if name != found["reference"]:
            console.print(_verdict(name, one, found["reference"]))
    bound = found["clairvoyant"]
    if bound["cost"] is None:
        console.print(f"No clairvoyant bound: {bound['why_not']}.")
    else:
        console.print(
            f"Who had known all demand would have paid {bound['cost']:,.0f}, {bound['left_on_the_table']:,.0f} "
            f"less than {found['reference']}."
        )
    for name, told in found["lateral_credibility"].items():
        believed = "too few to learn from" if told["share"] is None else f"lateral_credibility {told['share']:.2f}"
        console.print(
            f"{name}: lateral units were told to save {told['told']:,.0f} and saved {told['kept']:,.0f} at "
            f"{told['receivers']} receivers: {believed}."
        )
    console.print(f"Demand: {found['demand']}.")


def _row(name: str, one: Record, found: Record) -> list[object]:
    money = [round(one[part]) for part in ("holding", "shortage", "transport", "purchase", "cost")]
    row = [name, *money, f"{one['fill_rate']:.3f}", one["lateral_units"]]
    if name == found["reference"]:
        return [*row, "", ""]
    return [*row, _percent(one["over_reference"]), _interval(one["cells"])]


def _verdict(name: str, one: Record, reference: str) -> str:
    """Return what the difference proves, in a sentence."""
    cells, over = one["cells"], one["over_reference"]
    if over is None or cells["low"] is None:
        return f"{name} against {reference}: one pair proves nothing; play more windows or items."
    needed = cells["pairs_needed"]
    pairs = "more than a million" if needed is None else f"{needed:,}"
    sure = cells["low"] > 0 or cells["high"] < 0
    said = ("dearer" if over > 0 else "cheaper") if sure else "no dearer and no cheaper, but for chance,"
    return (
        f"{name} is {said} than {reference} ({_percent(over)}). In {cells['n']} pairs a difference of "
        f"{cells['stated']:.1%} is seen with a chance of {cells['power']:.0%}; one of {cells['asked_power']:.0%} takes "
        f"{pairs}."
    )


def _interval(told: Record) -> str:
    return f"(n {told['n']})" if told["low"] is None else f"{_percent(told['low'])} to {_percent(told['high'])}"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:+.1%}"
