"""`equipoise forecast`: what it says, as JSON and in 80 columns, and what it says when it cannot."""

import datetime as dt
from pathlib import Path

import pytest
from unit.cli.tiny_network import DAY, PLAN_DATE, Equipoise, rows

from assets.forecasting.models.network_models import SHRUNKEN_MEAN
from assets.forecasting.models.series_models import FALLBACK
from assets.forecasting.segment_forecasts import ANALOGUE, ENDED, UNINFORMED
from assets.kernel.frames.decisions import PROTECTION_DEMAND, TARGETS
from assets.kernel.frames.forecasts import (
    DEMAND_ANOMALIES,
    DEMAND_ESTIMATE,
    DEMAND_FORECAST,
    FORECAST_EFFECTS,
    FORECAST_SCORES,
    INTERVAL_CALIBRATION,
    QUANTILE_COLUMNS,
    QUANTILE_LEVELS,
    RESIDUAL_COLUMNS,
)
from assets.kernel.frames.marts import DIM_EVENT, DIM_ITEM, DIM_SITE, FCT_DEMAND
from assets.kernel.home import NetworkHome
from assets.kernel.published import Published
from orchestration.cli import forecast_words
from orchestration.cli.fan_text import fan

HERE = {"item_id": "I1", "site_id": "S1"}
HORIZON = 3
ASK = ("forecast", "--item", "I1", "--site", "S1")


@pytest.fixture
def forecast(network: NetworkHome) -> NetworkHome:
    """Return the home of a network in which one series is forecast and has a target."""
    published = Published(network.published)
    published.write(DEMAND_FORECAST, ahead(), PLAN_DATE, "run-1")
    published.write(FCT_DEMAND, past(), PLAN_DATE, "run-1")
    target = {**HERE, "protection_buckets": 2, "protection_mean_units": 4.5, "protection_std_units": 2.0}
    published.write(
        TARGETS, rows(TARGETS, {**target, "base_stock_units": 8, "critical_ratio": 0.9}), PLAN_DATE, "run-1"
    )
    scored = {"demand_segment": "smooth", "series_count": 1, "origin_count": 3, "coverage_80": 0.81, "bias": 0.02}
    scores = rows(
        FORECAST_SCORES,
        {**scored, "model": "TSB", "is_champion": True},
        {**scored, "model": "IMAPA", "coverage_80": 0.5},
    )
    published.write(FORECAST_SCORES, scores, PLAN_DATE, "run-1")
    return network


def ahead():
    named = {"demand_segment": "smooth", "model": "TSB", "model_version": "model-1"}
    made = []
    for index in range(HORIZON):
        total = 2.0 * (index + 1)
        spread = {name: total * 2 * level for name, level in zip(QUANTILE_COLUMNS, QUANTILE_LEVELS, strict=True)}
        when = {"bucket_index": index, "bucket_start": PLAN_DATE + index * DAY}
        units = {"mean_units": 2.0, "cumulative_mean_units": total, "cumulative_std_units": 1.0}
        made.append({**HERE, **when, **units, **spread, **named})
    return rows(DEMAND_FORECAST, *made)


def past():
    """Five days before the plan: the second of them has no row, the fourth was sold out."""
    told = {5: (3, False), 3: (2, False), 2: (1, True), 1: (4, False)}
    return rows(
        FCT_DEMAND,
        *(
            {**HERE, "bucket_start": PLAN_DATE - age * DAY, "demand_lower_bound_units": units, "is_censored": censored}
            for age, (units, censored) in told.items()
        ),
    )


@pytest.mark.usefixtures("forecast")
def test_the_json_holds_history_quantiles_model_and_target(equipoise: Equipoise) -> None:
    told = equipoise(*ASK, "--json").data
    known = {"item": "I1", "site": "S1", "plan_date": "2026-03-02", "bucket": "day", "segment": "smooth"}
    assert {**known, "model": "TSB", "model_version": "model-1", "run_id": "run-1", "png": None}.items() <= told.items()
    assert told["expected_units_next_bucket"] == 2.0
    assert told["expected_units_over_horizon"] == 6.0
    assert told["target"]["protection_mean_units"] == 4.5
    assert told["champion_scores"]["model"] == "TSB"
    assert [row["known"] for row in told["history"]] == ["whole", "nothing", "whole", "at_least", "whole"]
    assert [row["demand_units"] for row in told["history"]] == [3.0, None, 2.0, 1.0, 4.0]
    assert told["recent_at_least"] == ["2026-02-28"]
    assert told["recent_not_reported"] == ["2026-02-26"]
    assert [row["cumulative_mean_units"] for row in told["forecast"]] == [2.0, 4.0, 6.0]
    assert set(told["forecast"][0]["quantiles"]) == {str(level) for level in QUANTILE_LEVELS}
    assert told["forecast"][2]["quantiles"]["0.5"] == 6.0


@pytest.mark.usefixtures("forecast")
def test_for_people_it_says_what_is_expected_and_what_is_not_known(equipoise: Equipoise) -> None:
    said = equipoise(*ASK)
    text = " ".join(said.out.split())
    assert (said.code, said.err) == (0, "")
    assert "I1 at S1: smooth, TSB" in text
    assert "Review and lead time, about 2 days: 4.50 units expected" in text
    assert "Of the last 5 days 1 tell at least what was asked for (stock-out: 28 Feb), 1 tell nothing" in text
    assert "80 % band held 81.00 %" in text
    assert "Thu 26 Feb ? not reported" in text


@pytest.mark.usefixtures("forecast")
@pytest.mark.parametrize("width", [80, 120])
def test_no_line_is_wider_than_the_terminal(equipoise: Equipoise, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setattr("orchestration.cli.console.PIPE_WIDTH", width)
    lines = equipoise(*ASK).out.splitlines()
    assert max(map(len, lines)) <= width
    assert any("┃" in line for line in lines)


@pytest.mark.usefixtures("forecast")
def test_where_review_and_lead_time_end_is_marked(equipoise: Equipoise) -> None:
    marked = [line for line in equipoise(*ASK).out.splitlines() if line.endswith(" <")]
    assert [line[:10] for line in marked] == ["Tue  3 Mar"]


@pytest.mark.usefixtures("forecast")
def test_the_chart_goes_to_a_file_and_the_answer_names_it(equipoise: Equipoise, tmp_path: Path) -> None:
    file = tmp_path / "fan.png"
    said = equipoise(*ASK, "--png", str(file), "--json")
    assert file.read_bytes().startswith(b"\x89PNG")
    assert said.data["png"] == str(file)
    assert said.err == f"Chart written to {file}.\n"


@pytest.mark.usefixtures("forecast")
def test_a_chart_that_cannot_be_written_is_one_line_with_a_remedy(equipoise: Equipoise, tmp_path: Path) -> None:
    said = equipoise(*ASK, "--png", str(tmp_path / "nowhere" / "fan.png"))
    assert (said.code, said.out) == (1, "")
    assert said.err.count("\n") == 1
    assert "no such file or directory. Name a file in a folder that can be written" in said.err


@pytest.mark.usefixtures("forecast")
@pytest.mark.parametrize(
    ("item", "site", "words"),
    [
        ("I9", "S1", "there is no forecast of item I9. Give another item, such as I1"),
        ("I1", "S9", "I1 is not forecast at site S9. Give another site, such as S1"),
    ],
)
def test_an_unknown_item_or_site_is_one_line_with_names_that_exist(
    equipoise: Equipoise, item: str, site: str, words: str
) -> None:
    said = equipoise("forecast", "--item", item, "--site", site)
    assert (said.code, said.out) == (1, "")
    assert said.err == f"plan of 2026-03-02: {words}\n"


@pytest.mark.usefixtures("forecast")
@pytest.mark.parametrize(("item", "site", "kind"), [("", "S1", "item"), ("I1", " ", "site")])
def test_a_name_that_is_empty_is_one_line_with_names_that_exist(
    equipoise: Equipoise, item: str, site: str, kind: str
) -> None:
    said = equipoise("forecast", "--item", item, "--site", site)
    assert (said.code, said.out) == (1, "")
    assert f"no {kind} is named. Give another {kind}, such as" in said.err


@pytest.mark.usefixtures("forecast")
@pytest.mark.parametrize("name", ["a.txt", "chart", "a.png.bak"])
def test_a_chart_is_not_written_into_a_file_called_otherwise(equipoise: Equipoise, tmp_path: Path, name: str) -> None:
    said = equipoise(*ASK, "--png", str(tmp_path / name))
    assert (said.code, said.out) == (1, "")
    assert "the chart is a PNG. Let the file's name end in .png" in said.err
    assert not (tmp_path / name).exists()


def test_the_names_of_stand_ins_are_those_of_the_forecast() -> None:
    named = (forecast_words.ANALOGUE, forecast_words.UNINFORMED, forecast_words.ENDED, forecast_words.FALLBACK)
    assert (*named, forecast_words.NETWORK_FALLBACK) == (ANALOGUE, UNINFORMED, ENDED, FALLBACK, SHRUNKEN_MEAN)


@pytest.mark.parametrize(
    ("model", "sold", "words"),
    [
        (
            ANALOGUE,
            True,
            "Too few of the days that models see tell its whole demand for TSB: it is forecast from the same item",
        ),
        (ANALOGUE, False, "It was never sold here: it is forecast from the same item elsewhere"),
        (UNINFORMED, False, "Nothing like it was ever sold anywhere"),
        (ENDED, True, "It is declared delisted: no further demand is expected"),
        (UNINFORMED, True, "nothing like it sold elsewhere: what is expected is a guess"),
        (SHRUNKEN_MEAN, True, "because all series together taught TSB too little"),
        (FALLBACK, True, "because its history is too short for TSB, or TSB failed on it"),
    ],
)
def test_what_stands_in_for_the_champion_is_named_with_the_reason_and_without_its_record(
    equipoise: Equipoise, forecast: NetworkHome, model: str, sold: bool, words: str
) -> None:
    published = Published(forecast.published)
    published.write(DEMAND_FORECAST, ahead().assign(model=model), PLAN_DATE, "run-2")
    if not sold:
        published.write(FCT_DEMAND, past().assign(demand_lower_bound_units=0), PLAN_DATE, "run-2")
    text = " ".join(equipoise(*ASK).out.split())
    assert words in text
    assert "Backtest of the segment" not in text
    assert ("base stock of" in text or "base stock 8 covers" in text) == (model != ENDED)


@pytest.mark.usefixtures("forecast")
def test_a_date_that_is_not_planned_is_one_line_with_a_remedy(equipoise: Equipoise) -> None:
    said = equipoise(*ASK, "--date", "2026-03-09")
    assert said.code == 1
    assert "2026-03-09 is not planned" in said.err
    assert "equipoise plan --date 2026-03-09" in said.err


def test_a_plan_that_got_no_further_than_the_forecast_is_drawn_without_a_target(
    equipoise: Equipoise, network: NetworkHome
) -> None:
    Published(network.published).write(DEMAND_FORECAST, ahead(), PLAN_DATE, "run-1")
    told = equipoise(*ASK, "--json").data
    assert (told["target"], told["champion_scores"], told["history"]) == (None, None, [])
    said = equipoise(*ASK)
    assert said.code == 0
    assert "nothing is known before the plan date" in said.out
    assert "lead time" not in said.out.lower()


def test_the_interval_a_base_stock_covers_and_the_one_an_order_lasts_for_have_words_of_their_own(
    equipoise: Equipoise, forecast: NetworkHome
) -> None:
    arrivals = {**HERE, "first_bucket": 1, "last_bucket": 2, "protection_mean_units": 3.5, "protection_std_units": 1.5}
    Published(forecast.published).write(PROTECTION_DEMAND, rows(PROTECTION_DEMAND, arrivals), PLAN_DATE, "run-1")
    text = " ".join(equipoise(*ASK).out.split())
    assert "Review and lead time, about 2 days: 4.50 units expected (std 2); base stock 8 covers" in text
    assert "arrival of an order placed now to the next one's, about Tue 3 Mar to Wed 4 Mar: 3.50 units" in text
    assert "protection interval" not in text.lower()
    told = equipoise(*ASK, "--json").data
    assert told["protection_demand"]["protection_mean_units"] == 3.5


def announce(home: NetworkHome, **told: object) -> None:
    """Publish one event, from the day before the plan to the second day ahead, and effects of the category."""
    event = {"event_id": "e", "start_date": PLAN_DATE - DAY, "end_date": PLAN_DATE + DAY, **told}
    kept = dict.fromkeys(("region", "site_id", "item_id", "unit_price")) | event
    effect = {"driver": "promotion", "driver_name": "", "learned_buckets": 40, "is_used": True}
    price = {"driver": "price", "driver_name": "", "effect": 0.0, "is_used": False}
    effects = (
        *({**effect, "category": name, "effect": size} for name, size in (("(all)", 1.5), ("tools", 1.9))),
        *({**price, "category": name, "learned_buckets": 0} for name in ("(all)", "tools")),
        {**effect, "driver": "event", "driver_name": "Fair", "category": "(all)", "effect": 1.2},
    )
    tables = {
        DIM_EVENT: rows(DIM_EVENT, kept),
        FORECAST_EFFECTS: rows(FORECAST_EFFECTS, *effects),
        DIM_ITEM: rows(DIM_ITEM, {"item_id": "I1", "category": "tools"}),
        DIM_SITE: rows(DIM_SITE, {"site_id": "S1", "region": "north"}),
    }
    for frame, table in tables.items():
        Published(home.published).write(frame, table, PLAN_DATE, "run-2")


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (
            {"event_kind": "promotion", "item_id": "I1", "region": "north"},
            "Promotion 2-3 Mar counts ×1.90 (learned in tools).",
        ),
        ({"event_kind": "holiday", "event_name": "Fair"}, "Fair 2-3 Mar counts ×1.20 (learned in all categories)."),
        (
            {"event_kind": "holiday", "event_name": "Feast"},
            "Feast 2-3 Mar changes nothing in the forecast: there is no earlier",
        ),
        (
            {"event_kind": "price", "item_id": "I1", "unit_price": 2},
            "for 2-3 Mar changes nothing in the forecast: no price ever varied.",
        ),
    ],
)
def test_what_is_announced_is_told_with_what_it_counts_for(
    equipoise: Equipoise, forecast: NetworkHome, event: dict[str, object], words: str
) -> None:
    announce(forecast, **event)
    assert words in " ".join(equipoise(*ASK).out.split())
    [told] = equipoise(*ASK, "--json").data["announced"]
    assert (told["first_date"], told["last_date"]) == ("2026-03-02", "2026-03-03")
    assert (told["effect"] is None) == ("changes nothing" in words)


@pytest.mark.parametrize("event", [{"item_id": "I2"}, {"region": "south"}, {"site_id": "S2"}])
def test_what_is_announced_for_others_is_not_told(
    equipoise: Equipoise, forecast: NetworkHome, event: dict[str, object]
) -> None:
    announce(forecast, **{"event_kind": "promotion", "item_id": "I1", **event})
    assert equipoise(*ASK, "--json").data["announced"] == []


def test_a_row_of_the_fan_is_as_wide_as_asked_whatever_the_units() -> None:
    levels = ("0.05", "0.2", "0.4", "0.5", "0.6", "0.8", "0.95")
    assert fan(dict.fromkeys(levels, 0.0), 1e-9, 20) == "┃" + " " * 19
    assert fan(dict.fromkeys(levels, 500.0), 100.0, 20) == " " * 19 + "┃"


def test_without_a_network_it_says_what_to_run(equipoise: Equipoise) -> None:
    said = equipoise(*ASK, "--date", dt.date(2026, 3, 2).isoformat())
    assert said.code == 1
    assert "no network is active. Run `equipoise demo`" in said.err


@pytest.fixture
def calibrated(forecast: NetworkHome) -> NetworkHome:
    """Return the home of a network whose intervals are calibrated: residuals of a normal law."""
    told = {"demand_segment": "smooth", "level_group": 0, "from_level_units": 0.0, "residual_deviation": 1.0}
    residuals = {name: 2.0 * level - 1.0 for name, level in zip(RESIDUAL_COLUMNS, QUANTILE_LEVELS, strict=True)}
    made = [{**told, **residuals, "interval_buckets": length} for length in range(1, HORIZON + 1)]
    Published(forecast.published).write(INTERVAL_CALIBRATION, rows(INTERVAL_CALIBRATION, *made), PLAN_DATE, "run-1")
    return forecast


@pytest.mark.usefixtures("calibrated")
def test_possible_futures_are_asked_for_by_number_and_drawn_by_seed(equipoise: Equipoise) -> None:
    first, again, other = (
        equipoise(*ASK, "--paths", "200", *more, "--json").data for more in ((), (), ("--seed", "1"))
    )
    assert "paths" not in equipoise(*ASK, "--json").data
    assert first["paths"]["seed"] == 0
    paths = first["paths"]["units"]
    assert (len(paths), {len(path) for path in paths}) == (200, {HORIZON})
    assert all(isinstance(units, int) and units >= 0 for path in paths for units in path)
    assert paths == again["paths"]["units"] != other["paths"]["units"]
    # The published median of the sum over the horizon is 6 units.
    assert sorted(map(sum, paths))[100] == pytest.approx(6, abs=1)


@pytest.mark.usefixtures("calibrated")
def test_possible_futures_are_told_to_people_by_their_spread(equipoise: Equipoise) -> None:
    lines = equipoise(*ASK, "--paths", "50").out.splitlines()
    assert any("50 possible futures, units a day (seed 0" in line for line in lines)
    assert any("half below" in line for line in lines)


@pytest.mark.usefixtures("forecast")
def test_possible_futures_without_a_calibration_are_one_line_with_a_remedy(equipoise: Equipoise) -> None:
    said = equipoise(*ASK, "--paths", "5")
    assert (said.code, said.out) == (1, "")
    assert said.err.count("\n") == 1


def test_what_was_hidden_and_what_stands_out_is_told(equipoise: Equipoise, forecast: NetworkHome) -> None:
    published = Published(forecast.published)
    hidden = {**HERE, "bucket_start": PLAN_DATE - 2 * DAY, "is_censored": True, "lost_units": 2.5}
    published.write(DEMAND_ESTIMATE, rows(DEMAND_ESTIMATE, hidden), PLAN_DATE, "run-1")
    spike = {**HERE, "bucket_start": PLAN_DATE - DAY, "kind": "spike", "is_cut": True}
    units = {"found_units": 40.0, "usual_units": 4.0}
    published.write(DEMAND_ANOMALIES, rows(DEMAND_ANOMALIES, {**spike, **units}), PLAN_DATE, "run-1")
    text = " ".join(equipoise(*ASK).out.split())
    assert "Estimated: 2.50 units more were asked for than sold, on 1 days with a stock-out since 28 Feb." in text
    assert "Spike Sun 1 Mar: 40 units a day, 4 as usual; cut for models of single series." in text
    told = equipoise(*ASK, "--json").data
    assert told["estimates"][0]["lost_units"] == 2.5
    assert told["anomalies"][0]["kind"] == "spike"
