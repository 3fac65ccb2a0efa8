"""Every line can be explained, and so can every absence of one."""

from __future__ import annotations

import json
from collections.abc import Callable

import pandas as pd
import pytest
from small_networks import poisson_forecast, snapshot

from assets.kernel.errors import EquipoiseError
from assets.rebalancing import pages
from assets.rebalancing.explain import Explanation, explain_item_site
from assets.rebalancing.plan import Plan
from assets.rebalancing.snapshot import Snapshot


@pytest.fixture
def network() -> Snapshot:
    stores = [{"item_id": "i", "site_id": s, "available_units": q} for s, q in (("a", 30), ("b", 1), ("c", 16))]
    forecast = [row for s in "abc" for row in poisson_forecast("i", s, 2.0, 6)]
    lanes = [{"origin_id": o, "destination_id": d} for o in "abc" for d in "abc" if o != d]
    return snapshot(stores, forecast, lanes=lanes)


@pytest.fixture
def plan(network: Snapshot, plan_of: Callable[..., Plan]) -> Plan:
    return plan_of(network)


def explained(plan: Plan, network: Snapshot, item: str, site: str) -> list[Explanation]:
    return explain_item_site(
        item, site, lines=plan.lines, decisions=plan.decisions, targets=network.targets, forecast=network.forecast
    )


def test_a_line_says_what_stock_is_worth_here_and_there(plan: Plan, network: Snapshot) -> None:
    (answer,) = explained(plan, network, "i", "b")
    there, here = answer.sites
    assert (there.site_id, here.site_id) == ("b", "a")
    assert answer.line is not None
    assert answer.line["quantity_units"] == int(plan.lines["quantity_units"].sum())
    assert answer.next_best
    assert "saves" in answer.flips_when
    assert there.demand_low_units is not None
    assert json.loads(json.dumps(answer.as_dict()))["item_id"] == "i"
    assert all(isinstance(text, str) and text for text in answer.lines())


def test_the_giver_is_explained_by_the_same_line(plan: Plan, network: Snapshot) -> None:
    assert explained(plan, network, "i", "a")[0].line == explained(plan, network, "i", "b")[0].line


def test_the_absence_of_a_line_is_explained(plan: Plan, network: Snapshot) -> None:
    (answer,) = explained(plan, network, "i", "c")
    assert answer.line is None
    assert "no order" in answer.question
    assert answer.flips_when
    assert "more" in answer.answer


def test_an_unknown_item_is_an_error_with_a_remedy(plan: Plan, network: Snapshot) -> None:
    with pytest.raises(EquipoiseError, match="no such item"):
        explained(plan, network, "nothing", "c")


def test_the_pages_show_money_and_the_best_lines(plan: Plan) -> None:
    page = pages.lines_page(plan)
    assert page["transfer_lines"] == len(plan.lines)
    assert page["top_lines"].startswith("| kind |")
    assert pages.summary_page(plan)["saving"].startswith("![saving](data:image/png;base64,")
    assert sum(pages.decisions_page(plan).values()) == len(plan.decisions)


def test_a_unit_is_worth_more_where_it_is_missing(plan: Plan) -> None:
    worth: pd.Series[float] = plan.decisions.set_index("site_id")["marginal_value"]
    assert worth.notna().all()
    assert worth["b"] >= worth["a"]
