"""Alerts: one per cause and place, with an id that is its meaning."""

import datetime as dt
from pathlib import Path
from typing import Any

import pandas as pd

from assets.kernel.frames.quality import ALERTS, FEED_ALERTS, PLAN_ALERTS, VERDICTS
from assets.kernel.published import Published
from assets.monitoring.alerts import by_money, collect, merge, message, raise_alerts

PLAN_DATE = dt.date(2026, 3, 2)


def verdicts(*rows: tuple[str, str, str, str, str], severity: str = "warning") -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["rule", "feed", "site_id", "item_id", "action"])
    return VERDICTS.conform(
        table.assign(
            plan_date=pd.Timestamp(PLAN_DATE), gate="feeds", severity=severity, observed=1.0, expected=0.0,
            offender_count=1, anomaly_score=0.5, message="Something is wrong", remedy="Mend it",
        )
    )  # fmt: skip


def places(alerts: pd.DataFrame) -> list[list[Any]]:
    return (
        alerts.sort_values(["rule", "feed", "site_id"])[["rule", "feed", "site_id", "offender_count"]]
        .to_numpy()
        .tolist()
    )


def test_items_of_one_site_are_one_alert() -> None:
    alerts = raise_alerts([verdicts(*(("jump", "wms", "S1", f"I{n}", "hold") for n in range(20)))], PLAN_DATE)
    assert places(alerts) == [["jump", "wms", "S1", 20]]
    assert alerts["message"].iloc[0].startswith("20 items at S1; the worst: ")


def test_a_few_sites_are_told_apart_and_many_are_one_alert() -> None:
    few = raise_alerts([verdicts(*(("stale", "wms", f"S{n}", "", "hold") for n in range(5)))], PLAN_DATE)
    assert len(few) == 5
    many = raise_alerts([verdicts(*(("stale", "wms", f"S{n}", "", "hold") for n in range(20)))], PLAN_DATE)
    assert places(many) == [["stale", "wms", "", 20]]
    assert "20 sites" in many["message"].iloc[0]


def test_one_fault_of_a_site_in_two_feeds_is_one_alert() -> None:
    alerts = raise_alerts([verdicts(("jump", "wms", "S1", "", "hold"), ("jump", "sales", "S1", "", "hold"))], PLAN_DATE)
    assert places(alerts) == [["jump", "sales", "S1", 2]]
    assert "in sales and wms" in alerts["message"].iloc[0]


def test_feeds_as_a_whole_are_told_apart() -> None:
    alerts = raise_alerts([verdicts(("stale", "items", "", "", "warn"), ("stale", "lanes", "", "", "warn"))], PLAN_DATE)
    assert places(alerts) == [["stale", "items", "", 1], ["stale", "lanes", "", 1]]


def test_a_pass_and_an_information_raise_nothing() -> None:
    found = [verdicts(("passed", "wms", "", "", "pass")), verdicts(("r", "wms", "", "", "warn"), severity="info")]
    assert raise_alerts(found, PLAN_DATE).empty
    assert raise_alerts([], PLAN_DATE).empty


def test_the_same_fault_has_the_same_id_whatever_ranks_first() -> None:
    one = verdicts(("jump", "wms", "S1", "I1", "hold"), ("jump", "wms", "S1", "I2", "hold"))
    other = one.assign(anomaly_score=[0.1, 0.9])
    assert raise_alerts([one], PLAN_DATE)["alert_id"].tolist() == raise_alerts([other], PLAN_DATE)["alert_id"].tolist()
    assert raise_alerts([one], PLAN_DATE + dt.timedelta(days=1))["alert_id"].iloc[0] not in set(
        raise_alerts([one], PLAN_DATE)["alert_id"]
    )


def test_alerts_of_several_gates_are_each_told_once() -> None:
    first = raise_alerts([verdicts(("jump", "wms", "S1", "", "hold"))], PLAN_DATE)
    assert len(merge([first, first, ALERTS.empty()])) == 1
    assert merge([]).empty


def test_the_gravest_come_first() -> None:
    mild = raise_alerts([verdicts(("a", "wms", "S1", "", "warn"))], PLAN_DATE)
    grave = raise_alerts([verdicts(("z", "wms", "S1", "", "stop"), severity="critical")], PLAN_DATE)
    assert by_money(merge([mild, grave]))["severity"].tolist() == ["critical", "warning"]


def test_a_message_says_what_happens_and_what_to_do() -> None:
    alert = raise_alerts([verdicts(("site_stale", "wms", "S1", "", "hold_outbound"))], PLAN_DATE).to_dict("records")[0]
    title, body = message(alert)
    assert title == "[warning] wms at S1: site stale"
    assert body.splitlines() == [
        "Something is wrong.",
        "It may receive stock but gives none until this is mended.",
        "What to do: Mend it.",
        "Who: data-platform at S1.",
        "Business date 2026-03-01.",
    ]


def test_alerts_of_a_stopped_run_are_found_and_those_of_an_older_run_are_not(tmp_path: Path) -> None:
    published = Published(tmp_path)
    old = raise_alerts([verdicts(("old", "wms", "S1", "", "hold"))], PLAN_DATE)
    new = raise_alerts([verdicts(("new", "wms", "", "", "stop"))], PLAN_DATE)
    assert collect(published, PLAN_DATE).empty
    for frame in (FEED_ALERTS, PLAN_ALERTS, ALERTS):
        published.write(frame, old, PLAN_DATE, "run1")
    published.write(FEED_ALERTS, new, PLAN_DATE, "run2")
    assert collect(published, PLAN_DATE)["rule"].tolist() == ["new"]
