"""Published costs of single item-sites, simulated by the fast twin until the interval is narrow enough.

Lost sales (Poisson(5), h = 1): the optimal policy, whose published cost is exact to its digits, and the best base
stock, whose published cost was simulated by its source; beside it the exact cost of the same level on the chain of
its states. Backorders: order-up-to and (s, S) policies with published exact costs. Not here: speed (``twin``).
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assets.inventory.demand_distributions.families import poisson
from assets.inventory.demand_distributions.lattice import Lattice
from assets.inventory.single_echelon.lost_sales import LostSales, best_policy, evaluate, positions
from assets.kernel.errors import EquipoiseError
from assets.twin.day import Ints, Rates
from assets.twin.fast.books import Books, Opening
from assets.twin.fast.chance import Chance, Sampled
from assets.twin.fast.network import FastNetwork, Ways
from assets.twin.fast.outcome import Interval
from assets.twin.fast.rules import BaseStock, MinMax, Policy
from assets.twin.fast.simulate import Length, simulate

GOLDEN = Path(__file__).parents[1] / "golden" / "inventory"
LOST_SALES = Path("lost_sales") / "lost_sales_known_costs_L1_L2.csv"
WIDTH = 0.002
"""Share of the cost that the interval may be wide."""
BUCKETS, WARM_UP, FIRST, MOST = 500, 50, 300, 200_000


@dataclass(frozen=True)
class Case:
    """A published cost and what is simulated against it.

    Attributes
    ----------
    name : str
        Which.
    published : float
        Cost per bucket.
    digits : float
        Half a unit of its last digit.
    network, demand, policy, level : FastNetwork, Lattice, Policy, int
        What is played, and the stock that it begins with.
    exact : float or None
        The same cost worked out, where the published one was simulated.
    """

    name: str
    published: float
    digits: float
    network: FastNetwork
    demand: Lattice
    policy: Policy
    level: int
    exact: float | None = None


@dataclass(frozen=True)
class Tabulated:
    """Orders by state: what can be sold as the bucket begins, and each order under way, oldest first."""

    orders: Ints

    def decide(self, bucket: int, books: Books) -> Ints:
        """Return the order of each state."""
        ring = len(books.due)
        state = [books.on_hand + books.due[bucket % ring]]
        state += [books.due[(bucket + ahead) % ring] for ahead in range(1, self.orders.ndim)]
        return np.asarray(self.orders[tuple(state)])


def cases(data: Path) -> Iterator[Case]:
    """Yield every case.

    Raises
    ------
    EquipoiseError
        If the folder of data lacks the lost-sales grid.
    """
    if not (data / LOST_SALES).exists():
        raise EquipoiseError(
            f"{LOST_SALES} is not there", where=f"--data {data}", remedy="Name the folder that holds lost_sales"
        )
    with (data / LOST_SALES).open() as file:
        for row in csv.DictReader(file):
            yield from _lost_sales(row)
    yield from _backorders()


def _lost_sales(row: dict[str, str]) -> Iterator[Case]:
    lead, penalty, holding = int(row["lead_time"]), float(row["penalty"]), float(row["holding"])
    demand, level = poisson(5), int(row["best_base_stock_level"])
    model = LostSales(holding, penalty, demand, lead)
    network = FastNetwork(_rates(holding, penalty, lost_sales=True), Ways.bought(1, lead), lead)
    name = f"lost sales, L {lead}, p {penalty:g}"
    optimal = Tabulated(best_policy(model).orders)
    yield Case(f"{name}, optimal", float(row["optimal_cost_vi"]), 0.0005, network, demand, optimal, level)
    table = np.maximum(level - positions(lead, level), 0)
    yield Case(
        f"{name}, base stock {level}", float(row["best_base_stock_cost_sim"]), 0.0005, network, demand,
        BaseStock(np.array([[level]])), level, evaluate(model, table).cost,
    )  # fmt: skip


def _backorders() -> Iterator[Case]:
    for case in json.loads((GOLDEN / "newsvendor.json").read_text())["cases"]:
        if case["demand"] == "poisson":
            network = FastNetwork(
                _rates(case["holding_cost"], case["shortage_cost"], lost_sales=False), Ways.bought(1, 0), 0
            )
            policy = BaseStock(np.array([[case["level"]]]))
            yield Case(
                f"base stock, {case['name']}", case["cost"], 0.0, network, poisson(case["mean"]), policy, case["level"]
            )
    for case in json.loads((GOLDEN / "reorder.json").read_text())["cases"]:
        if case["model"] == "reorder_level":
            ways = Ways(**{**vars(Ways.bought(1, 0)), "fixed": np.array([float(case["fixed_cost"])])})
            network = FastNetwork(_rates(case["holding_cost"], case["shortage_cost"], lost_sales=False), ways, 0)
            low, high = case["levels"]
            rule, digits = MinMax(np.array([[low]]), np.array([[high]])), 0.0005
            yield Case(f"(s, S), {case['name']}", case["cost"], digits, network, poisson(case["mean"]), rule, high)


def simulated(case: Case, seed: int, width: float = WIDTH, most: int = MOST) -> tuple[Interval, int]:
    """Return the cost of a case per bucket, its interval as narrow as asked if ``most`` do, and the replications."""
    chance, opening = Chance(Sampled.of([case.demand], seed)), Opening.empty(np.array([case.level]))
    policy_of: Callable[[Ints], Policy] = lambda _replications: case.policy  # noqa: E731
    replications = min(FIRST, most)
    while True:
        length = Length(BUCKETS, WARM_UP, replications)
        found = simulate(case.network, chance, policy_of, opening, length).cost_per_bucket
        if found.width <= width or replications >= most:
            return found, replications
        # The interval narrows with the root of the replications; a tenth more for chance.
        replications = min(most, int(replications * (found.width / width) ** 2 * 1.1) + 1)


def _rates(holding: float, shortage: float, *, lost_sales: bool) -> Rates:
    return Rates(np.array([float(holding)]), np.array([float(shortage)]), np.zeros(1), lost_sales)
