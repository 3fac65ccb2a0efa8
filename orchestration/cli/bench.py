"""`equipoise bench`: what the benchmarks in ``tests/benchmarks`` measure.

Each benchmark is a module with ``run(...) -> dict`` and ``show(console, found)``. Here are only
its options; what is measured and how stands in the module.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import typer

from assets.kernel.errors import EquipoiseError
from orchestration.cli.command import command
from orchestration.cli.console import Output

BENCHMARKS = Path(__file__).parents[2] / "tests" / "benchmarks"

bench = typer.Typer(add_completion=False, no_args_is_help=True, help="Run a benchmark and print what it measured.")

Data = Annotated[Path, typer.Option("--data", metavar="DIR", help="Folder of the data set's files as published.")]


@bench.command("vn2")
@command(needs=None)
def vn2(out: Output, data: Data) -> None:
    """Play the VN2 challenge's rules over windows of its history, beside the organiser's policy."""
    _measure(out, "vn2", data=data)


@bench.command("vn2-decide")
@command(needs=None)
def vn2_decide(
    out: Output,
    history: Annotated[Path, typer.Option(metavar="CSV", help="Weekly sales: Store, Product and a column a week.")],
    in_stock: Annotated[Path, typer.Option(metavar="CSV", help="In-stock flags; may end earlier than the sales.")],
    master: Annotated[Path, typer.Option(metavar="CSV", help="Product hierarchy and store format.")],
    state: Annotated[Path, typer.Option(metavar="CSV", help="End inventory and what is in transit.")],
    orders: Annotated[Path, typer.Option("--out", metavar="CSV", help="Where the orders are written.")],
) -> None:
    """Decide one round of the VN2 challenge from its files, and write the orders."""
    _measure(out, "vn2_decide", history=history, in_stock=in_stock, master=master, state=state, orders=orders)


@bench.command("orange-juice")
@command(needs=None)
def orange_juice(
    out: Output,
    data: Annotated[Path, typer.Option("--data", metavar="CSV.GZ", help="Sales, prices, deals and features.")],
    first_round_week: Annotated[int, typer.Option(metavar="W", help="Last week of the first round's training.")] = 109,
    rounds: Annotated[int, typer.Option(metavar="N", help="Rounds, two weeks apart.")] = 12,
) -> None:
    """Forecast orange juice by TSPerf's protocol, beside naive, ETS and a plain boosted model."""
    _measure(out, "orange_juice", data=data, first_round_week=first_round_week, rounds=rounds)


@bench.command("scorecard")
@command(needs=None)
def scorecard(
    out: Output,
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="Folder with a folder a panel.")] = Path(),
    panel: Annotated[
        list[str] | None, typer.Option(help="vn2, carparts, favorita or synthetic; repeatable, all by default.")
    ] = None,
    also: Annotated[
        list[str] | None, typer.Option(metavar="MODEL", help="A candidate more on every menu, as ADIDA; repeatable.")
    ] = None,
) -> None:
    """Score the forecast's candidates by segment over rolling origins, and the coverage of whole plans."""
    _measure(out, "scorecard", data=data, panel=panel or [], also=also or [])


@bench.command("coherence")
@command(needs=None)
def coherence(
    out: Output,
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="Folder with a folder a panel.")] = Path(),
    panel: Annotated[
        list[str] | None, typer.Option(help="vn2, favorita or synthetic; repeatable, all by default.")
    ] = None,
) -> None:
    """Test what reconciling item, site, region and category forecasts does to accuracy and decision loss."""
    _measure(out, "coherence", data=data, panel=panel or [])


@bench.command("forecast-speed")
@command(needs=None)
def forecast_speed(
    out: Output,
    largest: Annotated[int, typer.Option(metavar="N", help="Most series to forecast.")] = 100_000,
) -> None:
    """Measure seconds and memory of forecasting as panels grow, and the models' own share."""
    _measure(out, "forecast_speed", largest=largest)


@bench.command("targets")
@command(needs=None)
def targets(
    out: Output,
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="Folder with a folder a source.")] = Path(),
) -> None:
    """Place safety stock over networks, beside published answers, proven bounds and stockpyl."""
    _measure(out, "targets", data=data)


@bench.command("flow")
@command(needs=None)
def flow(
    out: Output,
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="Folder with a folder a source.")] = Path(),
    largest: Annotated[int, typer.Option(min=1_000, metavar="N", help="Most item-sites of the growth.")] = 1_000_000,
) -> None:
    """Solve plans without shared limits: speed beside the bare solver, growth, a published answer."""
    _measure(out, "flow", data=data, largest=largest)


@bench.command("placement")
@command(needs=None)
def placement(
    out: Output,
    paths: Annotated[int, typer.Option(min=1, metavar="N", help="Independent futures.")] = 4,
    days: Annotated[int, typer.Option(min=1, metavar="N", help="Days that count, after 60 that do not.")] = 240,
    seed: Annotated[int, typer.Option(help="The luck that all answers share.")] = 1,
) -> None:
    """Live the planned network under its placement of stock, and under every site for itself."""
    _measure(out, "placement", paths=paths, days=days, seed=seed)


@bench.command("twin")
@command(needs=None)
def twin(
    out: Output,
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="Folder with the folder lost_sales.")] = Path(),
    seed: Annotated[int, typer.Option(min=0, help="Of everything that is drawn.")] = 1,
    planner_items: Annotated[int, typer.Option(min=1, metavar="N", help="Items with the joint plan in the loop.")] = 20,
) -> None:
    """Simulate item-sites fast: rate, memory, published costs, and the rate with the planner in the loop."""
    _measure(out, "twin", data=data, seed=seed, planner_items=planner_items)


@bench.command("market")
@command(needs=None)
def market(
    out: Output,
    item_sites: Annotated[int, typer.Option(min=10, metavar="N", help="Item-sites; ten to an item.")] = 10_000,
    limits: Annotated[int, typer.Option(min=1, metavar="N", help="Limits that items share.")] = 100,
    tightness: Annotated[float, typer.Option(min=0.0, help="Capacity as a share of what free plans would use.")] = 0.35,
    seeds: Annotated[int, typer.Option(min=1, metavar="N", help="Seeded problems to settle.")] = 1,
    multiple: Annotated[int, typer.Option(min=1, metavar="N", help="Order multiple of purchases.")] = 1,
    least_gain: Annotated[float, typer.Option(help="Least gain of a transfer line.")] = 0.0,
    gap: Annotated[float, typer.Option(min=0.0, help="Asked gap, a share of cost; 0 for the best there is.")] = 0.0,
    trucks: Annotated[
        float, typer.Option(min=0.0, metavar="COST", help="Trucks that cost about so much each; 0 for none.")
    ] = 0.0,
    small: Annotated[
        int, typer.Option(min=0, metavar="N", help="Only N small instances, beside their optimum by one program.")
    ] = 0,
) -> None:
    """Settle seeded problems whose items share limits: seconds, rounds, both gaps, gap against time."""
    _measure(
        out, "market", item_sites=item_sites, limits=limits, tightness=tightness, seeds=seeds, multiple=multiple,
        least_gain=least_gain, gap=gap, trucks=trucks, small=small,
    )  # fmt: skip


@bench.command("plans")
@command(needs=None)
def plans(
    out: Output,
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="Folder with a folder a data set.")] = Path(),
    network: Annotated[
        list[str] | None, typer.Option(help="sample, vn2 or favorita; repeatable, all by default.")
    ] = None,
    small: Annotated[bool, typer.Option("--small", help="Few items and windows, to see it work.")] = False,
    items: Annotated[int | None, typer.Option(min=0, metavar="N", help="Items drawn; 0 for all.")] = None,
    windows: Annotated[int | None, typer.Option(min=1, metavar="N", help="Windows, one after the other.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Draws items and blocks.")] = 1,
    least_gain: Annotated[float | None, typer.Option(help="Least gain of a transfer line; the release's.")] = None,
) -> None:
    """Play the joint plan and its baselines in closed loop on held-out demand, by a simulation of its own."""
    _measure(
        out, "plans", data=data, network=network or [], small=small, items=items, windows=windows, seed=seed,
        least_gain=least_gain,
    )  # fmt: skip


@bench.command("twin-full")
@command(needs=None)
def twin_full(
    out: Output,
    days: Annotated[int, typer.Option(min=1, metavar="N", help="Days to live.")] = 30,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the world.")] = 7,
    scenario: Annotated[str, typer.Option(help="A scenario's name or file.")] = "undisturbed",
) -> None:
    """Live days of a simulated network through the whole graph: seconds, CPU and load of each."""
    _measure(out, "twin_full", days=days, seed=seed, scenario=scenario)


@bench.command("stress")
@command(needs=None)
def stress(
    out: Output,
    scenario: Annotated[list[str] | None, typer.Option(help="A scenario; repeatable, all by default.")] = None,
    seeds: Annotated[int, typer.Option(min=1, metavar="N", help="Worlds.")] = 3,
    days: Annotated[int, typer.Option(min=21, metavar="N", help="Days of a run.")] = 28,
    world: Annotated[str, typer.Option(help="small, five or sample.")] = "small",
    home: Annotated[Path | None, typer.Option(metavar="DIR", help="Keep runs there, to go on after a kill.")] = None,
) -> None:
    """Live every scenario under our orders and under min/max: cost, fill rate lost, days to recover."""
    _measure(out, "stress", scenario=scenario or [], seeds=seeds, days=days, world=world, home=home)


@bench.command("experiments")
@command(needs=None)
def experiments(
    out: Output,
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="Folder with a folder a data set.")] = Path(),
    network: Annotated[
        list[str] | None, typer.Option(help="favorita, vn2, sample or m5; repeatable, all by default.")
    ] = None,
    items: Annotated[int | None, typer.Option(min=0, metavar="N", help="Items drawn; 0 for all.")] = None,
    windows: Annotated[int | None, typer.Option(min=1, metavar="N", help="Windows, one after the other.")] = None,
    lane_cost: Annotated[
        list[float] | None, typer.Option(metavar="COST", help="Of lanes between stores; repeatable, three by default.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Draws items and blocks.")] = 1,
    small: Annotated[bool, typer.Option("--small", help="Few items and buckets, to see it work.")] = False,
    keep: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep forecasts and decisions here from run to run.")
    ] = None,
    processes: Annotated[int, typer.Option(min=1, metavar="N", help="Policies played at once.")] = 1,
    credible: Annotated[
        bool, typer.Option("--credible", help="Also play the plan that believes lateral units as far as they kept.")
    ] = False,
) -> None:
    """Play policies on real demand, paired, beside tuned levels and the clairvoyant bound."""
    _measure(
        out, "experiments", data=data, network=network or [], items=items, windows=windows,
        lane_cost=lane_cost or [], seed=seed, small=small, keep=keep, processes=processes, credible=credible,
    )  # fmt: skip


@bench.command("ledger")
@command(needs=None)
def ledger(
    out: Output,
    documents: Annotated[int, typer.Option(min=1, metavar="N", help="Documents of 20 lines to record.")] = 10_000,
    events: Annotated[int, typer.Option(min=1, metavar="N", help="Events of the large ledger.")] = 1_000_000,
    postgres: Annotated[
        str, typer.Option(metavar="URL", help="A PostgreSQL database to measure as well, in schemas of its own.")
    ] = "",
    seed: Annotated[int, typer.Option(min=0, help="Draws documents and lives.")] = 1,
) -> None:
    """Record documents, and list, rebuild, verify and append in a ledger of a million events."""
    _measure(out, "ledger", documents=documents, events=events, postgres=postgres, seed=seed)


@bench.command("dispatch")
@command(needs=None)
def dispatch(
    out: Output,
    runs: Annotated[int, typer.Option(min=1, metavar="N", help="Runs of each kind, of which the median is told.")] = 5,
    postgres: Annotated[
        str, typer.Option(metavar="URL", help="A PostgreSQL database to measure as well, in schemas of its own.")
    ] = "",
) -> None:
    """Dispatch a copy of the active network's plan until nothing is left to send, and time the runs after."""
    _measure(out, "dispatching", runs=runs, postgres=postgres)


@bench.command("drift")
@command(needs=None)
def drift(
    out: Output,
    series: Annotated[int, typer.Option(min=100, metavar="N", help="Steady and shifted series of each family.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Draws them.")] = 1,
) -> None:
    """Watch steady series and shifted ones: false alarms in a year, and how soon a shift is told."""
    _measure(out, "drift", series=series, seed=seed)


def _measure(out: Output, name: str, **options: Any) -> None:
    benchmark = load(name)
    with out.working(f"Measuring {name.replace('_', '-')}"):
        found = benchmark.run(**options)
    out.answer(found, lambda console: benchmark.show(console, found))


def load(name: str) -> ModuleType:
    """Import the benchmark called ``name``.

    Raises
    ------
    EquipoiseError
        If the installation has no benchmarks, as one made without the repository.
    """
    path = BENCHMARKS / f"{name}.py"
    if not path.exists():
        raise EquipoiseError(
            f"there is no benchmark {name}", where=str(BENCHMARKS), remedy="Run it from a clone of the repository"
        )
    if str(BENCHMARKS) not in sys.path:
        # Benchmarks share modules that lie beside them.
        sys.path.insert(0, str(BENCHMARKS))
    return importlib.import_module(name)
