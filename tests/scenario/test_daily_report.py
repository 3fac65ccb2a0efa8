"""A small network was planned: its alerts, its digest and the page that a planner reads are all there."""

import json
from pathlib import Path

from bad_networks import typed
from networks import copied

from assets.kernel.frames.quality import ALERTS, DIGEST
from assets.kernel.published import Published
from orchestration.settings import Settings


def test_a_planned_day_has_a_digest_and_a_page_that_agree_with_the_plan(
    planned_settings: Settings, tmp_path: Path
) -> None:
    settings = copied(planned_settings, tmp_path)
    published = Published(settings.network_home().published)
    [day] = published.plan_dates(DIGEST.name)
    lines = published.read(DIGEST, day)
    assert list(dict.fromkeys(lines["section"])) == ["waits", "worth", "changed", "distrust"]
    assert published.plan_dates(ALERTS.name) == [day]
    page = tmp_path / "day.html"
    said = typed(settings, "report", "--out", str(page), "--json")
    assert said.code == 0, said.err
    told = json.loads(said.out)
    cost = told["worth"]["plan"]["cost_amount"]
    assert f"{cost:,.2f}" in page.read_text()
    assert page.read_text().count("data:image/svg+xml;base64,") == 3
    waiting = json.loads(typed(settings, "inbox", "--json").out)["waiting"]
    assert [one["order_id"] for one in told["waits"]["rows"]] == [one["order_id"] for one in waiting][:12]
    assert told["waits"]["count"] == len(waiting)
