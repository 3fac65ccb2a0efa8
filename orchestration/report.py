"""The daily report of a network: what its tables and its ledger say, as one reader may see it, and the digest sent.

Not here: what the report says or how it looks (``assets.monitoring.report``), or channels (``alerts``).
"""

from __future__ import annotations

import datetime as dt
import os
import tempfile
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from assets.kernel.errors import EquipoiseError
from assets.kernel.frames.quality import DIGEST
from assets.kernel.home import NetworkHome
from assets.kernel.identifiers import digest
from assets.kernel.published import Published
from assets.monitoring.report.compose import compose
from assets.monitoring.report.digest import digest_html, digest_text, title
from assets.monitoring.report.waits import Inbox
from assets.orders.events import Channel
from assets.orders.order import OrderStatus
from assets.orders.standing import stopped
from assets.orders.store import OrderFilter, OrderStore
from orchestration import alerts
from orchestration.access import masking_rules
from orchestration.dispatching import dispatch_day
from orchestration.ledger import open_ledger
from orchestration.sensitive import NamedOrders, sensitive_items
from orchestration.settings import Settings

_OWNER_ONLY = 0o600
RULE = "daily_digest"


def report_of(settings: Settings, store: OrderStore, plan_date: dt.date, inbox: Inbox) -> dict[str, Any]:
    """Return the report of a plan date, with nothing hidden yet.

    Parameters
    ----------
    settings : Settings
        The installation.
    store : OrderStore
        The ledger.
    plan_date : date
        Date that was judged.
    inbox : Inbox
        What waits for people.
    """
    home = settings.network_home()
    profile = home.profile
    orders = store.orders(OrderFilter(network=profile.name, plan_date=plan_date))
    states = Counter(str(one.status) for one in orders if one.document.channel is not Channel.SHADOW)
    return compose(Published(home.published), profile, plan_date, inbox, states)


def write_page(path: Path, text: str) -> None:
    """Write a page that only its owner may read: the whole of it or nothing.

    Raises
    ------
    EquipoiseError
        If it cannot be written there.
    """
    partial = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Made for the owner alone (mkstemp), and renamed when it is whole.
        handle, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(partial, _OWNER_ONLY)
        os.replace(partial, path)
    except OSError as error:
        with suppress(OSError):
            if partial is not None:
                os.unlink(partial)
        reason = (error.strerror or "it cannot be written").lower()
        raise EquipoiseError(reason, where=str(path), remedy="Name a file in a folder that can be written") from error


def page_path(home: NetworkHome, plan_date: dt.date) -> Path:
    """Return where the page of a plan date goes if nobody says otherwise."""
    return home.root / "reports" / f"{plan_date.isoformat()}.html"


def deliver_digest(settings: Settings, plan_date: dt.date, send: alerts.Send | None = None) -> bool:
    """Send the digest of a plan date to the channels that the settings name for it, once.

    Nothing is sent of a date that is not the clock's, nor of a plan with hindsight, nor where no channel is named,
    nor before the date was planned to its end: of what stopped it, alerts tell. Sensitive items are hidden, unless the
    settings say that all who read pages and channels may see them.

    Returns
    -------
    bool
        Whether it went out now.

    Raises
    ------
    EquipoiseError
        If a channel refused; it is tried again next time.
    """
    home = settings.network_home()
    published = Published(home.published)
    channels = alerts.digest_channels(settings, plan_date)
    if not channels or published.latest(DIGEST.name, plan_date) is None or stopped(published, plan_date):
        return False
    with closing(open_ledger(settings, home.profile.clock)) as store:
        told = report_of(settings, store, plan_date, inbox_of(settings, store))
        hidden = NamedOrders(store, sensitive_items(home, store), published).hidden_of(told)
        seen = told if settings.pages_show_sensitive else hidden.masked(told, masking_rules(home, store))
    message = {"title": title(seen), "body": digest_text(seen, titled=False), "html": digest_html(seen)}
    return alerts.deliver_message(settings, digest(RULE, plan_date), message, channels, send)


def inbox_of(settings: Settings, store: OrderStore) -> Inbox:
    """Return what waits for people by the ledger alone; the other side is not asked."""
    from assets.governance.waiting import ranked, waiting

    clock = settings.network_home().profile.clock
    day = dispatch_day(settings, store, clock)
    going = store.orders(OrderFilter(network=day.network, going_on=True))
    failed = store.orders(OrderFilter(network=day.network, plan_date=day.plan_date, status=OrderStatus.FAILED))
    found = ranked(list(waiting((*going, *failed), day)))
    return Inbox(day.plan_date.isoformat(), day.stopped, [one.as_record() for one in found])
