"""Every key figure by hand, and where its definition is told: no number without its formula."""

import re
from pathlib import Path

import pytest
from unit.monitoring.kpi_samples import PLAN_DATE, facts

from assets.kernel.errors import EquipoiseError
from assets.kernel.frames.forecasts import QUANTILE_LEVELS
from assets.monitoring.kpis.definitions import KEY_FIGURES, PROMISED, Better, Kpi, kpi_named
from assets.monitoring.kpis.totals import key_figures

BY_HAND = {
    "fill_rate": (8 + 10) / (10 + 10),
    "cycle_service": 4 / 5,
    "stock_out_rate": 2 / 10,
    "stock_out_days": 0.5 + 0.25,
    "on_shelf_availability": (4.5 + 4.75) / 10,
    "lost_sales": 6.0,
    "ready_rate": 7 / 8,
    "days_of_inventory": 300 / 10,
    "inventory_turns": 365 / 30,
    "carrying_cost": 1.25 / 10,
    "obsolescence": 9 / 300,
    "scrap_rate": 1 / 25,
    "otif": 3 / 5,
    "on_time": 4 / 5,
    "in_full": 4 / 5,
    "transfer_lead_time": (6 + 4) / 4,
    "purchase_lead_time": 10 / 2,
    "transfer_failure_rate": 1 / 5,
    "transfer_cost": 10 / 40,
    "lead_time_predictability": 4 / 5,
    "lead_time_slip": (3 - 1) / 5,
    "backlog": 10 / 50,
    "plan_adherence": 100 / 400,
    "expedite_share": 300 / 600,
    "expedite_cost": 12.5,
    "manual_interventions": 2 / 3,
    "decision_latency": 3 / 2,
    "lineage_coverage": 2 / 3,
    "forecast_bias": (1 - 3) / 10,
    "wape": 4 / 10,
    "mase": (0.5 + 1.5) / 2,
    "pinball_loss": 2 / 10,
    # One outcome lies at the median, the other below all quantiles.
    "coverage_80": (1 - 0 + 1 - 1) / 2,
    "promised_fill_rate": 3.7 / 4,
    "promised_cycle_service": 3.8 / 4,
    "promised_ready_rate": 4.5 / 5,
    **{
        f"below_q{round(level * 100):02d}": (1.0 + (0.0 if level < 0.5 else 0.5 if level == 0.5 else 1.0)) / 2
        for level in QUANTILE_LEVELS
    },
}
README = Path(__file__).parents[3] / "assets/monitoring/README.md"


def test_every_key_figure_is_computed_by_hand_here() -> None:
    assert BY_HAND.keys() == {kpi.name for kpi in KEY_FIGURES}


@pytest.mark.parametrize("kpi", KEY_FIGURES, ids=lambda kpi: kpi.name)
def test_a_key_figure_is_what_its_formula_says(kpi: Kpi) -> None:
    table = key_figures(facts(), PLAN_DATE, [kpi])
    network = table[(table["dimension"] == "network") & (table["window_days"] == 7)]
    assert network["value"].tolist() == pytest.approx([BY_HAND[kpi.name]])
    assert network["unit"].tolist() == [kpi.unit]


def test_the_readme_defines_each_key_figure_once_as_the_code_does() -> None:
    written = re.findall(r"^\| `(\w+)` \| (.+) \| (.+) \| (.+) \| (.+) \| (.+) \|$", README.read_text(), re.MULTILINE)
    assert written == [(kpi.name, kpi.formula, kpi.grain, kpi.unit, str(kpi.better), kpi.source) for kpi in KEY_FIGURES]


def test_names_are_unique_and_what_was_promised_stands_beside_what_was_achieved() -> None:
    names = [kpi.name for kpi in KEY_FIGURES]
    assert len(set(names)) == len(names)
    assert set(PROMISED) == {kpi.name for kpi in KEY_FIGURES if kpi.better is Better.PROMISE}
    assert set(PROMISED.values()) <= set(names)
    assert {kpi.level for kpi in KEY_FIGURES if kpi.better is Better.LEVEL} == {0.8, *QUANTILE_LEVELS}


def test_a_wrong_name_is_told_with_those_there_are() -> None:
    assert kpi_named("otif").name == "otif"
    with pytest.raises(EquipoiseError, match=r"'otfi'.*fill_rate, cycle_service"):
        kpi_named("otfi")
