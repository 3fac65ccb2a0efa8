"""A lane that holds too little, from the feed to the order documents: real dbt, real gates, real market."""

import datetime as dt
import json

import pytest
from networks import SEED

from assets.feeds.landing import LandingArea
from assets.feeds.synthetic import World, WorldParameters, demo_dates, demo_profile, emit
from assets.kernel.frames.decisions import DOCUMENTS, ORDER_LINES, PLAN_LINES, PLAN_SUMMARY
from assets.kernel.frames.market import COORDINATION_GRAPH, MARKET_TRANSCRIPT, SHARED_LIMITS
from assets.kernel.frames.marts import DIM_ITEM, DIM_LANE
from assets.kernel.frames.quality import PLAN_VERDICTS
from assets.kernel.published import Published
from orchestration.cli import application
from orchestration.planning import plan_day
from orchestration.settings import Settings

HOLDS_M3 = 0.02


@pytest.fixture(scope="module")
def tight(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A small network whose trucks hold a box: no capacity by weight changes, so that costs do not either."""
    settings = Settings(home=tmp_path_factory.mktemp("tight"), network="sample")
    home, parameters = settings.home_of("sample"), WorldParameters.small(SEED)
    profile = demo_profile(parameters).model_copy(update={"name": "sample"})
    profile.write(home.root)
    world = World(parameters)
    world.catalogue.lanes.frame["capacity_m3"] = HOLDS_M3
    emit(world, LandingArea(home.landing, profile.clock), *demo_dates(parameters))
    run = plan_day(settings)
    assert run.success, f"{run.failed_step}: {run.error}"
    return settings


def tables(settings: Settings) -> tuple[Published, dt.date]:
    home = settings.network_home()
    return Published(home.published), home.profile.clock.today()


def test_what_leaves_fits_and_no_limit_is_broken(tight: Settings) -> None:
    published, day = tables(tight)
    lines = published.read(PLAN_LINES, day).merge(published.read(DIM_ITEM, day), on="item_id")
    lane = ["origin_id", "destination_id", "mode"]
    volume = (lines["quantity_units"] * lines["volume_m3_per_unit"]).groupby([lines[c] for c in lane]).sum()
    holds = published.read(DIM_LANE, day).set_index(lane)["capacity_m3"]
    assert (holds == HOLDS_M3).all()
    sent = volume[volume.index.isin(holds.index)]
    assert len(sent)
    assert (sent <= HOLDS_M3 + 1e-9).all()
    limits = published.read(SHARED_LIMITS, day)
    limits = limits.loc[limits["kind"] != "document"]
    assert (limits["used"] <= limits["capacity"] - limits["fixed"] + 1e-9).all()
    assert (limits["asked"] > limits["capacity"]).any()
    assert (published.read(PLAN_VERDICTS, day)["action"] == "pass").all()


def test_the_market_settles_the_plan_and_tells_how(tight: Settings, planned_settings: Settings) -> None:
    published, day = tables(tight)
    plan = published.read(PLAN_SUMMARY, day).set_index("policy").loc["joint_plan"]
    assert (plan["settled_by"], plan["broken_limits"]) == ("market", 0)
    assert plan["bound_amount"] <= plan["cost_amount"]
    said = published.read(MARKET_TRANSCRIPT, day)
    assert {"proposed", "scarce", "awarded"} <= set(said["outcome"])
    assert set(published.read(COORDINATION_GRAPH, day)["item_id"]) >= set(
        said.loc[said["outcome"] == "awarded", "subject"]
    )
    loose, same_day = tables(planned_settings)
    free = loose.read(PLAN_SUMMARY, same_day).set_index("policy").loc["joint_plan"]
    assert (free["settled_by"], len(loose.read(MARKET_TRANSCRIPT, same_day))) == ("items", 0)
    assert plan["cost_amount"] > free["cost_amount"]


def test_orders_carry_the_limit_and_its_price_is_explained(
    tight: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    published, day = tables(tight)
    lines = published.read(PLAN_LINES, day)
    paying = lines.loc[lines["limits_amount"] > 0.01]
    assert len(paying)
    line = paying.iloc[0]
    orders = published.read(ORDER_LINES, day).merge(published.read(DOCUMENTS, day), on="order_id")
    mine = (orders["item_id"] == line["item_id"]) & (orders["destination_id"] == line["destination_id"])
    assert orders.loc[mine, "binding_constraints"].str.contains("lane volume").any()
    monkeypatch.setenv("EQUIPOISE_HOME", str(tight.home))
    monkeypatch.setenv("EQUIPOISE_NETWORK", "sample")
    capsys.readouterr()
    assert application.run(["explain", "--item", line["item_id"], "--site", line["destination_id"], "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    views = [view for one in told["explanations"] for view in one["shared_limits"]]
    assert any(view["price"] > 0 and view["limit_id"].startswith("lane volume") for view in views)


def test_a_feed_without_the_later_columns_states_no_such_limit(planned_settings: Settings) -> None:
    published, day = tables(planned_settings)
    assert published.read(DIM_LANE, day)["capacity_m3"].isna().all()
    assert set(published.read(SHARED_LIMITS, day)["kind"]) == {"lane_weight", "truck", "document"}
