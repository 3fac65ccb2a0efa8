"""Explanations of a planned network are verified by solving again, and every figure is there for an auditor."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from networks import copied

from assets.kernel.frames.decisions import DECISIONS, DOCUMENTS, PLAN_LINES
from assets.kernel.frames.forecasts import DEMAND_FORECAST
from assets.kernel.published import Published
from orchestration.cli import application
from orchestration.settings import Settings


@pytest.fixture
def asked(planned_settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Return what `equipoise explain ... --json` answers."""
    monkeypatch.setenv("EQUIPOISE_HOME", str(planned_settings.home))
    monkeypatch.setenv("EQUIPOISE_NETWORK", planned_settings.network or "")

    def ask(*arguments: str) -> Any:
        capsys.readouterr()
        assert application.run(["explain", *arguments, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    return ask


def tables(settings: Settings, *frames: Any) -> list[pd.DataFrame]:
    home = settings.network_home()
    return [Published(home.published).read(frame, home.profile.clock.today()) for frame in frames]


def test_an_order_is_verified_line_by_line(planned_settings: Settings, asked: Any) -> None:
    (documents,) = tables(planned_settings, DOCUMENTS)
    document = documents.sort_values("gain_amount").iloc[-1]
    told = asked(document["order_id"])
    verified = [one["verified"] for one in told["explanations"]]
    assert len(verified) == document["line_count"]
    confirmed = [one for one in verified if one["confirmed"]]
    assert len(confirmed) == min(5, len(verified))
    for one in confirmed:
        assert one["next_best"]["costs_more"] >= -1e-6
        assert one["probes"]
        found = [flip for flip in one["flips"] if flip["to"] is not None]
        assert found
        for flip in found:
            at = {p["to"]: p["flips"] for p in one["probes"]
                  if (p["input"], p["subject"]) == (flip["input"], flip["subject"])}  # fmt: skip
            assert flip["outcome"] in at[flip["to"]]
            assert flip["before"] == flip["now"] or flip["outcome"] not in at[flip["before"]]
    assert all(one["planner"].startswith(one["answer"]) for one in told["explanations"])


def test_most_lines_and_absences_are_given_again_by_solving_one_item(planned_settings: Settings, asked: Any) -> None:
    decisions, lines = tables(planned_settings, DECISIONS, PLAN_LINES)
    waiting = decisions.loc[decisions["decision"] == "wait"].iloc[:: max(1, len(decisions) // 6)]
    for item, site in waiting[["item_id", "site_id"]].itertuples(index=False):
        (one,) = asked("--item", item, "--site", site)["explanations"]
        assert one["verified"]["confirmed"], one["verified"]["terms"]
        assert {flip["outcome"] for flip in one["verified"]["flips"]} == {"appears"}
    acting = lines.iloc[0]
    (one, *_) = asked("--item", acting["item_id"], "--site", acting["destination_id"], "--no-verify")["explanations"]
    assert one["verified"] is None


def test_a_run_that_writes_meanwhile_changes_nothing_and_inputs_that_changed_are_said(
    planned_settings: Settings, tmp_path: Path, asked: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = copied(planned_settings, tmp_path)
    monkeypatch.setenv("EQUIPOISE_HOME", str(settings.home))
    home = settings.network_home()
    published, day = Published(home.published), home.profile.clock.today()
    line = published.read(PLAN_LINES, day).sort_values("quantity_units").iloc[-1]
    subject = ("--item", line["item_id"], "--site", line["destination_id"])
    before = asked(*subject)["explanations"]
    assert all(one["verified"]["confirmed"] for one in before)
    forecast = published.read(DEMAND_FORECAST, day)
    units = [name for name in forecast.columns if name.endswith("_units")]
    more = forecast.assign(**{name: forecast[name] * 5 for name in units})
    published.write(DEMAND_FORECAST, more, day, "another-run")
    assert asked(*subject)["explanations"] == before
    run = published.latest(PLAN_LINES.name, day)
    assert run is not None
    published.write(DEMAND_FORECAST, more, day, run.run_id)
    after = asked(*subject)["explanations"][0]
    assert not after["verified"]["confirmed"]
    assert "inputs have changed since" in after["verified"]["terms"]
    assert after["next_best"] == before[0]["next_best"]
