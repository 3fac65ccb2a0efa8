"""Key figures over windows and groups: sums of numerators and denominators, never means of ratios."""

import datetime as dt

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.monitoring.kpi_samples import BEFORE, PLAN_DATE, YESTERDAY, facts, rows

from assets.kernel.frames.kpis import KPI_DIMENSIONS, KPI_WINDOWS, NETWORK
from assets.monitoring.kpis.definitions import KEY_FIGURES, SHARE, Facts
from assets.monitoring.kpis.totals import key_figures

OTIF = [kpi for kpi in KEY_FIGURES if kpi.name == "otif"]
LOST = [kpi for kpi in KEY_FIGURES if kpi.name == "lost_sales"]


@st.composite
def histories(draw: st.DrawFn) -> dict[Facts, pd.DataFrame]:
    """Return the sample's facts, each row repeated on some days and weighed by a number."""
    found = {}
    for name, table in facts().items():
        days = draw(st.lists(st.integers(1, 190), max_size=6))
        parts = [table.iloc[:0]]
        for days_ago in days:
            some = table.iloc[: draw(st.integers(0, len(table)))]
            factor = draw(st.integers(0, 3))
            numbers = some.select_dtypes("number").columns
            moved = some.assign(day=pd.Timestamp(PLAN_DATE) - pd.Timedelta(days=days_ago))
            parts.append(moved.assign(**{column: some[column] * factor for column in numbers}))
        found[name] = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    return found


@settings(max_examples=25)
@given(history=histories())
def test_both_sums_add_up_over_the_members_of_every_dimension(history: dict[Facts, pd.DataFrame]) -> None:
    table = key_figures(history, PLAN_DATE).fillna({"denominator": 0.0})
    sums = table.groupby(["kpi", "window_days", "dimension"])[["numerator", "denominator"]].sum().reset_index()
    whole = sums[sums["dimension"] == NETWORK].set_index(["kpi", "window_days"])
    for dimension in KPI_DIMENSIONS[1:]:
        parts = sums[sums["dimension"] == dimension].set_index(["kpi", "window_days"])
        expected = whole.reindex(parts.index)
        for column in ("numerator", "denominator"):
            assert parts[column].to_numpy() == pytest.approx(expected[column].to_numpy())
        # A figure without a member there has nothing to add.
        rest = whole.drop(index=parts.index)
        assert (rest[["numerator", "denominator"]] == 0).all(axis=None)


@settings(max_examples=25)
@given(history=histories())
def test_a_share_lies_between_0_and_1_and_longer_windows_hold_shorter_ones(
    history: dict[Facts, pd.DataFrame],
) -> None:
    table = key_figures(history, PLAN_DATE)
    values = table.loc[table["unit"] == SHARE, "value"].dropna()
    assert values.between(0.0, 1.0 + 1e-12).all()
    counted = table.loc[(table["dimension"] == NETWORK) & (table["kpi"] == "otif")].set_index("window_days")
    assert counted["denominator"].loc[list(KPI_WINDOWS)].is_monotonic_increasing


def test_a_window_ends_the_day_before_the_plan_and_the_one_before_it_adjoins() -> None:
    def due(days_ago: int) -> pd.DataFrame:
        measure = {"due_lines": 10, "otif_lines": days_ago}
        return rows(measure, day=pd.Timestamp(PLAN_DATE) - pd.Timedelta(days=days_ago))

    history = pd.concat([due(days_ago) for days_ago in (0, 1, 7, 8)])
    table = key_figures({Facts.SUPPLY: history}, PLAN_DATE, OTIF)
    network = table[table["dimension"] == NETWORK].set_index("window_days")
    assert network.loc[7, ["numerator", "denominator", "value", "previous_value"]].tolist() == [8.0, 20.0, 0.4, 0.8]
    assert network.loc[28, "denominator"] == 30.0


def test_where_nothing_was_counted_there_is_a_row_and_no_value() -> None:
    table = key_figures({Facts.SUPPLY: facts()[Facts.SUPPLY].iloc[:0]}, PLAN_DATE, OTIF)
    assert table["dimension"].unique().tolist() == [NETWORK]
    assert table["value"].isna().all()
    assert table["denominator"].tolist() == [0.0] * len(KPI_WINDOWS)


def test_a_total_has_no_denominator_and_none_is_no_zero() -> None:
    history = facts()[Facts.SERVICE].assign(day=BEFORE)
    table = key_figures({Facts.SERVICE: history}, PLAN_DATE, LOST)
    network = table[table["dimension"] == NETWORK].set_index("window_days")
    assert network["denominator"].isna().all()
    assert pd.isna(network.loc[7, "value"])
    assert network.loc[7, "previous_value"] == network.loc[28, "value"] == 6.0


def test_members_are_those_of_the_rows_in_the_window() -> None:
    history = pd.concat([facts()[Facts.SUPPLY], facts()[Facts.SUPPLY].assign(day=BEFORE, site_id="gone")])
    table = key_figures({Facts.SUPPLY: history}, PLAN_DATE, OTIF)
    sites = table[table["dimension"] == "site"].groupby("window_days")["member"].apply(list)
    assert sites[7] == ["s1", "s2", "w1"]
    assert sites[28] == ["gone", "s1", "s2", "w1"]


def test_the_table_says_whose_it_is_whatever_the_order_of_its_facts() -> None:
    backwards = {name: table.iloc[::-1] for name, table in facts().items()}
    table = key_figures(facts(), PLAN_DATE)
    pd.testing.assert_frame_equal(key_figures(backwards, PLAN_DATE), table)
    assert table["plan_date"].dt.date.unique().tolist() == [PLAN_DATE]
    assert (PLAN_DATE - YESTERDAY.date()) == dt.timedelta(days=1)
