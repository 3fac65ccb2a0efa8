"""The digest goes where a setting asks for it, once a plan date, never for a backfill, with nothing sensitive in it."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from unit.cli.tiny_network import policy, rows

from assets.kernel.errors import EquipoiseError
from assets.kernel.frames import Frame
from assets.kernel.frames.decisions import PLAN_SUMMARY
from assets.kernel.frames.feeds import FEED_STATE
from assets.kernel.frames.marts import DIM_ITEM
from assets.kernel.frames.quality import DIGEST, FEED_ALERTS, VERDICTS
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from orchestration.alerts import _apprise
from orchestration.report import deliver_digest
from orchestration.settings import Settings

TUESDAY, WEDNESDAY = dt.date(2026, 1, 6), dt.date(2026, 1, 7)
MAIL = "json://mail"


class Channel:
    """A channel that keeps what it is sent."""

    def __init__(self, *, takes: bool = True) -> None:
        self.takes, self.sent = takes, list[tuple[str, Mapping[Any, Any]]]()

    def __call__(self, url: str, told: Mapping[Any, Any]) -> bool:
        self.sent.append((url, told))
        return self.takes


def publish(settings: Settings, frame: Frame, day: dt.date, **given: Any) -> None:
    dated = {"plan_date": day, **given}
    Published(settings.network_home().published).write(frame, rows(frame, dated), day, "run")


def installed(tmp_path: Path, *urls: str, as_known: str = "then", planned: bool = True) -> Settings:
    """Return an installation on a Wednesday, of which Tuesday and Wednesday are planned."""
    settings = Settings(home=tmp_path, network="net", digest_urls=list(urls))
    profile = NetworkProfile(name="net", first_plan_date=TUESDAY, declared_date=WEDNESDAY)
    profile.write(settings.network_home().root)
    for day in (TUESDAY, WEDNESDAY):
        publish(settings, FEED_STATE, day, feed="erp_items", as_known=as_known)
        publish(settings, FEED_ALERTS, day, alert_id="a", severity="warning", action="warn", message="secret-1 is odd")
        publish(settings, PLAN_SUMMARY, day, **policy("joint_plan", 100.0, 90.0))
        publish(settings, DIM_ITEM, day, item_id="secret-1", is_sensitive=True)
        if planned:
            publish(settings, DIGEST, day, line=1)
    return settings


def test_the_digest_goes_out_once_a_plan_date_as_text_and_as_html(tmp_path: Path) -> None:
    settings, mail = installed(tmp_path, MAIL), Channel()
    assert deliver_digest(settings, WEDNESDAY, mail)
    assert not deliver_digest(settings, WEDNESDAY, mail)
    [(url, told)] = mail.sent
    assert url == MAIL
    assert told["title"] == "net: plan of 2026-01-07"
    assert told["body"].startswith("What waits for you\n")
    assert "<h2>What to distrust today</h2>" in told["html"]


def test_nothing_goes_out_unless_a_setting_asks_for_it(tmp_path: Path) -> None:
    mail = Channel()
    assert not deliver_digest(installed(tmp_path), WEDNESDAY, mail)
    assert mail.sent == []


def test_a_backfill_and_a_plan_with_hindsight_send_no_digest(tmp_path: Path) -> None:
    mail = Channel()
    assert not deliver_digest(installed(tmp_path / "then", MAIL), TUESDAY, mail)
    assert not deliver_digest(installed(tmp_path / "now", MAIL, as_known="now"), WEDNESDAY, mail)
    assert mail.sent == []


def test_a_date_that_is_not_planned_to_its_end_sends_no_digest_and_keeps_its_turn(tmp_path: Path) -> None:
    mail = Channel()
    settings = installed(tmp_path, MAIL, planned=False)
    assert not deliver_digest(settings, WEDNESDAY, mail)
    publish(settings, DIGEST, WEDNESDAY, line=1)
    publish(settings, VERDICTS, WEDNESDAY, rule="feed_empty", feed="erp_items", action="stop")
    assert not deliver_digest(settings, WEDNESDAY, mail)
    publish(settings, VERDICTS, WEDNESDAY, rule="passed", feed="erp_items", action="pass")
    assert deliver_digest(settings, WEDNESDAY, mail)


def test_a_digest_that_was_refused_is_tried_again(tmp_path: Path) -> None:
    settings, mail = installed(tmp_path, MAIL), Channel()
    with pytest.raises(EquipoiseError, match="refused by a channel"):
        deliver_digest(settings, WEDNESDAY, Channel(takes=False))
    assert deliver_digest(settings, WEDNESDAY, mail)
    assert len(mail.sent) == 1


def test_no_sensitive_item_leaves_in_a_digest(tmp_path: Path) -> None:
    mail = Channel()
    assert deliver_digest(installed(tmp_path, MAIL), WEDNESDAY, mail)
    assert "secret-1" not in str(mail.sent)
    assert "is odd" in str(mail.sent)


def test_a_channel_that_apprise_does_not_know_takes_nothing() -> None:
    assert not _apprise("nonsense", {"title": "t", "body": "b", "html": "<p>b</p>"})
