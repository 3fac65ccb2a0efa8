"""Impact questions: what depends on a part of the network, and what runs short without it."""

from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_networks import PLAN_DATE, certain_forecast, frame, snapshot

from assets.kernel.errors import EquipoiseError
from assets.kernel.frames.decisions import PLAN_LINES
from assets.rebalancing.impact.event import Event
from assets.rebalancing.impact.exposure import Impact, State, impact_of
from assets.rebalancing.impact.supply_graph import SupplyGraph

DAY = pd.Timedelta(days=1)
HORIZON = 4


def store(item: str, site: str, available: int, **said: object) -> dict[str, object]:
    return {"item_id": item, "site_id": site, "available_units": available, "shortage_cost_per_unit": 5.0, **said}


def network(
    *,
    second_supplier: bool = False,
    sideways: bool = False,
    receipts: bool = False,
    stock: tuple[int, int, int] = (3, 2, 9),
) -> tuple[SupplyGraph, State]:
    """A supplier feeds a warehouse, the warehouse two shops; item ``b`` comes from another supplier.

    ``stock`` is of item ``a`` at the warehouse and the shops; each shop sells one a day.
    """
    stores = [
        store("a", "warehouse", stock[0], echelon=1), store("a", "shop-1", stock[1]), store("a", "shop-2", stock[2]),
        store("b", "warehouse", 5, echelon=1), store("b", "shop-1", 1),
    ]  # fmt: skip
    sourcing = [
        {"item_id": "a", "supplier_id": "north", "site_id": "warehouse"},
        {"item_id": "b", "supplier_id": "south", "site_id": "warehouse"},
    ]
    if second_supplier:
        sourcing.append({"item_id": "a", "supplier_id": "south", "site_id": "warehouse", "quoted_lead_time_days": 2})
    lanes = [{"origin_id": "warehouse", "destination_id": shop} for shop in ("shop-1", "shop-2")]
    if sideways:
        lanes.append({"origin_id": "shop-2", "destination_id": "shop-1"})
    coming = [
        {
            "item_id": "a", "site_id": "warehouse", "source_id": "north", "receipt_units": 7,
            "expected_date": pd.Timestamp(PLAN_DATE) + DAY,
        }
    ]  # fmt: skip
    demand = [1.0, 1.0, 1.0, 1.0]
    forecast = [
        row for i, s in (("a", "shop-1"), ("a", "shop-2"), ("b", "shop-1")) for row in certain_forecast(i, s, demand)
    ]
    told = snapshot(stores, forecast, lanes=lanes, sourcing=sourcing, receipts=coming if receipts else None)
    line = {
        "plan_date": pd.Timestamp(PLAN_DATE), "kind": "transfer", "item_id": "a", "origin_id": "warehouse",
        "destination_id": "shop-1", "mode": "van", "quantity_units": 1, "departure_date": pd.Timestamp(PLAN_DATE),
        "arrival_date": pd.Timestamp(PLAN_DATE) + DAY, "line_amount": 1.0, "transport_amount": 0.0,
        "gain_amount": 1.0, "limits_amount": 0.0, "reason": "", "binding_constraints": "", "next_best": "",
    }  # fmt: skip
    graph = SupplyGraph.of(told.item_sites, told.sites, told.sourcing, told.lanes)
    lines = frame(PLAN_LINES, [line])
    return graph, State(told.position, told.scheduled_receipts, told.forecast, told.targets, lines, 1)


def ask(text: str, **said: Any) -> Impact:
    return impact_of(Event.parse(text), *network(**said))


def sites(impact: Impact) -> set[tuple[str, str]]:
    return set(impact.item_sites[["item_id", "site_id"]].itertuples(index=False, name=None))


def row(impact: Impact, item: str, site: str) -> pd.Series:
    table = impact.item_sites.set_index(["item_id", "site_id"])
    return table.loc[(item, site)]


def test_a_supplier_touches_its_items_down_to_the_shops_and_nothing_else() -> None:
    impact = ask("supplier=north")
    assert sites(impact) == {("a", "warehouse"), ("a", "shop-1"), ("a", "shop-2")}
    assert impact.item_sites["is_cut_off"].all()
    assert list(impact.item_sites.loc[impact.item_sites["is_direct"], "site_id"]) == ["warehouse"]


def test_a_second_supplier_cuts_nobody_off_and_is_named_with_its_days() -> None:
    impact = ask("supplier=north", second_supplier=True)
    assert not impact.item_sites["is_cut_off"].any()
    warehouse = row(impact, "a", "warehouse")
    assert (warehouse["other_source"], warehouse["other_source_days"]) == ("south", 2)


def test_what_is_short_stands_between_stock_alone_and_stock_shared() -> None:
    impact = ask("supplier=north")
    # shop-1 has 2 of the 4 units that are asked of it; the warehouse and shop-2 could give them.
    assert row(impact, "a", "shop-1")["short_units"] == pytest.approx(2.0)
    assert impact.short_alone_amount == pytest.approx(10.0)
    assert impact.short_shared_amount == 0.0


def test_stock_under_way_from_what_is_out_does_not_come() -> None:
    impact = ask("supplier=north", receipts=True)
    assert list(impact.receipts["receipt_units"]) == [7]
    assert row(impact, "a", "warehouse")["lost_incoming_units"] == 7


def test_a_lane_touches_where_it_ends_and_the_planned_lines_on_it() -> None:
    impact = ask("lane=warehouse>shop-1")
    assert sites(impact) == {("a", "shop-1"), ("b", "shop-1")}
    assert len(impact.lines) == 1
    assert ask("lane=warehouse>shop-2").lines.empty


def test_a_lane_of_another_mode_is_not_the_lane() -> None:
    with pytest.raises(EquipoiseError, match="nothing that is ranged depends on lane warehouse"):
        ask("lane=warehouse>shop-1:train")


def test_a_neighbour_with_a_lane_is_another_source_although_no_supplier_reaches_it() -> None:
    shop = row(ask("supplier=north", sideways=True), "a", "shop-1")
    assert (shop["other_source"], shop["is_cut_off"]) == ("shop-2", True)


def test_a_neighbour_without_stock_is_no_other_source() -> None:
    shop = row(ask("supplier=north", sideways=True, stock=(3, 2, 0)), "a", "shop-1")
    assert (shop["other_source"], shop["is_cut_off"]) == ("", True)


@pytest.mark.parametrize("sideways", [False, True])
def test_where_all_are_cut_off_what_all_their_stock_does_not_cover_is_short_however_it_is_shared(
    *, sideways: bool
) -> None:
    impact = ask("supplier=north", sideways=sideways, stock=(1, 1, 2))
    assert impact.item_sites["supplied_days"].isna().all()
    # Four are asked of each shop; all together have four: 4 of 8 are short.
    assert [row(impact, "a", f"shop-{k}")["short_units"] for k in (1, 2)] == [3.0, 2.0]
    assert impact.short_alone_amount == pytest.approx(5 * 5.0)
    assert impact.short_shared_amount == pytest.approx(4 * 5.0)


def test_a_supplier_that_is_left_ends_the_shortage_after_its_days_and_those_of_the_lane() -> None:
    impact = ask("supplier=north", second_supplier=True, stock=(1, 0, 0))
    days = {s: row(impact, "a", s)["supplied_days"] for s in ("warehouse", "shop-1", "shop-2")}
    assert days == {"warehouse": 2, "shop-1": 3, "shop-2": 3}
    # Three days without anything at each shop; one unit lies at the warehouse.
    assert impact.short_alone_amount == pytest.approx(6 * 5.0)
    assert impact.short_shared_amount == pytest.approx(5 * 5.0)


def test_what_a_site_that_is_supplied_again_has_left_is_still_there_for_the_others() -> None:
    graph, state = network(second_supplier=True, sideways=True, stock=(0, 0, 9))
    graph.ways.loc[graph.ways["site_id"] == "shop-2", "lead_days"] = 0
    impact = impact_of(Event.parse("supplier=north"), graph, state)
    assert impact.short_alone_amount == pytest.approx(3 * 5.0)
    assert impact.short_shared_amount == 0.0


def test_a_neighbour_that_is_supplied_as_ever_counts_where_sites_share_and_not_where_each_is_alone() -> None:
    impact = ask("lane=warehouse>shop-1", sideways=True, stock=(3, 0, 9))
    assert pd.isna(row(impact, "a", "shop-1")["supplied_days"])
    # Item b has no neighbour: one of four is there. Of item a four are short alone, the first day's in any plan.
    assert impact.short_alone_amount == pytest.approx((4 + 3) * 5.0)
    assert impact.short_shared_amount == pytest.approx((1 + 3) * 5.0)


def test_a_site_that_is_out_touches_itself_and_whoever_it_serves() -> None:
    impact = ask("site=warehouse")
    assert sites(impact) == {(i, s) for i in "ab" for s in ("warehouse", "shop-1")} | {("a", "shop-2")}


@pytest.mark.parametrize(("stock", "short"), [((9, 1, 2), 5), ((0, 1, 2), 5), ((0, 6, 0), 2)])
def test_stock_inside_a_site_that_is_out_serves_nobody_else(stock: tuple[int, int, int], short: int) -> None:
    impact = ask("site=warehouse", stock=stock)
    # Of item a the shops ask for eight; item b lacks three of four at its shop.
    assert impact.short_shared_amount == pytest.approx((short + 3) * 5.0)


@pytest.mark.parametrize(("days", "short"), [(0, 0.0), (1, 2.0), (7, 2.0), (8, 3.0)])
def test_what_comes_within_a_week_can_be_sold_in_the_next(days: int, short: float) -> None:
    graph, state = network(stock=(0, 0, 9), receipts=True)
    coming = state.receipts.assign(
        site_id="shop-1", source_id="elsewhere", receipt_units=4, expected_date=pd.Timestamp(PLAN_DATE) + days * DAY
    )
    demand = state.forecast.assign(mean_units=[2.0, 1.0, 1.0, 0.0] * (len(state.forecast) // HORIZON))
    week = State(state.position, coming, demand, state.targets, state.lines, 7)
    assert row(impact_of(Event.parse("supplier=north"), graph, week), "a", "shop-1")["short_units"] == short


def test_an_item_without_suppliers_touches_every_site_that_ranges_it() -> None:
    assert sites(ask("item=b")) == {("b", "warehouse"), ("b", "shop-1")}


@pytest.mark.parametrize("text", ["", "supplier", "supplier=", "lane=a", "lane=a>", "shop=a", "site=a>b"])
def test_what_names_no_event_is_one_line_with_the_forms(text: str) -> None:
    with pytest.raises(EquipoiseError, match=r"names no event.*supplier=S") as raised:
        Event.parse(text)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("text", ["supplier=nobody", "site=nowhere", "item=nothing", "lane=shop-1>shop-2"])
def test_what_the_network_does_not_have_is_said(text: str) -> None:
    with pytest.raises(EquipoiseError, match="nothing that is ranged depends on"):
        ask(text)


@settings(max_examples=40)
@given(
    event=st.sampled_from(["supplier=north", "site=warehouse", "site=shop-1", "lane=warehouse>shop-1", "item=a"]),
    ways=st.fixed_dictionaries({"second_supplier": st.booleans(), "sideways": st.booleans()}),
    stock=st.lists(st.integers(0, 8), min_size=3, max_size=3),
    asked=st.lists(st.lists(st.integers(0, 4), min_size=HORIZON, max_size=HORIZON), min_size=2, max_size=2),
)
def test_shared_stock_never_loses_more_than_stock_alone(
    event: str, ways: dict[str, bool], stock: list[int], asked: list[list[int]]
) -> None:
    graph, state = network(**ways)
    position = state.position.copy()
    position.loc[position["item_id"] == "a", "available_units"] = stock
    forecast = pd.concat(
        [
            pd.DataFrame(certain_forecast("a", f"shop-{k + 1}", [float(v) for v in demand]))
            for k, demand in enumerate(asked)
        ]
    )
    state = State(position, state.receipts, forecast, state.targets, state.lines, 1)
    impact = impact_of(Event.parse(event), graph, state)
    assert 0.0 <= impact.short_shared_amount <= impact.short_alone_amount + 1e-9
    if event == "supplier=north" and impact.item_sites["is_cut_off"].all():
        missing = max(0, sum(map(sum, asked)) - sum(stock))
        assert impact.short_shared_amount == pytest.approx(5.0 * missing)
    if event == "site=shop-1":
        inside = position.set_index(["item_id", "site_id"])["available_units"]["a", "shop-1"]
        assert impact.short_shared_amount >= 5.0 * max(0, sum(asked[0]) - inside) - 1e-9
    assert (impact.item_sites["short_units"] <= impact.item_sites["demand_units"] + 1e-9).all()
