"""Delivery of alerts: each to each channel once, whoever asks and however often.

The command line calls it when a run has ended, a sensor calls it for scheduled runs. The
file channel is always there; others are Apprise URLs in the settings, which hear of the
clock's current plan date only.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import json
from collections.abc import Callable
from pathlib import Path

from assets.kernel.errors import EquipoiseError
from assets.kernel.identifiers import digest
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from assets.monitoring.alerts import collect, message
from orchestration.settings import Settings

Send = Callable[[str, str, str], bool]
"""Takes a channel's URL, a title and a body; says whether it went out."""

FILE_CHANNEL = "file"
_ALERTS = "alerts.jsonl"
_DELIVERED = "delivered.jsonl"


def deliver(settings: Settings, plan_date: dt.date, send: Send | None = None) -> list[str]:
    """Deliver the alerts of a plan date that were not delivered yet.

    Returns
    -------
    list of str
        Ids of the alerts that went to at least one channel now.

    Raises
    ------
    EquipoiseError
        If a channel refused; what it refused is tried again next time.
    """
    home = settings.network_home()
    channels = channels_of(settings, home.profile, plan_date)
    alerts = collect(Published(home.published), plan_date)
    if alerts.empty:
        return []
    home.alerts.mkdir(parents=True, exist_ok=True)
    with (home.alerts / _DELIVERED).open("a+") as record:
        fcntl.flock(record, fcntl.LOCK_EX)
        record.seek(0)
        done = {(row["alert_id"], row["channel"]) for row in map(json.loads, record)}
        went, refused = [], []
        for alert in alerts.to_dict("records"):
            for channel in channels:
                key = (str(alert["alert_id"]), FILE_CHANNEL if channel == FILE_CHANNEL else digest(channel))
                if key in done:
                    continue
                title, body = message(alert)
                if not _send(home.alerts, channel, alert, title, body, send or _apprise):
                    refused.append(channel)
                    continue
                record.write(json.dumps({"alert_id": key[0], "channel": key[1]}) + "\n")
                record.flush()
                went.append(key[0])
    if refused:
        raise EquipoiseError(
            f"{len(refused)} alerts were refused by a channel",
            where=f"alert channel {refused[0].split(':')[0]}",
            remedy="Check EQUIPOISE_ALERT_URLS; they are tried again at the next run",
        )
    return sorted(set(went))


def channels_of(settings: Settings, profile: NetworkProfile, plan_date: dt.date) -> tuple[str, ...]:
    """Return where alerts of a plan date go: beyond the file only if it is the clock's current one.

    A backfill of a year must not page anybody.
    """
    is_current = plan_date == profile.calendar.start_of_bucket(profile.clock.today())
    return (FILE_CHANNEL, *settings.alert_urls) if is_current else (FILE_CHANNEL,)


def _send(folder: Path, channel: str, alert: dict[str, object], title: str, body: str, send: Send) -> bool:
    if channel != FILE_CHANNEL:
        return send(channel, title, body)
    with (folder / _ALERTS).open("a") as out:
        out.write(json.dumps({**alert, "title": title, "body": body}, default=str, sort_keys=True) + "\n")
    return True


def _apprise(url: str, title: str, body: str) -> bool:
    import apprise

    channel = apprise.Apprise()
    return bool(channel.add(url)) and bool(channel.notify(title=title, body=body))
