import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.forecasting.lead_time import GROUP, LEAST_PROBABILITY, lead_time_distributions, learn_lead_times
from assets.forecasting.pages.forecast_page import lead_time_page
from assets.kernel.frames.forecasts import LEAD_TIME
from assets.kernel.frames.marts import FCT_LEAD_TIME, FCT_OPEN_ORDER, FEAT_LEAD_TIME

PLAN_DATE = dt.date(2025, 6, 30)
START = pd.Timestamp("2025-05-01")


def features(quote=5.0, source="dc", site="store", mode="truck", kind="transfer"):
    row = {
        "plan_date": pd.Timestamp(PLAN_DATE), "receipt_kind": kind, "source_id": source, "site_id": site,
        "mode": mode, "observation_count": 0, "quoted_days": quote, "mean_days": quote, "std_days": 0.0,
        "feature_set_version": "1",
    }  # fmt: skip
    return FEAT_LEAD_TIME.conform(pd.DataFrame([row]))


def receipts(days, source="dc", site="store", mode="truck", kind="transfer", started=None, quoted=None, item=None):
    """One order a day from 1 May on, each received after so many days."""
    frame = pd.DataFrame({"lead_time_days": np.array(days, dtype="int64")})
    starts = START + pd.to_timedelta(np.arange(len(frame)) if started is None else started, unit="D")
    return FCT_LEAD_TIME.conform(
        frame.assign(
            observation_id=[f"{source}{site}{number:04d}" for number in range(len(frame))],
            receipt_kind=kind,
            source_id=source,
            site_id=site,
            mode=mode,
            item_id=[f"i{number}" for number in range(len(frame))] if item is None else item,
            started_date=starts,
            received_date=starts + pd.to_timedelta(frame["lead_time_days"], unit="D"),
            quoted_days=quoted,
            available_at=pd.Timestamp("2025-06-01"),
            batch_id="b",
        )
    )


def still_open(ages, source="dc", site="store", item=None):
    frame = pd.DataFrame({"started_date": pd.Timestamp(PLAN_DATE) - pd.to_timedelta(np.array(ages), unit="D")})
    return FCT_OPEN_ORDER.conform(
        frame.assign(
            plan_date=pd.Timestamp(PLAN_DATE),
            observation_id=[f"open{number:04d}" for number in range(len(frame))],
            receipt_kind="transfer",
            source_id=source,
            site_id=site,
            mode="truck",
            item_id=[f"o{number}" for number in range(len(frame))] if item is None else item,
            quoted_days=None,
            open_units=1,
        )
    )


NONE = FCT_LEAD_TIME.empty()


def mean_of(frame):
    return float((frame["lead_time_days"] * frame["probability"]).sum())


def test_without_orders_the_quote_is_certain():
    made = lead_time_distributions(NONE, features(14.0), PLAN_DATE)
    assert made[["lead_time_days", "probability"]].values.tolist() == [[14, 1.0]]


def test_a_quote_between_two_days_is_kept_by_both():
    made = lead_time_distributions(NONE, features(2.25), PLAN_DATE)
    assert made["lead_time_days"].tolist() == [2, 3]
    assert mean_of(made) == pytest.approx(2.25)


def test_fifty_ordering_days_outweigh_the_quote_and_two_do_not():
    many = lead_time_distributions(receipts([9] * 50), features(5.0), PLAN_DATE)
    few = lead_time_distributions(receipts([9] * 2), features(5.0), PLAN_DATE)
    assert mean_of(many) > 8.9
    assert mean_of(few) == pytest.approx(5 + 4 * (1 - (5 / 7) ** 3))


def test_much_data_is_the_empirical_distribution():
    days = np.random.default_rng(3).choice([3, 4, 5, 9], size=4000, p=[0.2, 0.5, 0.2, 0.1])
    starts = np.arange(4000) % 50
    made = lead_time_distributions(receipts(days, started=starts), features(4.0), PLAN_DATE)
    shares = pd.Series(days).value_counts(normalize=True)
    found = made.set_index("lead_time_days")["probability"]
    assert np.abs(found - shares.reindex(found.index).fillna(0)).max() < 0.02


def test_lines_of_one_day_travel_together_and_weigh_one():
    alone = lead_time_distributions(receipts([9]), features(5.0), PLAN_DATE)
    load = lead_time_distributions(receipts([9] * 200, started=[0] * 200), features(5.0), PLAN_DATE)
    pd.testing.assert_frame_equal(alone, load)


def test_a_receipt_of_the_plan_date_is_not_known_yet():
    days_until = (pd.Timestamp(PLAN_DATE) - START).days
    late = receipts([days_until], started=[0])
    as_open = still_open([days_until])
    made = lead_time_distributions(late, features(70.0), PLAN_DATE)
    assert made["lead_time_days"].tolist() == [70]
    pd.testing.assert_frame_equal(made, lead_time_distributions(NONE, features(70.0), PLAN_DATE, as_open))


def test_open_orders_lengthen_what_receipts_alone_would_say():
    quick, slow = receipts([5] * 10), still_open(range(20, 30))
    only_receipts = lead_time_distributions(quick, features(5.0), PLAN_DATE)
    both = lead_time_distributions(quick, features(5.0), PLAN_DATE, slow)
    assert mean_of(only_receipts) == pytest.approx(5.0)
    assert mean_of(both) > 8
    assert both["lead_time_days"].tolist() == [5, 29]


def test_an_order_that_is_not_due_says_nothing_of_what_comes_later():
    quick, young = receipts([5] * 10), still_open([2] * 10)
    made = lead_time_distributions(quick, features(5.0), PLAN_DATE, young)
    assert made["lead_time_days"].tolist() == [5]


def test_crossing_orders_are_matched_in_order_of_start_and_receipt():
    # Ordered on days 0 and 1, received on days 11 and 4: the first arrival serves the first order.
    crossing = receipts([11, 3], started=[0, 1], item="i")
    made = lead_time_distributions(crossing, features(7.0), PLAN_DATE)
    assert set(made["lead_time_days"]) == {4, 7, 10}
    apart = lead_time_distributions(receipts([11, 3], started=[0, 1]), features(7.0), PLAN_DATE)
    assert set(apart["lead_time_days"]) == {3, 7, 11}
    assert mean_of(made) == pytest.approx(mean_of(apart))
    evidence = learn_lead_times(crossing, features(7.0), PLAN_DATE).evidence
    assert evidence["crossed_share"].tolist() == [1.0]


def test_of_crossing_orders_the_latest_start_is_the_open_one():
    # The order of day 0 is still open, the one ten days later came: the item has waited for one order, the later.
    came = receipts([4], started=[10], item="i")
    age = (pd.Timestamp(PLAN_DATE) - START).days
    made = lead_time_distributions(came, features(4.0), PLAN_DATE, still_open([age], item="i"))
    assert made["lead_time_days"].max() == age - 10


def test_a_changed_quote_shifts_what_was_learned():
    seen = receipts([9] * 20, quoted=7)
    assert mean_of(lead_time_distributions(seen, features(7.0), PLAN_DATE)) == pytest.approx(
        mean_of(lead_time_distributions(seen, features(3.0), PLAN_DATE)) + 4
    )


def test_a_lane_without_orders_borrows_from_lanes_of_its_mode_first():
    lanes = pd.concat(
        [features(5.0, site="a"), features(5.0, site="b"), features(2.0, site="c", mode="van"), features(9.0, site="d")]
    )
    seen = pd.concat([receipts([8] * 40, site="a"), receipts([2] * 40, site="c", mode="van", quoted=2)])
    made = lead_time_distributions(seen, lanes, PLAN_DATE).groupby("site_id")
    means = made.apply(mean_of, include_groups=False)
    assert 7.5 < means["b"] < 8
    assert means["d"] == pytest.approx(means["b"] + 4)
    assert means["c"] < 2.3


def test_receipts_of_a_supplier_do_not_count_for_lanes():
    other = receipts([9] * 50, kind="purchase", mode="supplier")
    both = pd.concat([features(5.0), features(5.0, kind="purchase", mode="supplier")])
    made = lead_time_distributions(other, both, PLAN_DATE)
    assert mean_of(made[made["receipt_kind"] == "transfer"]) == pytest.approx(5.0)


def test_no_source_is_an_empty_frame():
    assert lead_time_distributions(NONE, FEAT_LEAD_TIME.empty(), PLAN_DATE).empty


def test_the_page_names_the_most_variable_source():
    both = pd.concat([features(source="calm"), features(source="wild")])
    seen = pd.concat([receipts([5] * 10, source="calm"), receipts([1, 9] * 5, source="wild")])
    page = lead_time_page(learn_lead_times(seen, both, PLAN_DATE).evidence)
    assert page["sources"] == 2
    assert page["sources_without_orders"] == 0
    assert page["order_days"] == 20
    assert page["most_variable"]["source_id"].iloc[0] == "wild"


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(0, 90), min_size=1, max_size=4),
    st.lists(st.integers(0, 59), max_size=12),
    st.lists(st.integers(1, 80), max_size=5),
    st.randoms(use_true_random=False),
)
def test_probabilities_add_up_to_one_in_any_order_of_rows(quotes, days, ages, random):
    groups = pd.concat([features(quote, source=f"s{k}") for k, quote in enumerate(quotes)])
    seen = receipts(days, source="s0", item="i", started=[0] * len(days)) if days else NONE
    waiting = still_open(ages, source="s0", item="i") if ages else FCT_OPEN_ORDER.empty()
    made = lead_time_distributions(seen, groups, PLAN_DATE, waiting)
    totals = made.groupby(GROUP)["probability"].sum()
    assert len(totals) == len(quotes)
    assert np.abs(totals - 1.0).max() < 1e-9
    assert (made["probability"] >= LEAST_PROBABILITY).all()
    LEAD_TIME.conform(made)
    order, other = list(range(len(seen))), list(range(len(waiting)))
    random.shuffle(order)
    random.shuffle(other)
    again = lead_time_distributions(seen.iloc[order], groups.iloc[::-1], PLAN_DATE, waiting.iloc[other])
    pd.testing.assert_frame_equal(made, again, check_exact=True)
