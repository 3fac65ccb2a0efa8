"""Alerts of levels that have shifted, and of what drift asked for and waits for a person.

Not here: other alerts (``alerts``), or judging a shift (``process_drift``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from assets.forecasting.registry.requests import Request
from assets.kernel.frames.forecasts import DEMAND_FORECAST, LEAD_TIME
from assets.kernel.frames.quality import ALERTS
from assets.kernel.identifiers import digest
from assets.monitoring.owners import FORECASTERS, owner_of

_TABLE = {"demand": DEMAND_FORECAST.name, "lead_time": LEAD_TIME.name}
_REMEDY = {
    "demand": "See what a refit would change with `equipoise models recalibrate`; the next plan refits by itself "
    "unless the release asks for approval",
    "lead_time": "Ask the source, and have its quoted lead time corrected in the feed if it stays: the plan learns "
    "the new level only as receipts come in",
    "feed": "Ask who sends the feed whether more or fewer rows are meant; see `equipoise verdicts`",
}
_WAITS = (
    "See what would change with `equipoise models recalibrate`, then answer with `--approve --reason WHY` or "
    "`--reject --reason WORD`"
)


def shift_alerts(drift: pd.DataFrame) -> pd.DataFrame:
    """Return one alert a signal that has drifted; as long as it is the same shift, it is the same alert.

    Parameters
    ----------
    drift : DataFrame
        Frame ``PROCESS_DRIFT`` of one plan date.

    Returns
    -------
    DataFrame
        Frame ``ALERTS``.
    """
    return _alerts(_shifted(row) for row in drift[drift["has_drifted"]].to_dict("records"))


def waiting_alerts(asked: Iterable[Request], plan_date: dt.date) -> pd.DataFrame:
    """Return one alert a request for a refit that waits for a person: told again each day until it is answered.

    Returns
    -------
    DataFrame
        Frame ``ALERTS``.
    """
    return _alerts(
        _alert(
            f"refit_of_{one.asked_for}_waits", DEMAND_FORECAST.name, plan_date, plan_date - dt.timedelta(days=1),
            message=f"A refit of {', '.join(one.waits)} waits for a person since {one.asked_for}: {one.why}",
            owner=FORECASTERS, remedy=_WAITS, offender_count=len(one.waits),
        )
        for one in asked
    )  # fmt: skip


def _shifted(row: Mapping[Any, Any]) -> dict[str, Any]:
    kind, member = row["signal"], str(row["member"])
    feed = _TABLE.get(kind, member)
    what = {"demand": f"Demand of {member}", "lead_time": f"Lead time of {member}"}.get(kind, f"Rows of {member}")
    since = f"since {row['began_on'].date()}"
    told = f"{what} has shifted {since}: {row['reason'][0].lower()}{row['reason'][1:]}{_in_plan(row)}"
    return _alert(
        f"{kind}_shift_of_{member.replace(' ', '_')}", feed, row["plan_date"],
        (row["first_told"] - pd.Timedelta(days=1)).date(),
        message=told, owner=owner_of(feed) if kind == "feed" else FORECASTERS, remedy=_REMEDY[kind],
        offender_count=int(row["window_points"]),
    )  # fmt: skip


def _in_plan(row: Mapping[Any, Any]) -> str:
    if pd.isna(row["mean_assumed"]):
        return ""
    return (
        f"; since then {row['mean_since']:+.1f} days against the quote, where the plan assumes "
        f"{row['mean_assumed']:+.1f}"
    )


def _alert(rule: str, feed: str, plan_date: Any, day: dt.date, **told: Any) -> dict[str, Any]:
    return {
        "alert_id": digest(rule, feed, "", day), "plan_date": pd.Timestamp(plan_date), "rule": rule, "feed": feed,
        "site_id": "", "business_date": pd.Timestamp(day), "severity": "warning", "action": "warn",
        "stake_amount": 0.0, **told,
    }  # fmt: skip


def _alerts(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    found = [*rows]
    return ALERTS.conform(pd.DataFrame(found)) if found else ALERTS.empty()
