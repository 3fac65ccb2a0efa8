"""`equipoise policy search` on a planned network: what it finds is a draft that a shadow can be made of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from networks import copied

from assets.policy.registry import PolicyRegistry
from assets.twin.search.tunable import with_values
from orchestration.cli import application
from orchestration.settings import Settings

SHORT = ("--tune", "objective.shortage_weight=0.5:2", "--tune", "guardrails.minimum_gain_amount", "--candidates", "2",
         "--futures", "8")  # fmt: skip


def test_a_bad_release_is_tuned_into_a_draft_that_its_simulation_brings_to_the_shadow(
    planned_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = copied(planned_settings, tmp_path)
    monkeypatch.setenv("EQUIPOISE_HOME", str(settings.home))
    monkeypatch.setenv("EQUIPOISE_NETWORK", settings.network or "")
    standard = PolicyRegistry().active()
    bad = with_values(standard, {"objective.shortage_weight": 0.05}).model_dump(mode="json", exclude={"stage"})
    folder = settings.network_home().policies
    folder.mkdir()
    (folder / "bad.yaml").write_text(json.dumps(bad | {"name": "bad", "author": "bo"}))

    def run(*arguments: str) -> tuple[int, Any, str]:
        capsys.readouterr()
        code = application.run(["policy", *arguments, "--json"])
        said = capsys.readouterr()
        return code, json.loads(said.out) if said.out else None, said.err

    code, found, _ = run("search", "--name", "better", "--from", "bad", "--author", "bo", *SHORT)
    assert code == 0
    assert found["cost_change"]["high"] < 0
    assert found["found"]["fill_rate"] > found["parent_score"]["fill_rate"] > 0.8
    assert found["parent"].startswith("bad@")
    assert Path(found["file"]).exists()
    code, shown, _ = run("promote", "better", "--reason", "found by simulation")
    assert (code, shown["stage"]) == (0, "shadow")
    kinds = [piece["kind"] for one in run("show", "better")[1]["history"] for piece in one["evidence"]]
    assert kinds == ["simulation"]

    code, found, said = run("search", "--name", "best", "--from", "bad", "--fill-rate", "0.9999", *SHORT)
    assert (code, found) == (1, None)
    assert "the best fill rate reached is 0.9" in said
    assert not (folder / "best.yaml").exists()
