"""Small problems whose items share limits, and the whole of one as a mixed-integer program."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import block_diag, csr_array
from small_networks import PLAN_DATE, poisson_forecast, profile, release, snapshot

from assets.rebalancing.expansion import Network, expand
from assets.rebalancing.market import kinds
from assets.rebalancing.market.limits import Limits, together
from assets.rebalancing.problem import Problem, build_problem
from assets.rebalancing.snapshot import Snapshot

HORIZON = 4


def problem(items: int, seed: int, *, announced: pd.DataFrame | None = None, **told: Any) -> Problem:
    """Return the problem of a seeded world; ``told`` are its shape and guardrails."""
    shape = {
        name: told.pop(name) for name in ("shuffle", "multiple", "stock", "trucks", "least", "handled") if name in told
    }
    return build_problem(
        world(items, seed, **shape), release=release(**told), profile=profile(HORIZON), plan_date=PLAN_DATE,
        announced=announced,
    )  # fmt: skip


def world(
    items: int,
    seed: int,
    *,
    shuffle: bool = False,
    multiple: int = 1,
    stock: Mapping[tuple[str, str], int] = MappingProxyType({}),
    trucks: float = 0.0,
    least: float = 0.0,
    handled: Mapping[str, int] = MappingProxyType({}),
) -> Snapshot:
    """Return a seeded world: a centre that buys, two stores that it serves and that help each other.

    ``stock`` is what is there instead of what the seed says, by item and site; ``trucks`` scales what
    departures cost, whatever they carry, ``least`` is what an order document comes to, and ``handled``
    is how many of them a site takes.
    """
    rng = np.random.default_rng(seed)
    stores, forecast, sourcing = [], [], []
    for k in range(items):
        item = f"i{k:02d}"
        stores.append({"item_id": item, "site_id": "dc", "echelon": 1, "available_units": int(rng.integers(0, 12))})
        for site in ("a", "b"):
            stores.append({"item_id": item, "site_id": site, "available_units": int(rng.integers(0, 9)),
                           "protection_units": 1, "receipt_kind": "transfer", "source_id": "dc"})  # fmt: skip
            forecast += poisson_forecast(item, site, float(rng.choice([0.3, 1.0, 2.0])), HORIZON)
        sourcing.append({"item_id": item, "supplier_id": "sup", "site_id": "dc", "quoted_lead_time_days": 1,
                         "order_multiple_units": multiple, "unit_cost": float(rng.integers(4, 12))})  # fmt: skip
    lanes: list[dict[str, Any]] = [
        {"origin_id": o, "destination_id": d, "cost_per_unit": c}
        for o, d, c in (("dc", "a", 0.3), ("dc", "b", 0.4), ("a", "b", 0.6), ("b", "a", 0.7))
    ]
    items_ = {f"i{k:02d}": {"weight_kg_per_unit": float(1 + k % 2)} for k in range(items)} if trucks else None
    if trucks:
        draw = np.random.default_rng(seed + 1000)
        for lane in lanes:
            lane["fixed_cost_per_departure"] = trucks * float(draw.choice([1.0, 3.0, 6.0]))
            lane["truck_kg"], lane["capacity_kg"] = (16.0, 48.0) if draw.random() < 0.5 else (None, 40.0)
    for row in sourcing:
        row["minimum_order_amount"] = least
    if shuffle:
        for rows in (stores, forecast, sourcing, lanes):
            rng.shuffle(rows)  # type: ignore[arg-type]
    for row in stores:
        row["available_units"] = stock.get((row["item_id"], row["site_id"]), row["available_units"])
    sites = {site: {"documents_per_day": count} for site, count in handled.items()}
    return snapshot(stores, forecast, lanes=lanes, sourcing=sourcing, items=items_, sites=sites)


def limits(made: Problem, seed: int, tightness: float) -> Limits:
    """Return limits of several kinds, at a share of what ample ones would be."""
    rng = np.random.default_rng(seed)
    items = len(made.item_sites.item_ids)
    weight = rng.integers(1, 4, items).astype(np.float64)
    ample = 3.0 * items
    rows = [
        kinds.lane_weight(made, "dc", "a", 0, 2 * ample * tightness, weight),
        kinds.dock_in(made, "b", 1, ample * tightness),
        kinds.dock_out(made, "dc", 1, 1.5 * ample * tightness),
        kinds.supplier_capacity(made, "sup", 0, ample * tightness),
        kinds.budget(made, 0, 2, 15 * ample * tightness),
        kinds.storage(made, "a", 2, 4 * ample * tightness + 3 * items, weight),
    ]
    return together(rows)


def network(made: Problem) -> Network:
    return expand(made)


def base(net: Network) -> float:
    """Return the part of cost that no arc carries."""
    return net.fixed_amount


def monolith(net: Network, shared: Limits, *, whole: bool = True) -> float:
    """Return the least cost of everything at once, in currency; of fractions unless whole."""
    blocks, use, units = [], shared.use.tocsc(), np.where(net.move >= 0, net.move, 0)
    for k in range(net.items):
        arcs = np.arange(net.arc_start[k], net.arc_start[k + 1])
        nodes = int(net.node_start[k + 1] - net.node_start[k])
        one = np.ones(len(arcs))
        out = csr_array((one, (net.tail[arcs], np.arange(len(arcs)))), shape=(nodes, len(arcs)))
        into = csr_array((one, (net.head[arcs], np.arange(len(arcs)))), shape=(nodes, len(arcs)))
        blocks.append(out - into)
    of_arcs = csr_array(use[:, units].multiply((net.move >= 0)[None, :]))
    books = block_diag(blocks, format="csr")
    found = milp(
        net.cost / net.scale,
        integrality=np.full(len(net.cost), int(whole)),
        bounds=Bounds(0, net.capacity),
        constraints=[LinearConstraint(books, net.supply, net.supply), LinearConstraint(of_arcs, -np.inf, shared.room)],
        options={"mip_rel_gap": 0.0},
    )
    assert found.success, found.message
    return base(net) + float(found.fun)
