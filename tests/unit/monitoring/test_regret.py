"""The regret ledger: what a decision about an order line was worth by hindsight, worked out by hand."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from unit.monitoring.regret_samples import (
    CALENDAR,
    DAY,
    TRANSFER_OF_TEN,
    agreed,
    asked_of,
    counts_until,
    document,
    having_units,
    known,
    lived,
    sent,
    terms,
)
from unit.orders.order_samples import PLAN_DATE

from assets.kernel.frames.monitoring import REGRET
from assets.monitoring.regret.decisions import DecidedLine, DecisionKind, decisions_of
from assets.monitoring.regret.grades import GROUPED, grades, told_once
from assets.monitoring.regret.hindsight import Hindsight, demand_bounds, hindsight
from assets.monitoring.regret.table import regret_table
from assets.monitoring.regret.value import bounds_of_worth, worth_of
from assets.monitoring.regret.windows import PlanTerms, judged
from assets.monitoring.regret.words import By
from assets.orders.events import PARAMETERS, Cancel, LedgerEvent, Override, Reject
from assets.orders.order import Order

OVER = PLAN_DATE + 4 * DAY
"""The purchase arrives on day 2 and protects days 2 and 3."""


def judged_row(
    lived_through: tuple[Order, Sequence[LedgerEvent]], seen: Hindsight, of: PlanTerms | None = None, at: int = 0
) -> pd.Series:
    """Return one row of the ledger, of the first decision unless another is named."""
    line = decisions_of(*lived_through)[at]
    one = judged(line, of or terms(), CALENDAR, counts_until(OVER))
    assert one is not None
    return regret_table([one], seen, CALENDAR, OVER).iloc[0]


def automatic() -> tuple[Order, tuple[LedgerEvent, ...]]:
    made = document()
    return lived(made, asked_of(0), *sent(made))


def test_an_order_that_sold_out_spared_the_sales_it_made_possible_and_held_what_waited() -> None:
    """Without the ten, day 2 and 3 had two units for demand of 6 + 6: ten lost at 5.00, and 6 fewer held a night."""
    row = judged_row(automatic(), known({"S1": [0, 0, 6, 6]}, {"S1": 0}))
    assert (row["decision"], row["supply_units"], row["demand_low_units"]) == ("automatic", 12.0, 12.0)
    assert (row["shortage_low_amount"], row["holding_low_amount"]) == (50.0, -3.0)
    assert row["value_low_amount"] == row["value_high_amount"] == 47.0
    assert (row["regret_high_amount"], row["hindsight"]) == (0.0, "borne_out")


def test_an_order_that_nobody_bought_cost_its_holding_and_its_freight() -> None:
    """Ten units lay through two nights at 0.50 and travelled for 4.00."""
    made = document(freight="4")
    row = judged_row(lived(made, asked_of(0), *sent(made)), known({"S1": [0, 0, 0, 0]}, {"S1": 30}))
    assert (row["holding_low_amount"], row["freight_amount"]) == (-10.0, 4.0)
    assert (row["value_low_amount"], row["regret_low_amount"], row["regret_high_amount"]) == (-14.0, 14.0, 14.0)
    assert row["hindsight"] == "refuted"


def test_what_a_stock_out_hid_makes_the_bounds_part_and_leaves_a_rejection_open() -> None:
    """Rejected: two sold on day 2, then the shelf was empty. At most 3 more were asked for, which were worth 15.00
    less one night of 1 and 10; at least none, and the ten would have lain two nights."""
    made = document()
    rejected = lived(made, asked_of(1), Reject("ann#1", "not_needed"))
    seen = known({"S1": [0, 0, 2, 0]}, {"S1": 0}, {"S1": [0, 0, 0, 3]})
    row = judged_row(rejected, seen)
    assert (row["decision"], row["reason"], row["decided_units"], row["alternative_units"]) == (
        "rejection", "not_needed", 0.0, 10.0,
    )  # fmt: skip
    assert row["value_high_amount"] == 10.0
    assert row["value_low_amount"] == -15.0 + (10 + 7) * 0.5
    assert (row["regret_low_amount"], row["regret_high_amount"], row["hindsight"]) == (0.0, 6.5, "open")


def test_an_override_is_judged_by_the_units_it_changed_and_its_approval_by_all() -> None:
    """The plan wanted ten, Ann made it four, Bob agreed; six more would have sold for 30.00 and waited a night."""
    made = document()
    less = having_units(made, 4)
    order = lived(
        made, Override(less, "ann#1", "space"), asked_of(1), agreed("bob#2", less), *sent(less, revision=2)
    )  # fmt: skip
    seen = known({"S1": [0, 0, 2, 2]}, {"S1": 0}, {"S1": [0, 0, 0, 20]})
    override, approval = judged_row(order, seen, at=0), judged_row(order, seen, at=1)
    assert (override["decision"], override["reason"]) == ("override", "space")
    assert (override["decided_units"], override["alternative_units"]) == (4.0, 10.0)
    assert override["value_low_amount"] == -30.0 + 3.0
    assert override["value_high_amount"] == (6 + 6) * 0.5
    assert (approval["decision"], approval["decided_units"], approval["alternative_units"]) == ("approval", 4.0, 0.0)
    assert approval["value_low_amount"] == 4 * 5.0 - 2 * 0.5
    assert override["event_version"] < approval["event_version"]


def test_a_transfer_pays_for_what_its_origin_lost() -> None:
    """S1 sold four of the ten; S2 had two left for two asked, and could have lost as many sales as it hid, three."""
    made = document(TRANSFER_OF_TEN)
    order = lived(made, asked_of(0), *sent(made))
    seen = known({"S1": [0, 0, 2, 2], "S2": [0, 0, 1, 1]}, {"S1": 6, "S2": 0}, {"S2": [0, 0, 0, 3]})
    row = judged_row(order, seen)
    spared_here = 4 * 5.0 - (8 + 6) * 0.5
    spared_there = (10 + 10 + 10 + 10) * 0.5
    on_its_way = 10 * 0.5 * 2
    assert row["value_high_amount"] == spared_here + spared_there - on_its_way
    lost_there = 3 * 5.0 - (10 + 10 + 10 + 7) * 0.5
    assert row["value_low_amount"] == spared_here - lost_there - on_its_way


def test_a_warehouse_is_judged_with_the_shops_it_serves() -> None:
    """Ten bought into W; its shop sold five of them, three lay in W and two in the shop."""
    made = document((("purchase", "I1", "SUP", "W", 10),))
    order = lived(made, asked_of(0), *sent(made))
    of = terms({"W": "SUP", "S1": "W"})
    row = judged_row(order, known({"S1": [9, 9, 2, 3]}, {"W": 3, "S1": 2}), of)
    assert (row["supply_units"], row["demand_low_units"], row["shortage_low_amount"]) == (10.0, 5.0, 25.0)


def test_a_dearer_supplier_pays_the_difference() -> None:
    made = document()
    (line,) = made.lines
    dearer = dataclasses.replace(made, lines=(dataclasses.replace(line, value_amount=line.value_amount * 2),))
    row = judged_row(lived(dearer, asked_of(0), *sent(dearer)), known({"S1": [0, 0, 6, 6]}, {"S1": 0}))
    assert (row["price_amount"], row["value_low_amount"]) == (25.0, 22.0)


def test_what_did_not_arrive_is_not_judged_as_if_it_had() -> None:
    made = document()
    row = judged_row(lived(made, asked_of(0), *sent(made, received=4)), known({"S1": [0, 0, 2, 2]}, {"S1": 0}))
    assert (row["decided_units"], row["arrival_is_told"], row["shortage_low_amount"]) == (4.0, True, 20.0)


def test_nothing_is_judged_before_its_interval_is_over_and_its_stock_counted() -> None:
    (line,) = decisions_of(*automatic())
    assert judged(line, terms(), CALENDAR, counts_until(OVER - DAY)) is None
    late = judged(line, terms(), CALENDAR, [*counts_until(OVER - DAY), OVER + DAY])
    assert late is not None
    assert late.known_on == OVER + DAY


def test_where_no_forecast_says_when_the_next_order_arrives_the_target_protects_beyond_its_lead_time() -> None:
    known_by_target = terms().targets.assign(protection_buckets=16, lead_time_mean_days=9.0)
    of = PlanTerms(PLAN_DATE, known_by_target, terms().protection.iloc[:0])
    assert of.interval["I1", "S1"] == (9, 15)
    assert dataclasses.replace(of, bucket_days=7).interval["I1", "S1"] == (2, 15)


def test_decisions_that_came_to_nothing_are_not_judged() -> None:
    made = document()
    proposed = lived(made)
    cancelled = lived(made, asked_of(0), Cancel("ann#1", "duplicate"))
    overtaken = lived(made, Override(having_units(made, 4), "ann#1", "space"))
    assert [decisions_of(*one) for one in (proposed, cancelled, overtaken)] == [(), (), ()]


def test_levels_handed_to_an_erp_are_no_units_that_could_sell() -> None:
    order, events = automatic()
    handed_over = dataclasses.replace(order.document, kind=PARAMETERS)
    assert decisions_of(dataclasses.replace(order, document=handed_over), events) == ()


def test_two_people_who_agreed_are_two_decisions() -> None:
    made = document()
    order = lived(made, asked_of(2), agreed("ann#1", made), agreed("bob#2", made), *sent(made))
    found = decisions_of(*order)
    assert [one.kind for one in found] == [DecisionKind.APPROVAL] * 2
    people = [order[1][one.event_version - 1].by for one in found]
    assert people == ["ann#1", "bob#2"]


UNITS = st.floats(0, 50)
DEMAND = st.lists(st.tuples(st.floats(0, 20), st.floats(0, 20)), min_size=1, max_size=6)


@given(UNITS, UNITS, DEMAND, st.floats(0, 10), st.floats(0, 2))
def test_the_low_bound_is_never_above_the_high_one_nor_above_the_worth_of_any_demand_between(
    supply: float, alternative: float, demand: list[tuple[float, float]], shortage: float, holding: float
) -> None:
    low = np.array([sold for sold, _ in demand])
    high = low + np.array([hidden for _, hidden in demand])
    least, most = bounds_of_worth(supply, alternative, low, high, shortage, holding)
    between = worth_of(supply, alternative, (low + high) / 2, shortage, holding)
    assert least.total <= most.total
    assert least.total - 1e-6 <= between.total <= most.total + 1e-6


@given(UNITS, DEMAND, st.floats(0, 10), st.floats(0, 2))
def test_a_decision_that_is_its_alternative_has_no_value_and_no_regret(
    supply: float, demand: list[tuple[float, float]], shortage: float, holding: float
) -> None:
    low = np.array([sold for sold, _ in demand])
    for worth in bounds_of_worth(supply, supply, low, low + 1.0, shortage, holding):
        assert (worth.shortage, worth.holding) == (0.0, 0.0)


def test_a_line_whose_units_are_those_of_its_alternative_has_regret_0() -> None:
    (line,) = decisions_of(*automatic())
    same: DecidedLine = dataclasses.replace(line, alternative=line.decided)
    one = judged(same, terms(), CALENDAR, counts_until(OVER))
    assert one is not None
    row = regret_table([one], known({"S1": [0, 0, 6, 6]}, {"S1": 0}, {"S1": [0, 0, 9, 9]}), CALENDAR, OVER).iloc[0]
    assert (row["value_low_amount"], row["value_high_amount"], row["regret_high_amount"]) == (0.0, 0.0, 0.0)


def test_demand_lies_between_sales_and_the_upper_quantile_of_what_was_hidden() -> None:
    key = {"item_id": "I1", "site_id": "S1"}
    days = [pd.Timestamp(PLAN_DATE + place * DAY) for place in range(3)]
    demand = pd.DataFrame([key | {"bucket_start": day, "lower_units": 4.0, "is_censored": False} for day in days[:2]])
    told = {"is_censored": True, "estimated_units": 6.0, "estimated_std_units": 1.0}
    estimate = pd.DataFrame(
        [
            key | told | {"bucket_start": days[1], "sold_units": 4},
            key | told | {"bucket_start": days[2], "sold_units": None, "is_censored": False},
            # Known, and published because it stands out.
            key | told | {"bucket_start": days[0], "sold_units": 4, "is_censored": False},
        ]
    )
    seen = hindsight(demand_bounds(demand, estimate), {}, CALENDAR, PLAN_DATE, PLAN_DATE + 3 * DAY)
    assert seen.low.tolist() == [[4.0, 4.0, 0.0]]
    assert seen.high.round(4).tolist() == [[4.0, 7.2816, 7.2816]]


def ledger() -> pd.DataFrame:
    """Return three judged lines: a rejection borne out, one refuted, one automatic order of another item."""
    facts = {
        "plan_date": pd.Timestamp(OVER), "line_number": 1, "event_version": 3, "policy_release": "r@1", "kind": "k",
        "decided_for": pd.Timestamp(PLAN_DATE), "origin_id": "W", "destination_id": "S1", "arrival_is_told": True,
        "window_start": pd.Timestamp(PLAN_DATE), "window_end": pd.Timestamp(OVER),
    }  # fmt: skip
    told = [
        ("o1", "rejection", "not_needed", "I1", 2.0, 3.0, "borne_out"),
        ("o2", "rejection", "not_needed", "I2", -5.0, -1.0, "refuted"),
        ("o3", "automatic", "", "I3", -1.0, 4.0, "open"),
    ]
    rows = [
        dict.fromkeys(REGRET.names, 0.0) | facts
        | {"order_id": order, "decision": kind, "reason": reason, "item_id": item, "hindsight": finding,
           "value_low_amount": low, "value_high_amount": high, "regret_low_amount": max(0.0, -high),
           "regret_high_amount": max(0.0, -low)}
        for order, kind, reason, item, low, high, finding in told
    ]  # fmt: skip
    return REGRET.conform(pd.DataFrame(rows))


def test_reasons_are_graded_by_count_money_and_the_share_that_hindsight_bears_out() -> None:
    rejected, automatic_orders, total = grades(ledger(), GROUPED[By.REASON])
    assert rejected.group == ("rejection", "not_needed")
    assert (rejected.lines, rejected.borne_out_share, rejected.refuted_share) == (2, 0.5, 0.5)
    assert rejected.money == {
        "value_low_amount": -3.0, "value_high_amount": 2.0, "regret_low_amount": 1.0, "regret_high_amount": 5.0,
    }  # fmt: skip
    assert automatic_orders.undecided == 1
    assert (total.group, total.lines, total.money["regret_high_amount"]) == ((), 3, 6.0)


def test_money_of_a_group_with_one_sensitive_item_is_withheld_and_so_is_the_total_that_would_tell_it() -> None:
    found = {one.group: one.money for one in grades(ledger(), GROUPED[By.DECISION], sensitive=["I3"])}
    assert found[("automatic",)] == found[()] == {}
    assert found[("rejection",)]["value_low_amount"] == -3.0


def test_a_decision_that_two_plan_dates_told_counts_once() -> None:
    later = ledger().assign(plan_date=pd.Timestamp(OVER + DAY))
    assert told_once([later, ledger()])["plan_date"].unique().tolist() == [pd.Timestamp(OVER + DAY)]
    assert told_once([]).empty
