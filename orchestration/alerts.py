"""Delivery of alerts and of the digest: each to each channel once, whoever asks and however often.

The command line calls it when a run has ended, a sensor calls it for scheduled runs. The
file channel is always there for alerts; others are Apprise URLs in the settings, which hear of the
clock's current plan date only, and not of plans with hindsight.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from assets.kernel.calendar import AsKnown
from assets.kernel.errors import EquipoiseError
from assets.kernel.frames.quality import FEED_ALERTS
from assets.kernel.home import NetworkHome
from assets.kernel.identifiers import digest
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from assets.monitoring.alerts import collect, message
from assets.orders.standing import as_known_of
from assets.orders.store import OrderStore
from assets.policy.masking import masked_texts
from orchestration import alert_record
from orchestration.alert_record import AlertRecord
from orchestration.sensitive import NamedOrders, known_sensitive, sensitive_items
from orchestration.settings import Settings

Send = Callable[[str, Mapping[Any, Any]], bool]
"""Takes a channel's URL and a message (``title``, ``body``, perhaps ``html``); says whether it went out."""

FILE_CHANNEL = "file"
_ALERTS = "alerts.jsonl"
_DELIVERED = "delivered.jsonl"


def deliver(settings: Settings, plan_date: dt.date, send: Send | None = None) -> list[str]:
    """Deliver the alerts of a plan date that were not delivered yet, and what channels refused before.

    Returns
    -------
    list of str
        Ids of the alerts that went to at least one channel now.

    Raises
    ------
    EquipoiseError
        If a channel refused; what it refused is tried again next time, whatever the plan date is then.
    """
    found = collect(Published(settings.network_home().published), plan_date)
    return deliver_rows(settings, found, plan_date, send)


def deliver_rows(
    settings: Settings,
    found: pd.DataFrame,
    plan_date: dt.date,
    send: Send | None = None,
    *,
    store: OrderStore | None = None,
) -> list[str]:
    """Deliver some alerts of a plan date, each once; as ``deliver``.

    None of them names a sensitive item, unless the settings say that all who read them may see. Those that speak of
    orders come with the ledger, which may hold items that no table here tells of.
    """
    home = settings.network_home()
    channels = channels_of(settings, home.profile, Published(home.published), plan_date)
    hides = _nothing if settings.pages_show_sensitive else _hidden(home, store)
    with alert_record.opened(home.alerts / _DELIVERED) as record:
        for alert in found.to_dict("records"):
            title, body = message(alert)
            for channel in channels:
                said = alert | {"title": title, "body": body}
                told = masked_texts(said, hides({text for text in said.values() if isinstance(text, str)}))
                record.owe((str(alert["alert_id"]), _name(channel)), told)
        went, refused = _settle(record, settings, home.alerts, send or _apprise)
    _require_taken(refused)
    return sorted(set(went))


def _nothing(_texts: Iterable[str]) -> frozenset[str]:
    return frozenset()


def _hidden(home: NetworkHome, store: OrderStore | None) -> Callable[[Iterable[str]], frozenset[str]]:
    """Return what tells which items are hidden of some texts: of those that name orders, theirs too."""
    if store is None:
        known = known_sensitive(home)
        return lambda _texts: known
    orders = NamedOrders(store, sensitive_items(home, store), Published(home.published))
    return lambda texts: orders.hidden_in(texts).items


def deliver_message(
    settings: Settings, key: str, message: Mapping[Any, Any], channels: Sequence[str], send: Send | None = None
) -> bool:
    """Deliver one message to some channels, once each, and what they refused before; say whether it went now.

    Raises
    ------
    EquipoiseError
        As ``deliver``.
    """
    home = settings.network_home()
    with alert_record.opened(home.alerts / _DELIVERED) as record:
        for channel in channels:
            record.owe((key, _name(channel)), message)
        went, refused = _settle(record, settings, home.alerts, send or _apprise)
    _require_taken(refused)
    return key in went


def digest_channels(settings: Settings, plan_date: dt.date) -> tuple[str, ...]:
    """Return where the digest of a plan date goes: as alerts beyond the file, and to nobody where none is named."""
    home = settings.network_home()
    heard = channels_of(settings, home.profile, Published(home.published), plan_date, settings.digest_urls)
    return tuple(channel for channel in heard if channel != FILE_CHANNEL)


def channels_of(
    settings: Settings,
    profile: NetworkProfile,
    published: Published,
    plan_date: dt.date,
    urls: Sequence[str] | None = None,
) -> tuple[str, ...]:
    """Return where alerts of a plan date go: beyond the file only if it is the clock's current one.

    A backfill of a year must not page anybody, nor a plan of today with hindsight.
    """
    is_current = plan_date == profile.calendar.start_of_bucket(profile.clock.today())
    judged = published.latest(FEED_ALERTS.name, plan_date)
    with_hindsight = judged is not None and as_known_of(published, plan_date, judged.run_id) == AsKnown.NOW
    beyond = settings.alert_urls if urls is None else urls
    return (FILE_CHANNEL, *beyond) if is_current and not with_hindsight else (FILE_CHANNEL,)


def _settle(record: AlertRecord, settings: Settings, folder: Path, send: Send) -> tuple[list[str], list[str]]:
    """Send what is owed; return the alerts that went, and the channel of each that was refused.

    What is owed to a channel that the settings do not name any more waits until they do.
    """
    known = (FILE_CHANNEL, *settings.alert_urls, *settings.digest_urls)
    channels = {_name(channel): channel for channel in known}
    went, refused = [], []
    for key, told in list(record.owed.items()):
        channel = channels.get(key[1])
        if channel is None:
            continue
        if _send(folder, channel, told, send):
            record.sent(key)
            went.append(key[0])
        else:
            refused.append(channel)
    return went, refused


def _name(channel: str) -> str:
    """Return what a channel is recorded as; a URL may hold a password."""
    return FILE_CHANNEL if channel == FILE_CHANNEL else digest(channel)


def _require_taken(refused: Sequence[str]) -> None:
    """Say that channels refused something; it stays owed."""
    if refused:
        raise EquipoiseError(
            f"{len(refused)} messages were refused by a channel",
            where=f"alert channel {refused[0].split(':')[0]}",
            remedy="Check EQUIPOISE_ALERT_URLS and EQUIPOISE_DIGEST_URLS; they are tried again at the next run",
        )


def _send(folder: Path, channel: str, told: Mapping[Any, Any], send: Send) -> bool:
    if channel != FILE_CHANNEL:
        return send(channel, told)
    with (folder / _ALERTS).open("a") as out:
        out.write(json.dumps(dict(told), default=str, sort_keys=True) + "\n")
    return True


def _apprise(url: str, told: Mapping[Any, Any]) -> bool:
    """Send a message: as HTML to channels that show it, as text to all others."""
    import apprise

    channels = apprise.Apprise()
    if not channels.add(url):
        return False
    text = apprise.NotifyFormat.TEXT
    as_html = "html" in told and all(one.notify_format == apprise.NotifyFormat.HTML for one in channels)
    if as_html:
        return bool(channels.notify(title=told["title"], body=told["html"], body_format=apprise.NotifyFormat.HTML))
    return bool(channels.notify(title=told["title"], body=told["body"], body_format=text))
