"""What `plan`, `replay` and `demo` report, without planning anything."""

from types import SimpleNamespace
from typing import Any

import pytest
from unit.cli.tiny_network import DAY, PLAN_DATE, TRANSFER, Equipoise, rows, verdict

from assets.feeds.landing import LandingArea
from assets.kernel.errors import EquipoiseError
from assets.kernel.frames.decisions import PLAN_FAULTS, PLAN_SUMMARY
from assets.kernel.frames.feeds import FEED_STATE
from assets.kernel.frames.forecasts import CHAMPIONS
from assets.kernel.frames.quality import VERDICTS
from assets.kernel.home import NetworkHome
from assets.kernel.published import Published
from orchestration.cli import demo, feeds, plan, replay, summary
from orchestration.cli.console import Output
from orchestration.replay import ReplayReport
from orchestration.settings import Settings, read_settings


@pytest.fixture
def settings(equipoise: Equipoise) -> Settings:
    """Return the settings that a command would read."""
    assert equipoise
    return read_settings()


def run(**facts: Any) -> Any:
    """Return what a run came to, as planning tells it."""
    usual = {
        "run_id": "run-1",
        "plan_date": PLAN_DATE,
        "success": True,
        "seconds": 12.5,
        "seconds_by_stage": {"feeds": 2.0, "rebalancing": 10.0},
        "failed_step": "",
        "error": "",
        "verdicts": {},
        "documents": [{"channel": "live", "run_id": "run-1"}],
        "refit_requested": [],
        "delivered_alerts": ["a"],
    }
    return SimpleNamespace(**{**usual, **facts})


def test_a_plan_as_json_has_seconds_per_stage_cost_bound_gap_and_orders_by_kind(
    settings: Settings, planned: NetworkHome, capsys: pytest.CaptureFixture[str]
) -> None:
    assert planned.profile.name == "tiny"
    day = plan.gather(settings, run(), plan.AsKnown.THEN)
    assert day["seconds"] == {"feeds": 2.0, "rebalancing": 10.0}
    assert (day["plan"]["cost_amount"], day["plan"]["bound_amount"]) == (1000.0, 990.0)
    assert day["market"]["scarce_limits"] == 0
    policies = ["joint_plan", "no_transfers", "greedy_pairs", "min_max", "do_nothing"]
    assert [row["policy"] for row in day["policies"]] == policies
    assert [(d["kind"], d["documents"], d["value"], d["gain"]) for d in day["documents"]] == [
        ("purchase", 1, 120.0, 300.0),
        ("transfer", 1, 120.0, 40.5),
    ]
    assert day["channel"] == "live"
    with Output.on_terminal(json=True) as out:
        plan.report(out, settings, run())
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("planned")
def test_a_plan_for_people_says_what_was_held_why_and_what_to_ask_next(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with Output.on_terminal(json=False) as out:
        plan.report(out, settings, run())
    said = capsys.readouterr()
    words = "gap 4.00 % of what could be decided, 1.00 % of the whole cost"
    assert f"Cost 1,000.00 EUR, proven bound 990.00: {words}" in " ".join(said.out.split())
    assert "no lateral transfers" in said.out
    assert "The verdict negative_stock holds it." in said.out
    assert "greedy pairs" in said.out
    assert "Quality verdicts: 1 hold, 1 pass, 1 warn; alerts delivered now: 1" in said.out
    assert f"equipoise explain {TRANSFER.order_id}" in said.err


@pytest.mark.usefixtures("planned")
def test_a_failed_plan_shows_no_orders_of_an_earlier_run_and_names_the_step(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    error = "assets.kernel.errors.EquipoiseError: erp_items: two items with one id. Send it again"
    stopped = run(success=False, failed_step="quality__verdicts", error=error, documents=[], verdicts={"stop": 1})
    with pytest.raises(EquipoiseError) as raised, Output.on_terminal(json=True) as out:
        plan.report(out, settings, stopped)
    assert str(raised.value).startswith(
        "plan 2026-03-02, step quality__verdicts: erp_items: two items with one id. Send it again. See"
    )
    day = plan.gather(settings, stopped, plan.AsKnown.THEN)
    assert (day["success"], day["documents"], day["plan"], day["verdicts"]) == (False, [], None, {"stop": 1})
    assert '"success": false' in capsys.readouterr().out


def test_a_plan_with_hindsight_of_the_live_date_is_marked_and_is_no_live_one(
    settings: Settings, planned: NetworkHome, capsys: pytest.CaptureFixture[str]
) -> None:
    state = rows(FEED_STATE, {"feed": "wms_inventory", "as_known": "now"})
    Published(planned.published).write(FEED_STATE, state, PLAN_DATE, "run-1")
    day = plan.gather(settings, run(), plan.AsKnown.NOW)
    assert (day["as_known"], day["channel"]) == ("now", "backfill")
    assert day["remarks"] == [
        "Documents of run run-1 were decided with hindsight (--as-known now); they are never sent."
    ]
    with Output.on_terminal(json=False) as out:
        plan.report(out, settings, run(), plan.AsKnown.NOW)
    assert "plan of 2026-03-02, channel backfill, with hindsight" in capsys.readouterr().out


def test_a_stopped_plan_as_json_says_which_documents_stand(settings: Settings, planned: NetworkHome) -> None:
    stop = rows(VERDICTS, verdict("erp_items", "unreadable", "stop", "", "", "no readable batch"))
    Published(planned.published).write(VERDICTS, stop, PLAN_DATE, "run-2")
    day = plan.gather(settings, run(success=False, run_id="run-2", documents=[]), plan.AsKnown.THEN)
    (remark,) = day["remarks"]
    assert remark.startswith("The last plan of 2026-03-02 was stopped (rule unreadable on erp_items")
    assert remark.endswith("its documents are of run run-1 before it.")


def test_a_plan_says_how_many_faults_it_met_with_the_first_three(
    settings: Settings, planned: NetworkHome, capsys: pytest.CaptureFixture[str]
) -> None:
    met = [{"number": k, "fault": f"lane [of] kind {k}: A B van"} for k in range(1, 6)]
    Published(planned.published).write(PLAN_FAULTS, rows(PLAN_FAULTS, *met), PLAN_DATE, "run-1")
    assert len(plan.gather(settings, run(), plan.AsKnown.THEN)["faults"]) == 5
    with Output.on_terminal(json=False) as out:
        plan.report(out, settings, run())
    said = capsys.readouterr().out
    assert "5 kinds of fault, planned all the same:\n  lane [of] kind 1: A B van\n" in said
    assert "kind 3" in said
    assert "kind 4" not in said
    assert "and 2 more: rebalancing/plan_faults, or --json" in said


@pytest.mark.usefixtures("planned")
def test_a_plan_without_faults_does_not_speak_of_them_and_states_the_error_of_its_curves(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with Output.on_terminal(json=False) as out:
        plan.report(out, settings, run())
    said = capsys.readouterr().out
    assert "fault" not in said
    assert "No segment of a value curve lies more than 0.00 EUR above it" in said


def test_held_item_sites_are_counted_by_reason() -> None:
    rows = [
        {"decision": "held", "reason": "stale", "site_id": site, "item_id": item}
        for site, item in (("S1", "A"), ("S1", "B"), ("S2", "A"))
    ]
    rows += [{"decision": "held", "reason": "negative", "site_id": "S3", "item_id": "A"}]
    rows += [{"decision": "wait", "reason": "enough", "site_id": "S3", "item_id": "B"}]
    assert summary.held(rows) == [
        {"reason": "stale", "item_sites": 3, "sites": ["S1", "S2"], "items": 2},
        {"reason": "negative", "item_sites": 1, "sites": ["S3"], "items": 1},
    ]


@pytest.mark.parametrize(
    ("is_refit", "said"),
    [
        (False, "Forecast with models of 2026-02-27, reused"),
        (True, "Forecast with models of 2026-02-27, refit: the selection of 2026-02-20 is 7 days old"),
    ],
)
def test_a_plan_says_which_models_forecast_and_why_they_were_chosen_anew(
    settings: Settings, planned: NetworkHome, capsys: pytest.CaptureFixture[str], is_refit: bool, said: str
) -> None:
    chosen = {
        "demand_segment": "lumpy", "selected_for": PLAN_DATE - 3 * DAY, "is_refit": is_refit,
        "refit_reason": "the selection of 2026-02-20 is 7 days old",
    }  # fmt: skip
    Published(planned.published).write(CHAMPIONS, rows(CHAMPIONS, chosen), PLAN_DATE, "run-1")
    with Output.on_terminal(json=False) as out:
        plan.report(out, settings, run(refit_requested=["lumpy"]))
    told = capsys.readouterr().out
    assert said in told
    assert "Drift asks the next plan to choose models anew: lumpy" in told


def test_a_replay_names_the_tables_that_differ() -> None:
    tables = [("targets", "a" * 32, "a" * 32), ("plan_lines", "b" * 32, "c" * 32)]
    told: Any = replay.gather(ReplayReport(PLAN_DATE, tables, ["plan_lines"], ["wms_inventory"]))
    assert told["identical"] is False
    assert [row["table"] for row in told["tables"] if not row["same"]] == ["plan_lines"]
    assert (told["only"], told["base_run_id"]) == ([], None)


def test_a_replay_of_a_part_says_what_it_took_as_recorded(capsys: pytest.CaptureFixture[str]) -> None:
    told = replay.gather(ReplayReport(PLAN_DATE, [], [], [], ("item=I1", "site=S2"), "run-1"))
    with Output.on_terminal(json=False) as out:
        out.answer(told, lambda console: replay.show(console, told))
    said = " ".join(capsys.readouterr().out.split())
    assert "Only item=I1, site=S2 decided again; rows of other items are those of run run-1, as recorded." in said


def test_a_plan_of_a_part_says_so_and_counts_what_it_changes(
    settings: Settings, planned: NetworkHome, capsys: pytest.CaptureFixture[str]
) -> None:
    published = Published(planned.published)
    row = published.read(PLAN_SUMMARY, PLAN_DATE).assign(
        replanned="item=I1", base_run_id="run-0", announced_lines=9, changed_lines=2, avoided_changes=3
    )
    published.write(PLAN_SUMMARY, row, PLAN_DATE, "run-1")
    with Output.on_terminal(json=False) as out:
        plan.report(out, settings, run())
    said = " ".join(capsys.readouterr().out.split())
    assert "Only item=I1 planned again, on top of run run-0" in said
    assert "Of 9 announced lines 2 are changed; without a price of changes it would be 5" in said


@pytest.mark.usefixtures("planned")
def test_a_part_of_a_plan_that_is_not_whole_is_a_one_line_error(equipoise: Equipoise) -> None:
    said = equipoise("plan", "--only", "item=I1")
    assert (said.code, said.out) == (1, "")
    assert "no plan of that date is published" in said.err


def test_another_seed_or_size_is_another_network() -> None:
    names = {demo.network_name(seed, small=small) for seed in (7, 8) for small in (True, False)}
    assert len(names) == 4
    assert demo.network_name(7, small=False) == "sample"


def test_a_demo_of_many_faults_has_a_name_that_dagster_takes_and_no_other_has() -> None:
    faults = ["negative_stock", "stale_feed:store-03", "unit_error_x12:store-05"]
    other = [*faults[:2], "unit_error_x12:store-06"]
    names = {demo.network_name(7, small=False, faults=given) for given in (faults, other)}
    assert {len(name) for name in names} == {63}
    assert len(names) == 2


def test_making_the_sample_world_twice_lands_every_batch_once(settings: Settings) -> None:
    first = demo.prepare(settings, seed=7, small=True)
    before = LandingArea(first.landing, first.profile.clock).batches()
    again = demo.prepare(settings, seed=7, small=True)
    assert again == first
    assert LandingArea(again.landing, again.profile.clock).batches() == before
    assert before


def test_a_network_is_described_by_its_profile_and_feeds(settings: Settings) -> None:
    told = feeds.describe_network(demo.prepare(settings, seed=7, small=True))
    assert told["network"] == "sample-small"
    assert "wms_inventory" in {feed["feed"] for feed in told["feeds"]}
    assert all(feed["rows"] >= 0 for feed in told["feeds"])
