"""Alerts are delivered once a channel; those of a past date or with hindsight go to the file alone."""

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from assets.kernel.calendar import Bucket
from assets.kernel.errors import EquipoiseError
from assets.kernel.frames.feeds import FEED_STATE
from assets.kernel.frames.marts import DIM_ITEM
from assets.kernel.frames.quality import FEED_ALERTS
from assets.kernel.frames.schema import Frame, Kind
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

    def __call__(self, url: str, told: Mapping[Any, Any]) -> bool:
        self.sent.append((url, f"{told['title']}\n{told['body']}"))
        return self.takes


def settings(tmp_path: Path, bucket: Bucket = Bucket.DAY, today: dt.date = WEDNESDAY) -> Settings:
    """Return an installation whose clock says Wednesday, or another day, and that has a pager."""
    made = Settings(home=tmp_path, network="net", alert_urls=[PAGER])
    profile = NetworkProfile(name="net", first_plan_date=MONDAY, declared_date=today, bucket=bucket)
    profile.write(made.network_home().root)
    return made


def row_of(frame: Frame, plan_date: dt.date, **given: str) -> pd.DataFrame:
    blank = {Kind.TEXT: "x", Kind.INTEGER: 1, Kind.MONEY: 1.0, Kind.REAL: 1.0, Kind.FLAG: True}
    return pd.DataFrame([{c.name: blank.get(c.kind, pd.Timestamp(plan_date)) for c in frame.columns} | given])


def raised(home: NetworkHome, plan_date: dt.date, as_known: str = "then") -> None:
    published = Published(home.published)
    published.write(FEED_STATE, row_of(FEED_STATE, plan_date, as_known=as_known), plan_date, as_known)
    alert = row_of(FEED_ALERTS, plan_date, alert_id=str(plan_date), severity="critical", action="stop")
    published.write(FEED_ALERTS, alert, plan_date, as_known)


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


def test_what_a_channel_refused_is_tried_again_once_the_date_has_moved_on(tmp_path: Path) -> None:
    installed = settings(tmp_path)
    raised(installed.network_home(), WEDNESDAY)
    with pytest.raises(EquipoiseError, match="refused"):
        deliver(installed, WEDNESDAY, Channel(takes=False))
    thursday = WEDNESDAY + dt.timedelta(days=1)
    later, pager = settings(tmp_path, today=thursday), Channel()
    assert deliver(later, thursday, pager) == [str(WEDNESDAY)]
    assert deliver(later, thursday, pager) == []
    assert [body.splitlines()[0] for _, body in pager.sent] == ["[critical] x at x: x"]
    assert in_the_file(later.network_home()) == [str(WEDNESDAY)]


def test_a_plan_of_today_with_hindsight_pages_nobody_and_the_live_plan_after_it_does(tmp_path: Path) -> None:
    installed, pager = settings(tmp_path), Channel()
    raised(installed.network_home(), WEDNESDAY, as_known="now")
    assert deliver(installed, WEDNESDAY, pager) == [str(WEDNESDAY)]
    assert pager.sent == []
    raised(installed.network_home(), WEDNESDAY)
    assert deliver(installed, WEDNESDAY, pager) == [str(WEDNESDAY)]
    assert len(pager.sent) == 1


def test_an_alert_names_no_sensitive_item_in_any_channel_unless_all_who_read_them_may_see(tmp_path: Path) -> None:
    made = settings(tmp_path)
    home, channel = made.network_home(), Channel()
    item = row_of(DIM_ITEM, WEDNESDAY, item_id="I7")
    Published(home.published).write(DIM_ITEM, item, WEDNESDAY, "then")
    raised(home, WEDNESDAY)
    message = "I7 has -41 units, counted on 2026-01-06"
    told = row_of(FEED_ALERTS, WEDNESDAY, alert_id="a", severity="critical", action="stop", message=message)
    Published(home.published).write(FEED_ALERTS, told, WEDNESDAY, "then")
    deliver(made, WEDNESDAY, channel)
    everything = channel.sent[0][1] + (home.alerts / "alerts.jsonl").read_text()
    assert "I7" not in everything
    assert "41" not in everything
    assert "counted on 2026-01-06" in channel.sent[0][1]
    Published(home.published).write(FEED_ALERTS, told.assign(alert_id="b"), WEDNESDAY, "then")
    deliver(made.model_copy(update={"pages_show_sensitive": True}), WEDNESDAY, channel)
    assert "I7 has -41 units" in channel.sent[-1][1]
