"""The report: the same bytes for the same tables, nothing of the data taken for markup, a page whatever is missing."""

import datetime as dt
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from unit.cli.tiny_network import policy, rows

from assets.kernel.frames import Frame
from assets.kernel.frames.decisions import DOCUMENTS, PLAN_FAULTS, PLAN_SUMMARY, PROTECTION_DEMAND, TARGETS
from assets.kernel.frames.feeds import FEED_STATE
from assets.kernel.frames.forecasts import CHAMPIONS, DEMAND_ANOMALIES, HIERARCHY_FORECAST
from assets.kernel.frames.kpis import KPIS
from assets.kernel.frames.marts import DIM_ITEM, FCT_DEMAND, FCT_INVENTORY_POSITION
from assets.kernel.frames.monitoring import FORECAST_DRIFT, PROCESS_DRIFT
from assets.kernel.frames.quality import ALERTS, DIGEST, FEED_ALERTS, VERDICTS
from assets.kernel.network import NetworkProfile
from assets.kernel.published import Published
from assets.monitoring.report.compose import compose
from assets.monitoring.report.digest import digest_frame, digest_html, digest_lines, digest_markdown, digest_text
from assets.monitoring.report.page import page
from assets.monitoring.report.waits import Inbox
from assets.policy.masking import masked
from assets.policy.oversight import MaskingRules

BEFORE, PLAN_DATE = dt.date(2026, 3, 1), dt.date(2026, 3, 2)
EVIL = "<script>alert('x')</script>"
PROFILE = NetworkProfile(name="tiny", title=f"Tiny & {EVIL}", first_plan_date=BEFORE)


def publish(published: Published, frame: Frame, day: dt.date, *given: dict[str, Any], run_id: str = "run") -> None:
    dated = [{"plan_date": day, **row} if "plan_date" in frame.names else row for row in given]
    published.write(frame, rows(frame, *dated) if dated else frame.empty(), day, run_id)


def plan(published: Published, day: dt.date, base_stock: int, model: str, release: str) -> None:
    """Publish what a plan leaves that the report tells of, with hostile names wherever a feed gives them."""
    facts = {"policy_release": release, "holding_amount": 1.0}
    publish(
        published, PLAN_SUMMARY, day,
        *({**policy(name, cost, bound), **facts} for name, cost, bound in (
            ("joint_plan", 100.0, 90.0), ("no_transfers", 104.0, None), ("do_nothing", 150.0, None),
        )),
    )  # fmt: skip
    order = {"kind": "transfer", "origin_id": EVIL, "destination_id": "S1", "status": "proposed", "revision": 2}
    money = {"value_amount": 70.0, "gain_amount": 12.5, "line_count": 1, "quantity_units": 5}
    publish(published, DOCUMENTS, day, {"order_id": f"T-{day}", "reason": f"{EVIL} runs out", **order, **money})
    place = {"item_id": EVIL, "site_id": "S1"}
    publish(published, TARGETS, day, {**place, "base_stock_units": base_stock, "target_amount": 10.0 * base_stock})
    publish(published, FCT_INVENTORY_POSITION, day, {**place, "stock_amount": 55.0, "on_order_units": 4})
    publish(published, CHAMPIONS, day, {"demand_segment": "smooth", "champion": model, "champion_reason": "least loss"})
    publish(published, PLAN_FAULTS, day, {"number": 1, "fault": f"no lane leads to {EVIL}"})


def judge(published: Published, day: dt.date) -> None:
    """Publish what there is to distrust."""
    told = {
        "rule": "site_stale", "feed": "wms_inventory", "site_id": EVIL, "action": "hold_outbound",
        "severity": "critical", "message": f"{EVIL} is old", "remedy": "Run `equipoise land DIR`",
    }  # fmt: skip
    publish(published, VERDICTS, day, {**told, "gate": "feeds", "item_id": ""})
    alert = {**told, "alert_id": "a", "owner": f"warehouse-operations at {EVIL}", "stake_amount": 321.0}
    publish(published, FEED_ALERTS, day, {**alert, "stake_amount": 0.0})
    publish(published, ALERTS, day, alert)
    publish(published, FEED_STATE, day, {"feed": "demand_sales", "latest_business_date": day - dt.timedelta(days=9)})
    place = {"item_id": EVIL, "site_id": "S1"}
    odd = {"bucket_start": day - dt.timedelta(days=1), "kind": "spike", "found_units": 40.0, "size_units": 37.0}
    publish(published, DEMAND_ANOMALIES, day, {**place, **odd})
    publish(published, DIM_ITEM, day, {"item_id": EVIL, "unit_price": 2.0, "unit_cost": 1.0})
    publish(published, PROTECTION_DEMAND, day, {**place, "mean_units": 5.0, "q10_units": 1.0, "q90_units": 9.0})
    drift = {
        "demand_segment": "lumpy",
        "horizon_buckets": 1,
        "bias": 0.3,
        "recalibration_requested": True,
        "origin_count": 7,
    }
    publish(published, FORECAST_DRIFT, day, {**drift, "reason": "Forecasts were 30 % too high", "window_count": 9})
    late = {"signal": "lead_time", "member": f"purchase {EVIL}", "has_drifted": True, "reason": "3 days later"}
    publish(published, PROCESS_DRIFT, day, late, {**late, "member": "steady", "has_drifted": False})
    sold = {"bucket_start": day - dt.timedelta(days=1), "demand_lower_bound_units": 6}
    published.write(FCT_DEMAND, rows(FCT_DEMAND, {**place, **sold}), day, "run")
    publish(published, HIERARCHY_FORECAST, day, {"level": "network", "bucket_start": day, "mean_units": 7.0})


@pytest.fixture
def published(tmp_path: Path) -> Published:
    made = Published(tmp_path)
    plan(made, BEFORE, 4, "Naive", "standard@1")
    plan(made, PLAN_DATE, 9, "Boosted", "standard@2")
    judge(made, PLAN_DATE)
    return made


def waiting(order_id: str = "T-1", stake: float = 12.5) -> dict[str, Any]:
    return {
        "kind": "approval", "order_id": order_id, "about": f"transfer {EVIL} to S1", "value_amount": 70.0,
        "gain_amount": stake, "stake_amount": stake, "days_left": 1, "why": "above 10", "who": ["ann"],
        "command": f"equipoise approve {order_id}",
    }  # fmt: skip


INBOX = Inbox(PLAN_DATE.isoformat(), "", [waiting()])


class Outline(HTMLParser):
    """What a page is made of: open tags that balance, headings, alternative texts, whatever refers elsewhere."""

    VOID = ("meta", "img", "br", "link", "input")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.seen if name == tag]


def test_the_same_tables_make_the_same_bytes(published: Published) -> None:
    first = compose(published, PROFILE, PLAN_DATE, INBOX)
    again = compose(Published(published.root), PROFILE, PLAN_DATE, INBOX)
    assert page(first) == page(again)
    assert digest_html(first) == digest_html(again)


def test_nothing_that_data_say_is_markup(published: Published) -> None:
    report = compose(published, PROFILE, PLAN_DATE, INBOX)
    for text in (page(report), digest_html(report)):
        outline = Outline(text)
        assert outline.open == []
        assert outline.of("script") == []
        assert EVIL not in text
        assert EVIL in "".join(outline.words)
        assert not [name for _, attributes in outline.seen for name in attributes if name.startswith("on")]
    assert "<script" not in digest_markdown(digest_frame(report)).replace("\\<", "")


def test_the_page_needs_no_network_and_no_script_and_can_be_read_aloud(published: Published) -> None:
    text = page(compose(published, PROFILE, PLAN_DATE, INBOX))
    outline = Outline(text)
    assert not re.search(r"https?://", text)
    assert [image for image in outline.of("img") if not image["alt"]] == []
    assert all(str(image["src"]).startswith("data:image/svg+xml;base64,") for image in outline.of("img"))
    assert len(outline.of("img")) == 4
    assert len(outline.of("h1")) == 1
    assert outline.of("html") == [{"lang": "en"}]
    assert {"default-src 'none'; style-src 'unsafe-inline'; img-src data:"} <= {
        m.get("content") for m in outline.of("meta")
    }
    assert all(head["scope"] in ("col", "row") for head in outline.of("th"))


def test_it_says_what_changed_waits_is_worth_and_is_to_be_distrusted(published: Published) -> None:
    report: Any = compose(published, PROFILE, PLAN_DATE, INBOX, {"proposed": 1, "cancelled": 2})
    assert report["changed"]["since"] == BEFORE.isoformat()
    assert report["changed"]["champions"] == [
        {"segment": "smooth", "before": "Naive", "now": "Boosted", "reason": "least loss"}
    ]
    assert report["changed"]["policy"] == {"now": "standard@2", "before": "standard@1"}
    assert report["changed"]["routes"] == {"new": 0, "gone": 0, "both": 1, "revised": 1}
    assert report["changed"]["states"] == {"cancelled": 2, "proposed": 1}
    assert [row["change_amount"] for row in report["changed"]["targets"]] == [50.0]
    assert report["waits"]["stake_amount"] == 12.5
    assert report["worth"]["plan"]["saves_amount"] == 50.0
    assert report["worth"]["plan"]["transfers_gain_amount"] == 4.0
    assert [row["costs_more_amount"] for row in report["worth"]["policies"]] == [0.0, 4.0, 50.0]
    doubts = report["distrust"]
    for name in ("alerts", "held", "feeds", "drift", "anomalies", "wide"):
        assert len(doubts[name]) == (2 if name == "drift" else 1), name
        assert all(doubts[name][0][key] for key in ("where", "what", "owner", "remedy")), name
    assert doubts["alerts"][0]["amount"] == 321.0
    assert doubts["anomalies"][0]["amount"] == 74.0
    assert doubts["wide"][0]["amount"] == 8.0


def test_a_date_that_was_only_judged_has_a_page_that_says_so(tmp_path: Path) -> None:
    published = Published(tmp_path)
    stop = {"rule": "feed_empty", "feed": "erp_items", "action": "stop", "severity": "critical", "gate": "feeds"}
    plan(published, BEFORE, 4, "Naive", "standard@1")
    plan(published, PLAN_DATE, 4, "Naive", "standard@1")
    publish(published, VERDICTS, PLAN_DATE, {**stop, "message": "It is empty", "remedy": "Land it"}, run_id="later")
    publish(published, FEED_ALERTS, PLAN_DATE, {**stop, "alert_id": "a", "message": "It is empty"}, run_id="later")
    report: Any = compose(published, PROFILE, PLAN_DATE)
    assert "It is empty" in report["stopped"]
    assert report["worth"]["plan"] == {}
    assert report["changed"]["orders"] == []
    # What the plan before saved: nobody knows better what a day without a plan costs.
    assert report["distrust"]["alerts"][0]["amount"] == 50.0
    assert "Stopped." in "".join(Outline(page(report)).words)
    assert "It is empty" in digest_text(report)


def test_a_first_plan_compares_with_nothing(published: Published) -> None:
    report: Any = compose(published, PROFILE, BEFORE)
    assert report["changed"]["since"] is None
    assert Outline(page(report)).open == []


def test_without_a_ledger_the_proposals_of_the_plan_wait(published: Published) -> None:
    report: Any = compose(published, PROFILE, PLAN_DATE)
    assert [row["order_id"] for row in report["waits"]["rows"]] == [f"T-{PLAN_DATE}"]
    assert report["waits"]["from_ledger"] is False


def test_key_figures_and_hindsight_are_told_where_they_are_published(published: Published) -> None:
    network = {"dimension": "network", "member": "all"}
    publish(
        published, KPIS, PLAN_DATE,
        {**network, "kpi": "fill_rate", "window_days": 28, "value": 0.971, "previous_value": 0.96, "unit": "share"},
        {**network, "kpi": "turns", "window_days": 7, "value": 9.0, "unit": "turns"},
    )  # fmt: skip
    graded = {"value_low_amount": -5.0, "value_high_amount": 2.0, "regret_low_amount": 0.0, "regret_high_amount": 5.0}
    graded_table = pa.Table.from_pylist([{"decision": "override", **graded}])
    published.write_arrow("regret", graded_table, PLAN_DATE, "run")
    report: Any = compose(published, PROFILE, PLAN_DATE)
    assert report["changed"]["key_figures"] == [
        {"kpi": "fill rate", "value": 0.971, "value_before": 0.96, "unit": "share"}
    ]
    words = " ".join(Outline(page(report)).words)
    assert "97.1 %" in words
    assert "-5.00 to 2.00" in words


def test_what_is_hidden_from_a_reader_is_in_no_form_of_it(published: Published) -> None:
    inbox = Inbox(PLAN_DATE.isoformat(), "", [waiting(stake=33.33)])
    report = compose(published, PROFILE.model_copy(update={"title": "Tiny"}), PLAN_DATE, inbox)
    seen = masked(report, frozenset({EVIL}), may_see=False, rules=MaskingRules())
    for text in (page(seen), digest_text(seen), digest_html(seen), str(digest_lines(seen))):
        assert "alert(" not in text
        assert "33.33" not in text


def test_the_digest_is_short_and_names_what_acts(published: Published) -> None:
    report = compose(published, PROFILE, PLAN_DATE, Inbox("2026-03-02", "", [waiting(f"T-{n}") for n in range(30)]))
    lines = digest_frame(report)
    assert list(lines.columns) == DIGEST.names
    assert len(lines) < 25
    assert "equipoise approve T-0" in lines["command"].tolist()
    text = digest_text(report)
    assert "30 things wait, 375.00 EUR at stake." in text
    assert "At most" not in text.splitlines()[0]


def test_control_characters_of_names_do_not_reach_a_terminal(published: Published) -> None:
    nasty = Inbox("2026-03-02", "", [{**waiting(), "about": "transfer \x1b[31mA\nB\x07 to S1"}])
    text = digest_text(compose(published, PROFILE, PLAN_DATE, nasty))
    assert all(c.isprintable() or c == "\n" for c in text)
    assert "[31mA B" in text
