import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.forecasting.lead_time import GROUP, lead_time_distributions
from assets.forecasting.pages.forecast_page import lead_time_page
from assets.kernel.frames.forecasts import LEAD_TIME
from assets.kernel.frames.marts import FCT_LEAD_TIME, FEAT_LEAD_TIME

PLAN_DATE = dt.date(2025, 6, 30)


def features(mean=5.0, std=1.0, source="dc", site="store"):
    row = {
        "plan_date": pd.Timestamp(PLAN_DATE), "receipt_kind": "transfer", "source_id": source, "site_id": site,
        "mode": "truck", "observation_count": 0, "quoted_days": mean, "mean_days": mean, "std_days": std,
        "feature_set_version": "1",
    }  # fmt: skip
    return FEAT_LEAD_TIME.conform(pd.DataFrame([row]))


def receipts(days, source="dc", site="store", received="2025-06-01"):
    frame = pd.DataFrame({"lead_time_days": days})
    return FCT_LEAD_TIME.conform(
        frame.assign(
            observation_id=[f"r{number:04d}" for number in range(len(frame))],
            receipt_kind="transfer",
            source_id=source,
            site_id=site,
            mode="truck",
            item_id="i",
            started_date=pd.Timestamp("2025-05-01"),
            received_date=pd.Timestamp(received),
            quoted_days=None,
            available_at=pd.Timestamp(received),
            batch_id="b",
        )
    )


NONE = FCT_LEAD_TIME.empty()


def mean_of(frame):
    return float((frame["lead_time_days"] * frame["probability"]).sum())


def test_without_receipts_or_spread_the_quote_is_certain():
    made = lead_time_distributions(NONE, features(mean=14.0, std=0.0), PLAN_DATE)
    assert made[["lead_time_days", "probability"]].values.tolist() == [[14, 1.0]]


def test_a_mean_between_two_days_is_kept_by_both():
    made = lead_time_distributions(NONE, features(mean=2.25, std=0.0), PLAN_DATE)
    assert made["lead_time_days"].tolist() == [2, 3]
    assert mean_of(made) == pytest.approx(2.25)


def test_without_a_receipt_a_weekly_quote_is_not_smeared_into_the_next_week():
    made = lead_time_distributions(NONE, features(mean=14.0, std=2.8), PLAN_DATE)
    assert made["lead_time_days"].tolist() == [14]


def test_the_prior_keeps_mean_and_spread():
    made = lead_time_distributions(receipts([10]), features(mean=10.0, std=2.2), PLAN_DATE)
    spread = float((made["probability"] * (made["lead_time_days"] - 10.0) ** 2).sum()) ** 0.5
    assert mean_of(made) == pytest.approx(10.0, abs=0.1)
    assert spread == pytest.approx(2.0, abs=0.15)


def test_a_hundred_receipts_outweigh_the_quote_and_two_do_not():
    many = lead_time_distributions(receipts([9] * 100), features(5.0, 0.0), PLAN_DATE)
    few = lead_time_distributions(receipts([9] * 2), features(5.0, 0.0), PLAN_DATE)
    assert mean_of(many) > 8.7
    assert mean_of(few) < 6.5


def test_a_receipt_of_the_plan_date_is_not_known_yet():
    late = receipts([9] * 50, received="2025-06-30")
    assert mean_of(lead_time_distributions(late, features(5.0, 0.0), PLAN_DATE)) == pytest.approx(5.0)


def test_receipts_of_another_lane_do_not_count():
    other = receipts([9] * 50, site="elsewhere")
    assert mean_of(lead_time_distributions(other, features(5.0, 0.0), PLAN_DATE)) == pytest.approx(5.0)


def test_no_source_is_an_empty_frame():
    assert lead_time_distributions(NONE, FEAT_LEAD_TIME.empty(), PLAN_DATE).empty


def test_the_page_names_the_most_variable_source():
    both = pd.concat([features(5.0, 0.0, source="calm"), features(5.0, 3.0, source="wild")])
    seen = receipts([5], source="wild")
    page = lead_time_page(lead_time_distributions(seen, both, PLAN_DATE))
    assert page["sources"] == 2
    assert page["most_variable"]["source_id"].iloc[0] == "wild"


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 90), st.floats(0, 40)), min_size=1, max_size=4),
    st.lists(st.integers(0, 120), max_size=12),
    st.randoms(use_true_random=False),
)
def test_probabilities_add_up_to_one_in_any_order_of_rows(moments, days, random):
    groups = pd.concat([features(m, s, source=f"s{k}") for k, (m, s) in enumerate(moments)])
    seen = receipts(days, source="s0") if days else NONE
    made = lead_time_distributions(seen, groups, PLAN_DATE)
    totals = made.groupby(GROUP)["probability"].sum()
    assert len(totals) == len(moments)
    assert np.abs(totals - 1.0).max() < 1e-9
    assert (made["probability"] > 0).all()
    LEAD_TIME.conform(made)
    order = list(range(len(seen)))
    random.shuffle(order)
    again = lead_time_distributions(seen.iloc[order], groups.iloc[::-1], PLAN_DATE)
    pd.testing.assert_frame_equal(made, again, check_exact=True)
