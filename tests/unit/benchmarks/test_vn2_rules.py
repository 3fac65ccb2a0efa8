"""The game of the VN2 challenge, on weeks played by hand."""

import numpy as np
import pandas as pd
import pytest

from assets.kernel.errors import EquipoiseError
from orchestration.cli.bench import load

bench, files, rules = load("vn2"), load("vn2_files"), load("vn2_rules")


def whole(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def challenge(sales: list[list[float]], in_stock: list[list[bool]] | None = None) -> "files.Challenge":
    units = np.array(sales, dtype=float)
    series = pd.DataFrame({"Store": range(len(units)), "Product": 7, "ProductGroup": 1, "Department": 1})
    flags = np.ones(units.shape, dtype=bool) if in_stock is None else np.array(in_stock)
    weeks = pd.date_range("2021-04-12", periods=units.shape[1], freq="7D")
    return files.Challenge(series.assign(StoreFormat=1), units, flags, weeks)


def test_a_week_sells_what_was_there_and_what_arrived_and_loses_the_rest() -> None:
    stock = rules.Stock(whole(2, 5), whole(1, 0), whole(4, 4))

    after, lost = rules.after_week(stock, order=whole(6, 0), demand=whole(5, 2))

    assert after.on_hand.tolist() == [0, 3]
    assert after.next_week.tolist() == [4, 4]
    assert after.week_after.tolist() == [6, 0]
    assert lost.tolist() == [2, 0]


def test_an_order_sells_in_the_third_week_and_cost_counts_from_there() -> None:
    # Week 1 leaves 1, week 2 loses 2, week 3 has the order of 5 and leaves 2, week 4 loses 1.
    demand = whole(3, 3, 3, 3).reshape(1, 4)

    played = rules.play(
        demand, 0, rules.Stock(whole(4), whole(0), whole(0)), lambda week, _: whole(5 if week == 0 else 0), weeks=4
    )

    assert played.holding == pytest.approx([0.2 * 2])
    assert played.shortage == pytest.approx([1.0])
    assert played.demand.tolist() == [6]


def test_no_order_is_asked_that_could_not_be_sold_within_the_window() -> None:
    asked: list[int] = []

    def policy(week: int, _stock: "rules.Stock") -> np.ndarray:
        asked.append(week)
        return whole(0)

    rules.play(np.zeros((1, 20), dtype=np.int64), 10, rules.Stock(whole(0), whole(0), whole(0)), policy)

    assert asked == [10, 11, 12, 13, 14, 15]


def test_perfect_foresight_neither_holds_nor_loses_once_its_orders_arrive() -> None:
    known = challenge([[3, 1, 4, 1, 5, 9, 2, 6], [0, 0, 7, 0, 0, 0, 1, 1]])
    stock = rules.Stock(whole(2, 0), whole(1, 1), whole(1, 0))

    played = rules.play(rules.whole_units(known), 0, stock, rules.perfect_foresight(known))

    assert played.shortage.sum() == 0
    # The second series starts with a unit that only the third week asks for.
    assert played.holding.tolist() == [0.0, 0.0]


def test_the_organiser_masks_stock_outs_and_averages_thirteen_weeks() -> None:
    flags = [[True] * 10 + [False] * 3]
    known = challenge([[4.0] * 10 + [0.0] * 3], flags)

    assert rules.organiser_forecast(known, 4) == pytest.approx(np.full((1, 4), 4.0))


def test_the_organisers_factors_follow_the_iso_week() -> None:
    # A year of 2, with 12 in one week, then a year to forecast it from.
    weekly = [2.0] * 52
    weekly[10] = 12.0
    known = challenge([weekly + [2.0] * 10])

    forecast = rules.organiser_forecast(known, 4)[0]

    assert forecast[0] == pytest.approx(6 * forecast[1])


def test_the_organiser_orders_up_to_four_weeks_less_all_that_is_on_its_way() -> None:
    known = challenge([[5.0] * 20])
    stock = rules.Stock(whole(3), whole(4), whole(2))

    assert rules.organiser_policy(known)(20, stock).tolist() == [20 - 9]


def test_windows_end_with_the_history_and_do_not_overlap() -> None:
    assert bench.window_starts(157) == [149, 141, 133, 125, 117, 109, 101, 93]
    assert bench.window_starts(80) == [72, 64]


def test_a_history_too_short_for_a_window_is_refused() -> None:
    with pytest.raises(EquipoiseError, match="71 weeks are too short for a window"):
        bench.window_starts(71)


def test_a_policy_that_costs_half_of_every_series_has_a_certain_ratio() -> None:
    reference = np.array([4.0, 2.0, 8.0])

    assert bench.paired_interval(reference / 2, reference) == [0.5, 0.5]
