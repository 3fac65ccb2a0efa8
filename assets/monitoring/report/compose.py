"""The report of a plan date as plain records: what the page, the digest and ``--json`` are made of.

Records, so that what a reader may not see is hidden in one way before anything is drawn or written. Not
here: reading the ledger, masking, and how any of it looks.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from assets.monitoring.report.changes import changes
from assets.monitoring.report.day import Day, Row, day_before
from assets.monitoring.report.doubts import doubts
from assets.monitoring.report.forecast_width import network_demand
from assets.monitoring.report.regret import regret
from assets.monitoring.report.waits import Inbox, waits
from assets.monitoring.report.worth import worth


def compose(
    published: Published,
    profile: NetworkProfile,
    plan_date: dt.date,
    inbox: Inbox | None = None,
    states: Mapping[str, int] | None = None,
) -> Row:
    """Return the report of a plan date.

    Parameters
    ----------
    published : Published
        Tables of the network.
    profile : NetworkProfile
        Its name, bucket and currency.
    plan_date : date
        Date that was planned, or judged.
    inbox : Inbox, optional
        What waits by the ledger; the documents as planned if not given.
    states : mapping, optional
        Orders of the date by state, by the ledger.

    Returns
    -------
    dict
        ``network``, ``plan_date``, ``currency``, ``bucket``, ``stopped``, and the four parts ``changed``,
        ``waits``, ``worth`` and ``distrust``.
    """
    day = Day.of(published, plan_date)
    before = None if day.stopped else day_before(published, plan_date)
    days = profile.bucket.days
    return {
        "network": profile.title or profile.name,
        "plan_date": plan_date.isoformat(),
        "currency": profile.currency,
        "bucket": str(profile.bucket),
        "stopped": day.stopped,
        "changed": changes(day, before, states),
        "waits": waits(day, inbox),
        "worth": {**worth(day), "regret": regret(day)},
        "distrust": {**doubts(day, days), "demand": network_demand(day, days)},
    }
