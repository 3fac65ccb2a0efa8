"""Alerts: what of a plan's verdicts, and of drifting forecasts, somebody should know, each cause told once.

An alert is a row; its id is what it means, so that raising it twice is raising it once. It names who
answers for it, the remedy, and the money at stake, by which alerts are ranked. Not here: judging
(``quality``), what is at stake (``stakes``) and sending (``orchestration``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from assets.kernel.frames.forecasts import DEMAND_FORECAST
from assets.kernel.frames.quality import (
    ACTIONS,
    ALERTS,
    FEED_ALERTS,
    FORECAST_VERDICTS,
    PLAN_ALERTS,
    PLAN_VERDICTS,
    VERDICTS,
)
from assets.kernel.identifiers import digest
from assets.kernel.published import Published
from assets.monitoring.owners import owner_of
from assets.monitoring.stakes import Stakes, plan_worth

SEVERITIES = ("info", "warning", "critical")
"""From mild to grave."""
SITES_APART = 5
"""More sites than this with one fault of one feed are one alert of the feed."""

_NAMED = 5
REFIT = (
    "The next plan refits the segment; where the release has refits wait for people, `equipoise models recalibrate` "
    "shows what one would change"
)
"""Remedy of a segment whose forecasts drift."""
_DOES = {
    "warn": "The plan goes on; nothing is held.",
    "hold_outbound": "It may receive stock but gives none until this is mended.",
    "hold": "It is left out of the plan until this is mended.",
    "stop": "Nothing is planned until this is mended.",
    "wait": "Orders wait until this is settled.",
}


def raise_alerts(verdicts: Iterable[pd.DataFrame], plan_date: dt.date, stakes: Stakes | None = None) -> pd.DataFrame:
    """Return the alerts of a plan date.

    Parameters
    ----------
    verdicts : iterable of DataFrame
        Of any gates; each conforms to ``VERDICTS``.
    plan_date : date
        Plan that was judged; its alerts speak of the day before, the last that the plan sees.
    stakes : Stakes, optional
        What the plan's tables say is at stake; 0 where they are not there yet.

    Returns
    -------
    DataFrame
        Conforms to ``ALERTS``: one row per rule, feed and site, items added up, and one for the
        whole feed where more than ``SITES_APART`` sites share a fault.
    """
    parts = [frame.loc[(frame["action"] != "pass") & (frame["severity"] != "info")] for frame in verdicts]
    found = pd.concat([part for part in parts if len(part)], ignore_index=True) if any(map(len, parts)) else None
    if found is None:
        return ALERTS.empty()
    rows = []
    for rule in sorted(set(found["rule"])):
        of_rule = found.loc[found["rule"] == rule]
        sites = sorted(set(of_rule["site_id"]) - {""})
        if len(sites) > SITES_APART:
            of_rule = of_rule.assign(_place="")
            sites = []
        else:
            of_rule = of_rule.assign(_place=of_rule["site_id"])
        # One fault at one site is one cause, in however many feeds it shows; feeds as a whole have owners.
        places = of_rule.loc[of_rule["_place"] == ""]
        groups = [places.loc[places["feed"] == feed] for feed in sorted(set(places["feed"]))]
        groups += [of_rule.loc[of_rule["_place"] == site] for site in sites]
        rows += [_alert(group, plan_date, stakes) for group in groups]
    return ALERTS.conform(pd.DataFrame(rows))


def alerts_of(published: Published, plan_date: dt.date) -> pd.DataFrame:
    """Return the alerts of every gate that judged a plan date, with the money at stake: frame ``ALERTS``.

    Each gate's are raised by themselves, so that their ids are those that the gate gave.
    """
    stakes = Stakes(published, plan_date)
    judged = [f for f in (VERDICTS, FORECAST_VERDICTS, PLAN_VERDICTS) if published.latest(f.name, plan_date)]
    return merge(raise_alerts([published.read(frame, plan_date)], plan_date, stakes) for frame in judged)


def drift_alerts(drift: pd.DataFrame) -> pd.DataFrame:
    """Return the alerts of segments whose forecasts ask for recalibration.

    A request stands for one plan date: the charts begin anew after it. A segment is told of again
    only where the forecasts made after it drift as well.

    Parameters
    ----------
    drift : DataFrame
        Frame ``FORECAST_DRIFT`` of one plan date.

    Returns
    -------
    DataFrame
        Conforms to ``ALERTS``.
    """
    asked = drift[drift["recalibration_requested"]]
    if asked.empty:
        return ALERTS.empty()
    rules = [f"forecast_drift_of_{segment}" for segment in asked["demand_segment"]]
    days = [(day - pd.Timedelta(days=1)).date() for day in asked["plan_date"]]
    feed = DEMAND_FORECAST.name
    return ALERTS.conform(
        pd.DataFrame(
            {
                "alert_id": [digest(rule, feed, "", day) for rule, day in zip(rules, days, strict=True)],
                "plan_date": asked["plan_date"].to_numpy(),
                "rule": rules,
                "feed": feed,
                "site_id": "",
                "business_date": days,
                "severity": "warning",
                "action": "warn",
                "message": asked["reason"].to_numpy(),
                "owner": owner_of(feed),
                "remedy": REFIT,
                "stake_amount": 0.0,
                "offender_count": asked["window_count"].to_numpy(),
            }
        )
    )


def merge(alerts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Return alerts of several gates as one table, each id once."""
    parts = [part for part in alerts if len(part)]
    if not parts:
        return ALERTS.empty()
    return ALERTS.conform(pd.concat(parts, ignore_index=True).drop_duplicates("alert_id"))


def collect(published: Published, plan_date: dt.date) -> pd.DataFrame:
    """Return the alerts that the latest run of a plan date published, wherever it stopped.

    Each gate publishes its alerts before a ``stop`` can skip what follows; tables left by an
    earlier run do not count.

    Returns
    -------
    DataFrame
        Conforms to ``ALERTS``; empty where the date was never judged.
    """
    first = published.latest(FEED_ALERTS.name, plan_date)
    if first is None:
        return ALERTS.empty()
    parts = []
    # The gates' own do not know what is at stake; the first of an id is kept.
    for frame in (ALERTS, FEED_ALERTS, PLAN_ALERTS):
        latest = published.latest(frame.name, plan_date)
        if latest is not None and latest.run_id == first.run_id:
            parts.append(published.read(frame, plan_date))
    return _with_stops_priced(merge(parts), published, plan_date)


def by_money(alerts: pd.DataFrame) -> pd.DataFrame:
    """Return the alerts in the order in which a person should read them: stops, then most money at stake.

    What is equal there is told by gravity, then by name.
    """
    gravity = alerts["severity"].map({severity: -n for n, severity in enumerate(SEVERITIES)})
    ranked = alerts.assign(_goes_on=alerts["action"] != "stop", _stake=-alerts["stake_amount"], _gravity=gravity)
    by = ["_goes_on", "_stake", "_gravity", "feed", "rule", "site_id"]
    return ranked.sort_values(by, kind="stable")[list(alerts.columns)].reset_index(drop=True)


def _with_stops_priced(alerts: pd.DataFrame, published: Published, plan_date: dt.date) -> pd.DataFrame:
    """Price stops that no plan of the date has priced: what the last plan known saves."""
    unpriced = (alerts["action"] == "stop") & (alerts["stake_amount"] == 0)
    if not unpriced.any():
        return alerts
    worth = plan_worth(published, plan_date)
    return ALERTS.conform(alerts.assign(stake_amount=alerts["stake_amount"].mask(unpriced, worth)))


def message(alert: Mapping[Any, Any]) -> tuple[str, str]:
    """Return title and body of an alert, for a person.

    >>> row = {"severity": "critical", "rule": "site_stale", "feed": "wms_inventory", "site_id": "S1"}
    >>> row |= {"action": "hold_outbound", "message": "It is old.", "remedy": "Count.", "business_date": "2026-01-04"}
    >>> message(row | {"owner": "warehouse-operations at S1", "stake_amount": 12.5})[0]
    '[critical] wms_inventory at S1: site stale'
    """
    place = f"{alert['feed']} at {alert['site_id']}" if alert["site_id"] else str(alert["feed"])
    title = f"[{alert['severity']}] {place}: {str(alert['rule']).replace('_', ' ')}"
    day = str(alert["business_date"])[:10]
    lines = (
        f"{_sentence(alert['message'])}",
        _DOES[str(alert["action"])],
        f"At stake: {alert['stake_amount']:,.2f}." if alert["stake_amount"] else "",
        f"What to do: {_sentence(alert['remedy'])}",
        f"Who: {_sentence(alert['owner'])}",
        f"Business date {day}.",
    )
    return title, "\n".join(line for line in lines if line)


def _alert(group: pd.DataFrame, plan_date: dt.date, stakes: Stakes | None) -> dict[str, Any]:
    """Return the alert of verdicts of one rule at one place (``_place``), told by the worst of them."""
    order = group.assign(_order=group["action"].map({action: -n for n, action in enumerate(ACTIONS)}))
    by = ["_order", "anomaly_score", "feed", "site_id", "item_id"]
    worst = order.sort_values(by, ascending=[True, False, True, True, True]).iloc[0]
    business_date = plan_date - dt.timedelta(days=1)
    # By name, not by the worst: the id must not change when a rerun ranks offenders anew.
    feed = min(group.loc[group["action"] == worst["action"], "feed"])
    return {
        "alert_id": digest(worst["rule"], feed, worst["_place"], business_date),
        "plan_date": pd.Timestamp(plan_date),
        "rule": worst["rule"],
        "feed": feed,
        "site_id": worst["_place"],
        "business_date": pd.Timestamp(business_date),
        "severity": max(group["severity"], key=SEVERITIES.index),
        "action": worst["action"],
        "message": _told(group, worst, feed),
        "owner": owner_of(str(worst["feed"]), worst["_place"]),
        "remedy": worst["remedy"],
        "stake_amount": stakes.of(group) if stakes else 0.0,
        "offender_count": int(group["offender_count"].sum()),
    }


def _told(group: pd.DataFrame, worst: pd.Series[Any], feed: str) -> str:
    if len(group) == 1:
        return str(worst["message"])
    items = group["item_id"].loc[group["item_id"] != ""].nunique()
    sites = sorted(set(group["site_id"]) - {""})
    others = sorted(set(group["feed"]) - {feed})
    what = [
        f"{items} items" if items else "",
        f"at {len(sites)} sites ({_names(sites)})" if not worst["_place"] else f"at {worst['_place']}",
        f"in {feed} and {_names(others)}" if others else "",
    ]
    place = " ".join(word for word in what if word)
    return f"{place[0].upper()}{place[1:]}; the worst: {worst['message']}"


def _names(values: list[str]) -> str:
    return ", ".join(values[:_NAMED]) + (", ..." if len(values) > _NAMED else "")


def _sentence(text: Any) -> str:
    told = str(text).rstrip(".")
    return told if told.endswith(("?", "!")) else f"{told}."
