"""The page of the key figures: headlines, what is not measured, plots, and the worst site first."""

import pandas as pd
from unit.monitoring.kpi_samples import PLAN_DATE, facts

from assets.monitoring.kpis.definitions import KEY_FIGURES, Facts
from assets.monitoring.kpis.page import kpi_page
from assets.monitoring.kpis.totals import key_figures

PLOTS = ("fill_rate_and_stock", "promised_and_achieved", "pareto_of_stock_outs")
PNG = b"\x89PNG"


def test_the_page_shows_every_key_figure_and_the_site_that_lost_most_first() -> None:
    page = kpi_page(key_figures(facts(), PLAN_DATE), facts())
    assert (page["fill_rate_28_days"], page["otif_28_days"], page["not_measured_yet"]) == (0.9, 0.6, "none")
    table, sites = page["key_figures"], page["sites"]
    assert isinstance(table, pd.DataFrame)
    assert isinstance(sites, pd.DataFrame)
    assert table["kpi"].tolist() == [kpi.name for kpi in KEY_FIGURES]
    assert sites["site"].tolist() == ["s1", "s2", "w1"]
    for plot in (page[name] for name in PLOTS):
        assert isinstance(plot, bytes)
        assert plot.startswith(PNG)


def test_a_network_of_which_nothing_is_known_has_a_page_that_says_so() -> None:
    nothing: dict[Facts, pd.DataFrame] = {name: table.iloc[:0] for name, table in facts().items()}
    page = kpi_page(key_figures(nothing, PLAN_DATE), nothing)
    assert page["fill_rate_28_days"] is None
    assert page["not_measured_yet"] == ", ".join(kpi.name for kpi in KEY_FIGURES)
    assert all(isinstance(page[name], bytes) for name in PLOTS)
