"""`equipoise policy search`: parameters of a release tuned by simulation, as a draft that carries its evidence.

Not here: searching (``assets.twin.search``), or what a draft needs to come further (``policy``).
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from assets.kernel.errors import EquipoiseError
from assets.kernel.telling import Record
from assets.policy.access import Permission
from orchestration.cli.command import PlanDate, command
from orchestration.cli.console import Output, percent, table
from orchestration.cli.reading import planned_date

if TYPE_CHECKING:
    from assets.policy.release import Release
    from assets.twin.search.bench import Effort
    from assets.twin.search.draft import Draft
    from assets.twin.search.race import Constraints, Score
    from assets.twin.search.search import Found
    from assets.twin.search.tunable import Tunable
    from orchestration.access import Access

LARGEST_SEED = 2**32


@command(needs=Permission.DRAFT_RELEASE)
def search(
    out: Output,
    name: Annotated[str, typer.Option("--name", help="Name of the draft release.")],
    date: PlanDate = None,
    parent: Annotated[
        str | None, typer.Option("--from", metavar="NAME", help="Release to start from; the active one if not given.")
    ] = None,
    author: Annotated[str | None, typer.Option(help="Author of the draft; you if not given.")] = None,
    fill_rate: Annotated[
        float | None, typer.Option("--fill-rate", help="Least share of demand to be handed over at once, as 0.97.")
    ] = None,
    budget: Annotated[
        float | None, typer.Option(min=0.0, metavar="AMOUNT", help="Most money in stock on average, at landed cost.")
    ] = None,
    tune: Annotated[
        list[str] | None, typer.Option(metavar="PATH[=LOW:HIGH]", help="What to tune; all that matters if not given.")
    ] = None,
    candidates: Annotated[int, typer.Option(min=2, max=4096, metavar="N", help="Candidates spread over it.")] = 24,
    futures: Annotated[int, typer.Option(min=2, max=4096, metavar="N", help="Futures of the last word.")] = 32,
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="Everything drawn follows from it.")] = 7,
) -> None:
    """Tune a release by simulating its targets, and write a draft whose evidence is futures that no choice has seen."""
    from assets.twin.search.bench import Effort
    from assets.twin.search.draft import named, require_free
    from assets.twin.search.race import Constraints
    from assets.twin.search.tunable import bounded

    if fill_rate is not None and not 0.0 < fill_rate < 1.0:
        raise typer.BadParameter(f"--fill-rate {fill_rate} is not between 0 and 1")
    tunables, constraints = bounded(tune or []), Constraints(fill_rate, budget)
    require_free(out.access.home.policies, name)
    effort = Effort(candidates=candidates, holdout=futures, seed=seed)
    base = _base(out.access, parent)
    blank = named(base, name, author or out.access.identity.person)
    with out.working("Searching"):
        found, plan_date = _searched(out, date, base, tunables, constraints, effort)
    draft = _draft(out.access, found, blank, plan_date, effort)
    told = _told(out.access, found, constraints, draft, base, plan_date)
    out.answer(told, lambda console: _show(console, told))


def _base(access: Access, name: str | None) -> Release:
    from assets.governance.stages import release_named
    from orchestration.cli.policy import registry

    found = registry(access)
    return found.active() if name is None else release_named(name, found.releases())


def _searched(
    out: Output, date: dt.date | None, base: Release, tunables: tuple[Tunable, ...], constraints: Constraints,
    effort: Effort,
) -> tuple[Found, dt.date]:  # fmt: skip
    from assets.kernel.frames.decisions import TARGETS
    from assets.kernel.published import Published
    from assets.twin.search.bench import Bench
    from assets.twin.search.model import TuningTables
    from assets.twin.search.search import search as searched

    home = out.access.home
    published = Published(home.published)
    plan_date = planned_date(published, TARGETS, date)
    bench = Bench.of(TuningTables(published, home.profile, plan_date), base, effort)
    return searched(bench, tunables, constraints, out.say), plan_date


def _draft(access: Access, found: Found, blank: Release, plan_date: dt.date, effort: Effort) -> Draft:
    from assets.twin.search.draft import draft_of

    source = (
        f"policy search on the plan of {plan_date}, seed {effort.seed}, futures of seed {effort.seed + 1} "
        f"({effort.holdout} of {effort.buckets} buckets after {effort.warm_up})"
    )
    return draft_of(found, blank, source, access.home.profile.currency)


def _told(
    access: Access, found: Found, constraints: Constraints, draft: Draft, base: Release, plan_date: dt.date
) -> Record:
    """Write the draft if it is worth one, and return what was found.

    Raises
    ------
    EquipoiseError
        If the last word breaks a constraint that the search kept.
    """
    if constraints.excess(found.winner) > 0:
        score = _score(found.winner)
        raise EquipoiseError(
            f"on futures that no choice has seen the best values reach a fill rate of {score['fill_rate']:.4f} with "
            f"{score['stock']:,.2f} in stock, short of what was asked",
            where="policy search", remedy="Ask for less, or search with more --candidates or another --seed",
        )  # fmt: skip
    change = found.cost_change
    told: Record = {
        "plan_date": plan_date.isoformat(),
        "currency": access.home.profile.currency,
        "parent": base.version,
        "values": dict(found.values),
        "before": dict(found.before),
        "without_effect": list(found.without_effect),
        "candidates": found.candidates,
        "futures": len(found.winner.cost),
        "found": _score(found.winner),
        "parent_score": _score(found.base),
        "cost_change": {"mean": change.mean, "low": change.low, "high": change.high},
        "draft": None,
        "file": None,
    }
    if found.is_better(constraints):
        told |= {"draft": draft.release.version, "file": str(_keep(access, draft))}
    return told


def _keep(access: Access, draft: Draft) -> object:
    """Write the draft's file, and its evidence into the ledger."""
    from assets.governance.events import RELEASES
    from assets.governance.log import settle

    path = draft.write(access.home.policies)
    event = draft.recorded(access.identity.person, access.clock.now(), "found by policy search")
    settle(access.log, RELEASES, lambda _history: (event,))
    return path


def _score(score: Score) -> Record:
    from assets.twin.fast.outcome import interval

    cost, fill, stock = (interval(one) for one in (score.cost, score.fill_rate, score.stock_value))
    return {
        "cost": cost.mean,
        "fill_rate": fill.mean,
        "fill_rate_low": fill.low,
        "fill_rate_high": fill.high,
        "stock": stock.mean,
    }


def _show(console: Console, found: Record) -> None:
    currency, change = found["currency"], found["cost_change"]
    rows = [[path, f"{found['before'][path]:g}", f"{value:g}"] for path, value in found["values"].items()]
    title = f"Found for the plan of {found['plan_date']}, among {found['candidates']} candidates"
    console.print(table(title, ["parameter", found["parent"], "found"], rows, right=[found["parent"], "found"]))
    scores = [(found["parent"], found["parent_score"]), ("found", found["found"])]
    rows = [
        [name, one["cost"], percent(one["fill_rate"]), f"{percent(one['fill_rate_low'])} to "
         f"{percent(one['fill_rate_high'])}", one["stock"]]
        for name, one in scores
    ]  # fmt: skip
    columns = ["release", f"cost {currency} a bucket", "fill rate", "95 %", f"stock {currency}"]
    console.print(table(f"{found['futures']} futures that no choice has seen", columns, rows))
    console.print(
        f"Cost a bucket changes by {change['mean']:+,.2f} {currency} (95 %: {change['low']:+,.2f} to "
        f"{change['high']:+,.2f}), the same futures for both.",
        markup=False,
    )
    if found["without_effect"]:
        console.print(f"Nothing in this network depends on {', '.join(found['without_effect'])}.", markup=False)
    if found["draft"] is None:
        console.print("Nothing is surely better than what decides: no draft was written.", markup=False)
        return
    name = found["draft"].partition("@")[0]
    console.print(
        f"{found['draft']} is a draft now ({found['file']}); its simulation speaks for it: "
        f"`equipoise policy promote {name} --reason ...` makes it a shadow.",
        markup=False, soft_wrap=True,
    )  # fmt: skip
