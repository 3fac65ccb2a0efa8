"""Alerts are delivered once a channel, and a past date's go to the file alone."""

import datetime as dt
import json
from pathlib import Path

import pandas as pd
import pytest

from assets.kernel.calendar import Bucket
from assets.kernel.errors import EquipoiseError
from assets.kernel.frames.quality import FEED_ALERTS
from assets.kernel.frames.schema import Kind
from assets.kernel.home import NetworkHome
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from orchestration.alerts import deliver
from orchestration.settings import Settings

MONDAY = dt.date(2026, 1, 5)
WEDNESDAY = dt.date(2026, 1, 7)
PAGER = "json://pager"


class Channel:
    """A channel that keeps what it is sent."""

    def __init__(self, *, takes: bool = True) -> None:
        self.takes, self.sent = takes, list[tuple[str, str]]()

    def __call__(self, url: str, title: str, body: str) -> bool:
        self.sent.append((url, f"{title}\n{body}"))
        return self.takes


def settings(tmp_path: Path, bucket: Bucket = Bucket.DAY) -> Settings:
    """Return an installation whose clock says Wednesday and that has a pager."""
    made = Settings(home=tmp_path, network="net", alert_urls=[PAGER])
    profile = NetworkProfile(name="net", first_plan_date=MONDAY, declared_date=WEDNESDAY, bucket=bucket)
    profile.write(made.network_home().root)
    return made


def raised(home: NetworkHome, plan_date: dt.date) -> None:
    blank = {Kind.TEXT: "x", Kind.INTEGER: 1}
    row = {c.name: blank.get(c.kind, pd.Timestamp(plan_date)) for c in FEED_ALERTS.columns}
    row |= {"alert_id": str(plan_date), "severity": "critical", "action": "stop"}
    Published(home.published).write(FEED_ALERTS, pd.DataFrame([row]), plan_date, "run")


def in_the_file(home: NetworkHome) -> list[str]:
    return [json.loads(line)["alert_id"] for line in (home.alerts / "alerts.jsonl").read_text().splitlines()]


def test_alerts_of_a_backfill_go_to_the_file_and_page_nobody(tmp_path: Path) -> None:
    installed, pager = settings(tmp_path), Channel()
    raised(installed.network_home(), MONDAY)
    assert deliver(installed, MONDAY, pager) == [str(MONDAY)]
    assert pager.sent == []
    assert in_the_file(installed.network_home()) == [str(MONDAY)]


@pytest.mark.parametrize(("bucket", "current"), [(Bucket.DAY, WEDNESDAY), (Bucket.WEEK, MONDAY)])
def test_alerts_of_the_clocks_plan_date_go_to_every_channel_once(
    tmp_path: Path, bucket: Bucket, current: dt.date
) -> None:
    installed, pager = settings(tmp_path, bucket), Channel()
    raised(installed.network_home(), current)
    assert deliver(installed, current, pager) == [str(current)]
    assert deliver(installed, current, pager) == []
    assert [url for url, _ in pager.sent] == [PAGER]
    assert in_the_file(installed.network_home()) == [str(current)]


def test_what_a_channel_refused_is_tried_again(tmp_path: Path) -> None:
    installed = settings(tmp_path)
    raised(installed.network_home(), WEDNESDAY)
    with pytest.raises(EquipoiseError, match="refused"):
        deliver(installed, WEDNESDAY, Channel(takes=False))
    pager = Channel()
    assert deliver(installed, WEDNESDAY, pager) == [str(WEDNESDAY)]
    assert len(pager.sent) == 1
