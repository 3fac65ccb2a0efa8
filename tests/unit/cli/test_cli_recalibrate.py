"""`equipoise models recalibrate`: a change is shown before it acts, and what drift asks for is answered by persons."""

import datetime as dt
from contextlib import closing
from functools import partial

import pandas as pd
import pytest
import yaml
from unit.cli.people import token_for
from unit.cli.tiny_network import AT, DAY, PLAN_DATE, Equipoise, open_tiny, rows

from assets.forecasting.daily import Day, forecast_day, terms_of
from assets.forecasting.forecast import forecast_demand
from assets.forecasting.registry.records import Procedure
from assets.forecasting.registry.registry import ModelRegistry
from assets.governance.events import RELEASES, StageChanged
from assets.governance.identity import current_user
from assets.governance.ledger_log import LedgerLog
from assets.kernel.calendar import AsKnown
from assets.kernel.frames.feeds import FEED_STATE
from assets.kernel.frames.forecasts import DEMAND_FORECAST
from assets.kernel.frames.marts import DIM_EVENT, DIM_ITEM, DIM_ITEM_SITE, DIM_SITE, FCT_DEMAND, FEAT_ITEM_SITE
from assets.kernel.home import NetworkHome
from assets.kernel.published import Published
from assets.policy.access import Role
from assets.policy.registry import PolicyRegistry
from assets.policy.release import Release
from assets.policy.stage import Stage
from orchestration.policies import registry_of

RECALIBRATE = ("models", "recalibrate")
SEEN = FCT_DEMAND, FEAT_ITEM_SITE, DIM_EVENT, DIM_ITEM, DIM_SITE, DIM_ITEM_SITE


def decided_by(home: NetworkHome, recalibration: str) -> Release:
    """Make a release active that has a short menu and says that of drift, and return it."""
    shipped = PolicyRegistry().active()
    menus = dict.fromkeys(shipped.forecast.candidates, ("WindowAverage", "HistoricAverage"))
    rules = {"candidates": menus, "origins": 1, "recalibration": recalibration}
    name = recalibration.replace("_", "-")
    document = shipped.model_dump(mode="json") | {"name": name, "stage": "draft"}
    made = Release.model_validate(document | {"forecast": document["forecast"] | rules})
    home.policies.mkdir(exist_ok=True)
    (home.policies / f"{name}.yaml").write_text(yaml.safe_dump(made.model_dump(mode="json")))
    with closing(open_tiny(home)) as store:
        log, was = LedgerLog(store), registry_of(home, store).active()
        steps = ((was, Stage.ACTIVE, Stage.RETIRED), (made, Stage.DRAFT, Stage.ACTIVE))
        events = [
            StageChanged(each.name, each.version, each.content_hash, before, after, "first#0", AT, "for a test")
            for each, before, after in steps
        ]
        log.append(RELEASES, len(log.history(RELEASES)), events)
    return made


@pytest.fixture
def careful(asked: NetworkHome) -> NetworkHome:
    """Return it with a release in force under which what drift asks for waits."""
    decided_by(asked, "on_approval")
    return asked


@pytest.fixture
def forecast(network: NetworkHome) -> NetworkHome:
    """Return the home of a network of one item in one shop whose demand was forecast."""
    release = decided_by(network, "at_once")
    published, place = Published(network.published), {"item_id": "I1", "site_id": "S1"}
    days = [PLAN_DATE - DAY * back for back in range(90, 0, -1)]
    sold = [{"bucket_start": day, "available_at": dt.datetime.combine(day, dt.time()) + DAY} for day in days]
    tables = {
        FCT_DEMAND: rows(FCT_DEMAND, *(
            place | one | {"sold_units": 5 + n % 3, "demand_lower_bound_units": 5 + n % 3, "in_stock_share": 1.0}
            for n, one in enumerate(sold)
        )),
        FEAT_ITEM_SITE: rows(FEAT_ITEM_SITE, place | {"demand_segment": "smooth", "plan_date": PLAN_DATE}),
        DIM_EVENT: DIM_EVENT.empty(),
        DIM_ITEM: rows(DIM_ITEM, {"item_id": "I1", "unit_cost": 2.0, "plan_date": PLAN_DATE}),
        DIM_SITE: rows(DIM_SITE, {"site_id": "S1", "site_kind": "store", "plan_date": PLAN_DATE}),
        DIM_ITEM_SITE: DIM_ITEM_SITE.empty(),
        FEED_STATE: rows(FEED_STATE, {"as_known": "then"}),
    }  # fmt: skip
    for frame, table in tables.items():
        published.write(frame, table, PLAN_DATE, "run-1")
    told, profile = [published.read(frame, PLAN_DATE) for frame in SEEN], network.profile
    make = partial(
        forecast_demand, told[0], told[1], release, profile.calendar, PLAN_DATE, profile.horizon_buckets,
        events=told[2], items=told[3], sites=told[4], settings=told[5],
    )  # fmt: skip
    terms = terms_of(release, profile, "features-1", AsKnown.THEN)
    day = Day(PLAN_DATE, terms, "data-1", "standard@1", Procedure(refit_days=7, promotion_margin=0.01))
    made = forecast_day(ModelRegistry(network.root), day, make).made
    published.write(DEMAND_FORECAST, made.forecast, PLAN_DATE, "run-1")
    return network


@pytest.fixture
def asked(forecast: NetworkHome) -> NetworkHome:
    """Return it with a request of drift for two segments."""
    ModelRegistry(forecast.root).request_refit(PLAN_DATE, ("lumpy", "smooth"), "both are off")
    return forecast


def index(home: NetworkHome) -> bytes:
    return (ModelRegistry(home.root).folder / "index.jsonl").read_bytes()


def test_a_change_is_shown_by_segment_and_nothing_is_recorded(equipoise: Equipoise, forecast: NetworkHome) -> None:
    before = index(forecast)
    found = equipoise(*RECALIBRATE, "--json").data
    [smooth] = found["segments"]
    assert (smooth["segment"], smooth["series"]) == ("smooth", 1)
    assert smooth["champion_now"] == smooth["champion_after"]
    assert smooth["now"] == smooth["after"] == found["total"]["now"]
    assert smooth["now"]["expected_amount"] == pytest.approx(2.0 * smooth["now"]["expected_units"])
    assert "I1" not in str(found)
    text = equipoise(*RECALIBRATE, "--segment", "smooth").out
    assert "Nothing was recorded." in text
    assert max(map(len, text.splitlines())) <= 120
    assert index(forecast) == before


@pytest.mark.usefixtures("asked")
def test_what_the_next_plan_does_by_itself_is_said(equipoise: Equipoise) -> None:
    found = equipoise(*RECALIBRATE, "--json").data
    assert found["next_plan"] == [f"asked for after the plan of {PLAN_DATE}: both are off"]
    assert found["waiting"] == equipoise("models", "list", "--json").data["waiting"] == []


@pytest.mark.usefixtures("careful")
def test_what_waits_is_seen_in_the_list_the_preview_and_the_inbox(equipoise: Equipoise) -> None:
    waits = [{"asked_for": "2026-03-02", "segments": ["lumpy", "smooth"], "why": "both are off"}]
    for said in (equipoise("models", "list", "--json"), equipoise(*RECALIBRATE, "--json")):
        assert [{key: one[key] for key in waits[0]} for one in said.data["waiting"]] == waits
    [one] = equipoise("inbox", "--json").data["waiting"]
    assert (one["kind"], one["about"]) == ("recalibration", "refit of lumpy, smooth, asked for after 2026-03-02")
    assert one["command"] == "equipoise models recalibrate"
    assert "Waits for a person since 2026-03-02" in equipoise("models", "list").out
    assert "--approve --reason WHY" in equipoise(*RECALIBRATE).out


@pytest.mark.usefixtures("careful")
def test_one_segment_is_rejected_and_the_other_approved_and_both_are_listed(equipoise: Equipoise) -> None:
    who = current_user().person
    no = equipoise(*RECALIBRATE, "--reject", "--segment", "lumpy", "--reason", "wrong_data", "--json").data["acts"]
    assert [(act["kind"], act["segments"], act["by"]) for act in no] == [("refit_rejected", ["lumpy"], who)]
    said = equipoise(*RECALIBRATE, "--approve", "--reason", "it pays", "--by", who)
    assert "smooth that was asked for after 2026-03-02 is approved: the plan of 2026-03-03 makes it" in said.out
    text = equipoise("models", "list").out
    assert f"{who} rejected the refit of lumpy asked for after 2026-03-02: wrong_data" in text
    assert f"{who} approved the refit of smooth asked for after 2026-03-02: it pays" in text
    assert "Waits" not in text
    assert "approved by" in equipoise(*RECALIBRATE, "--json").data["next_plan"][0]


WRONG = {
    ("--segment", "none"): "nothing of segment none is forecast. Use one of smooth",
    ("--reason", "r"): "Add --approve or --reject",
    ("--approve",): "Add --reason WHY",
    ("--approve", "--reason", " "): "Add --reason WHY",
    ("--approve", "--reject", "--reason", "r"): "not both",
    ("--reject", "--reason", "because"): "Use one of passing",
    ("--approve", "--reason", "r", "--segment", "none"): "nothing waits for none. Name one of lumpy, smooth",
    ("--approve", "--reason", "r", "--by", "Bob"): "not Bob",
}


def test_what_is_wrong_is_told_in_one_line_and_changes_nothing(equipoise: Equipoise, careful: NetworkHome) -> None:
    before = index(careful)
    for arguments, told in WRONG.items():
        said = equipoise(*RECALIBRATE, *arguments)
        assert (said.code, said.out, said.err.count("\n"), told in said.err) == (1, "", 1, True), said
    assert index(careful) == before


def test_who_may_only_read_sees_the_change_and_answers_nothing(
    equipoise: Equipoise, careful: NetworkHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EQUIPOISE_TOKEN", token_for(careful, "vera", Role.VIEWER))
    assert equipoise(*RECALIBRATE, "--json").code == 0
    said = equipoise(*RECALIBRATE, "--approve", "--reason", "r")
    assert (said.code, "may not promote a release" in said.err) == (1, True)


def test_a_plan_with_hindsight_is_no_ground_to_show_a_change_on(equipoise: Equipoise, forecast: NetworkHome) -> None:
    state = pd.DataFrame(rows(FEED_STATE, {"as_known": "now"}))
    Published(forecast.published).write(FEED_STATE, state, PLAN_DATE, "run-1")
    said = equipoise(*RECALIBRATE)
    assert (said.code, said.err.count("\n")) == (1, 1)
    assert "knew what came later" in said.err


@pytest.mark.usefixtures("network")
def test_before_any_plan_one_line_says_so(equipoise: Equipoise) -> None:
    said = equipoise(*RECALIBRATE)
    assert (said.code, said.err.count("\n")) == (1, 1)
    assert "no plan has used a model yet" in said.err
