"""Commands that read: orders, explain, lineage, verdicts, alerts."""

import datetime as dt

import pytest
from unit.cli.tiny_network import BATCH, DAY, PLAN_DATE, PURCHASE, TRANSFER, Equipoise, rows, verdict

from assets.kernel.frames.decisions import PLAN_LINES
from assets.kernel.frames.feeds import FEED_STATE
from assets.kernel.frames.quality import VERDICTS
from assets.kernel.home import NetworkHome
from assets.kernel.published import Published
from assets.orders.events import OrderWithdrawn
from assets.orders.sql_store import SqlOrderStore
from assets.orders.store import Append
from orchestration.cli.judgements import by_site

pytestmark = pytest.mark.usefixtures("planned")


def test_orders_as_json_are_an_array_of_documents_with_their_lines(equipoise: Equipoise) -> None:
    said = equipoise("orders", "--json")
    assert said.code == 0
    assert [d["order_id"] for d in said.data] == [PURCHASE.order_id, TRANSFER.order_id]
    transfer = said.data[1]
    required = {
        "order_id", "kind", "plan_date", "channel", "origin", "destination", "status", "value", "lines",
        "policy_release", "model_version", "feature_version", "batch_ids", "plan_digest", "run_id",
    }  # fmt: skip
    assert required <= set(transfer)
    assert transfer["batch_ids"] == [BATCH]
    assert transfer["status"] == "proposed"
    assert {"item": "I1", "quantity": 12, "value": 120.0}.items() <= transfer["lines"][0].items()
    assert transfer["lines"][0]["reason"]


def test_orders_are_chosen_by_kind_status_and_channel(equipoise: Equipoise) -> None:
    assert [d["kind"] for d in equipoise("orders", "--json", "--kind", "transfer").data] == ["transfer"]
    assert equipoise("orders", "--json", "--channel", "backfill").data == []
    assert len(equipoise("orders", "--json", "--status", "proposed").data) == 2


def test_a_withdrawn_order_is_shown_only_when_asked_for(equipoise: Equipoise, planned: NetworkHome) -> None:
    store = SqlOrderStore(f"sqlite:///{planned.ledger}", planned.profile.clock)
    store.append([Append(TRANSFER.order_id, 1, (OrderWithdrawn(TRANSFER.order_id, "not needed", "run-2"),))])
    store.close()
    assert [d["kind"] for d in equipoise("orders", "--json").data] == ["purchase"]
    assert [d["kind"] for d in equipoise("orders", "--json", "--status", "cancelled").data] == ["transfer"]


def stop(network: NetworkHome, run_id: str, plan_date: dt.date = PLAN_DATE) -> None:
    """Publish what a plan leaves behind that the gate of the feeds stopped."""
    found = verdict("erp_items", "unreadable", "stop", "", "", "no readable batch") | {"remedy": "Send it again."}
    Published(network.published).write(VERDICTS, rows(VERDICTS, found), plan_date, run_id)


def decide_with_hindsight(network: NetworkHome, run_id: str) -> None:
    """Publish what a plan with `--as-known now` says of itself."""
    state = rows(FEED_STATE, {"feed": "wms_inventory", "as_known": "now"})
    Published(network.published).write(FEED_STATE, state, PLAN_DATE, run_id)


STOPPED = (
    "The last plan of 2026-03-02 was stopped (rule unreadable on erp_items: no readable batch; "
    "remedy: Send it again); its documents are of run run-1 before it."
)


def test_orders_of_a_date_whose_last_plan_was_stopped_say_so(equipoise: Equipoise, planned: NetworkHome) -> None:
    stop(planned, "run-2")
    assert STOPPED in " ".join(equipoise("orders").out.split())
    said = equipoise("orders", "--json")
    assert [d["status"] for d in said.data] == ["proposed", "proposed"]
    assert said.err == STOPPED + "\n"
    for name in ("explain", "lineage"):
        assert equipoise(name, "aaaa", "--json").err == STOPPED + "\n"


def test_a_replay_of_a_date_whose_last_plan_was_stopped_is_one_line_with_a_remedy(
    equipoise: Equipoise, planned: NetworkHome
) -> None:
    stop(planned, "run-2")
    said = equipoise("replay")
    assert (said.code, said.out) == (1, "")
    remedy = "Mend it, run `equipoise plan --date 2026-03-02`, then replay"
    assert said.err.splitlines()[-1].endswith(f"replay of 2026-03-02: {STOPPED} {remedy}")


def test_a_stop_that_a_later_plan_overcame_is_not_told(equipoise: Equipoise, planned: NetworkHome) -> None:
    stop(planned, "run-0")
    Published(planned.published).write(VERDICTS, VERDICTS.empty(), PLAN_DATE, "run-1")
    assert equipoise("orders", "--json").err == ""


def test_the_latest_orders_say_that_a_newer_date_was_stopped(equipoise: Equipoise, planned: NetworkHome) -> None:
    stop(planned, "run-2", PLAN_DATE + DAY)
    newer = "The last plan of 2026-03-03 was stopped (rule unreadable on erp_items: no readable batch; "
    newer += "remedy: Send it again); it has no documents."
    assert equipoise("orders", "--json").err == newer + "\n"
    assert equipoise("orders", "--date", "2026-03-02", "--json").err == ""
    said = equipoise("orders", "--date", "2026-03-03")
    assert (said.code, said.out) == (1, "")
    assert "rule unreadable on erp_items" in said.err


def test_orders_decided_with_hindsight_say_so(equipoise: Equipoise, planned: NetworkHome) -> None:
    decide_with_hindsight(planned, "run-1")
    words = "Documents of run run-1 were decided with hindsight (--as-known now); they are never sent."
    assert words in equipoise("orders").out
    said = equipoise("orders", "--json")
    assert said.err == words + "\n"
    assert len(said.data) == 2


def test_orders_under_a_later_plan_with_hindsight_say_whose_tables_are_shown(
    equipoise: Equipoise, planned: NetworkHome
) -> None:
    decide_with_hindsight(planned, "run-2")
    words = "The last plan of 2026-03-02, run run-2, was made with hindsight (--as-known now)."
    assert equipoise("explain", "aaaa").err == words + "\n"


def test_orders_for_people_total_value_and_gain(equipoise: Equipoise) -> None:
    said = equipoise("orders")
    assert "2 documents worth 240.00 EUR, expected gain before departures 340.50 EUR" in said.out
    assert TRANSFER.order_id in said.out


def test_a_date_that_was_not_planned_says_which_were(equipoise: Equipoise) -> None:
    said = equipoise("orders", "--date", "2026-03-09")
    assert said.code == 1
    assert said.out == ""
    assert "2026-03-09 is not planned. Planned so far: 2026-03-02" in said.err
    assert said.err.count("\n") == 1


def test_lineage_of_an_order_ends_at_content_hashes(equipoise: Equipoise) -> None:
    said = equipoise("lineage", "aaaa", "--json")
    assert said.code == 0
    assert [batch["content_hash"] for batch in said.data["batches"]] == ["c" * 32]
    assert said.data["plan_digest"] == "plan-digest"


def test_lineage_of_an_item_and_site_without_an_order_ends_at_content_hashes(equipoise: Equipoise) -> None:
    said = equipoise("lineage", "--item", "I1", "--site", "S1", "--json")
    assert said.code == 0
    assert [batch["content_hash"] for batch in said.data["batches"]] == ["c" * 32]
    assert "content " + "c" * 32 in equipoise("lineage", "--item", "I1", "--site", "S1").out


@pytest.mark.parametrize("order_id", ["zzzz", "aa"])
def test_an_id_that_names_no_order_is_one_line(equipoise: Equipoise, order_id: str) -> None:
    for name in ("lineage", "explain"):
        said = equipoise(name, order_id)
        assert said.code == 1
        assert said.err.startswith("order id: ")
        assert said.err.count("\n") == 1


def test_explaining_an_order_says_why_what_binds_and_what_flips_it(equipoise: Equipoise) -> None:
    said = equipoise("explain", "aaaa", "--json")
    [found] = said.data["explanations"]
    assert found["answer"] == "S1 runs out before the next delivery."
    assert found["binding_constraints"] == ["pack"]
    assert {view["site_id"]: view["marginal_value"] for view in found["sites"]} == {"S1": 9.5, "W1": 0.25}
    text = equipoise("explain", "aaaa").out
    assert "Why transfer 12 of I1 from W1 to S1?" in text
    assert "Next best: Wait: costs 40.50 more." in text
    assert "By unit prices it would change when" in text


def test_what_cannot_be_solved_again_is_explained_as_published_and_says_why(equipoise: Equipoise) -> None:
    [found] = equipoise("explain", "aaaa", "--json").data["explanations"]
    assert not found["verified"]["confirmed"]
    assert "there is no policy release standard@1 any more" in found["verified"]["terms"]
    assert "Not verified: " in equipoise("explain", "aaaa").out
    [unasked] = equipoise("explain", "aaaa", "--json", "--no-verify").data["explanations"]
    assert unasked["verified"] is None
    assert (unasked["answer"], unasked["next_best"]) == (found["answer"], found["next_best"])


def test_an_order_whose_lines_a_later_plan_replaced_keeps_its_reasons(
    equipoise: Equipoise, planned: NetworkHome
) -> None:
    Published(planned.published).write(PLAN_LINES, PLAN_LINES.empty(), PLAN_DATE, "run-2")
    said = equipoise("explain", "aaaa")
    assert said.code == 0
    assert "I1: S1 runs out before the next delivery." in said.out


def test_explaining_an_item_and_site_without_an_order_says_why_nothing_moves(equipoise: Equipoise) -> None:
    said = equipoise("explain", "--item", "I1", "--site", "S3", "--json")
    assert said.data["decision"] == "wait"
    assert said.data["lines"] == []
    assert said.data["explanations"][0]["flips_when"] == "Demand falls by 20 %."
    assert [verdict["rule"] for verdict in said.data["verdicts"]] == ["stale_feed"]
    assert "Stock covers the protection interval." in equipoise("explain", "--item", "I1", "--site", "S3").out


@pytest.mark.parametrize("arguments", [[], ["--item", "I1"], ["aaaa", "--item", "I1", "--site", "S1"]])
def test_asking_about_nothing_or_two_things_is_a_usage_error(equipoise: Equipoise, arguments: list[str]) -> None:
    for name in ("explain", "lineage"):
        said = equipoise(name, *arguments)
        assert said.code == 2
        assert said.err.count("\n") == 1


def test_an_item_the_plan_does_not_know_is_one_line(equipoise: Equipoise) -> None:
    said = equipoise("explain", "--item", "nothing", "--site", "S1")
    assert said.code == 1
    assert said.err.startswith("item nothing, site S1: ")


def test_verdicts_come_strictest_first_and_count_what_passed(equipoise: Equipoise) -> None:
    found = equipoise("verdicts", "--json").data
    assert [verdict["action"] for verdict in found] == ["hold", "warn", "pass"]
    said = equipoise("verdicts")
    assert "on hand is -4" in said.out
    assert "2 verdicts; 1 feed passed." in said.out


def test_verdicts_on_the_items_of_one_site_share_a_row() -> None:
    facts = {"action": "hold", "feed": "f", "rule": "r", "offender_count": 1}
    found = [
        {**facts, "site_id": "S1", "item_id": item, "anomaly_score": score, "message": item}
        for item, score in (("A", 0.2), ("B", 0.9))
    ]
    found.append({**facts, "site_id": "S2", "item_id": "", "anomaly_score": 0.1, "message": "late"})
    assert by_site(found) == [["hold", "f", "S1", "r", 2, 2, "B"], ["hold", "f", "S2", "r", None, 1, "late"]]


def test_verdicts_are_chosen_by_action_and_site(equipoise: Equipoise) -> None:
    assert [v["rule"] for v in equipoise("verdicts", "--json", "--action", "hold").data] == ["negative_stock"]
    assert [v["rule"] for v in equipoise("verdicts", "--json", "--site", "S3").data] == ["stale_feed"]


def test_alerts_come_most_severe_first(equipoise: Equipoise) -> None:
    assert [a["severity"] for a in equipoise("alerts", "--json").data] == ["critical", "warning"]
    assert "negative_stock" in equipoise("alerts").out
