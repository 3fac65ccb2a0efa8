"""What an ERP replenishes by itself gets nothing from the plan, or else it would be ordered twice."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from small_networks import PLAN_DATE, poisson_forecast, profile, release, snapshot

from assets.kernel.frames.decisions import LEVELS_THERE
from assets.policy.oversight import Feature
from assets.policy.parameters import ParameterRules
from assets.policy.release import Release
from assets.rebalancing.plan import Plan, solve
from assets.rebalancing.problem import build_problem
from assets.rebalancing.snapshot import Snapshot


def chain(**items: Any) -> Snapshot:
    """A supplier, a warehouse and two stores, all of them short; the stores may send to each other."""
    stores = [
        {"item_id": "i", "site_id": "w", "available_units": 40, "echelon": 1, "base_stock_units": 60},
        {"item_id": "i", "site_id": "a", "available_units": 0, "receipt_kind": "transfer", "source_id": "w"},
        {"item_id": "i", "site_id": "b", "available_units": 40, "receipt_kind": "transfer", "source_id": "w"},
    ]
    lanes = [{"origin_id": o, "destination_id": d} for o, d in (("w", "a"), ("w", "b"), ("b", "a"), ("a", "b"))]
    sourcing = [{"item_id": "i", "site_id": site, "supplier_id": "s", "unit_cost": 8.0} for site in ("w", "a")]
    forecast = [row for site in "ab" for row in poisson_forecast("i", site, 4.0, 6)]
    return snapshot(stores, forecast, lanes=lanes, sourcing=sourcing, items=items or None)


def taken(*sites: str, orders: bool = True, today: bool = False) -> pd.DataFrame:
    """Levels that ERPs took, or a withdrawal of them."""
    columns = dict.fromkeys(LEVELS_THERE.names, pd.NA)
    rows = [
        columns | {"item_id": "i", "site_id": site, "erp_orders": orders, "is_certain": True, "of_this_date": today}
        for site in sites
    ]
    return pd.DataFrame(rows, columns=list(LEVELS_THERE.names))


def _named(rules: tuple[dict[str, str], ...]) -> str:
    return "".join("ab" if rule["site"] == "*" else rule["site"] for rule in rules if rule.get("category") != "other")


def under(network: Snapshot, *rules: dict[str, str], there: pd.DataFrame | None = None, **more: Any) -> Plan:
    """Plan under a release that leaves sites to their ERP, which has taken their levels unless it is said otherwise."""
    network = replace(network, levels_there=taken(*_named(rules)) if there is None else there)
    policy: Release = release().model_copy(
        update={"parameters": ParameterRules.model_validate({"handed_over": rules}), **more}
    )
    return solve(build_problem(network, release=policy, profile=profile(), plan_date=PLAN_DATE))


def into(plan: Plan, site: str) -> pd.DataFrame:
    return plan.lines.loc[plan.lines["destination_id"] == site]


def decision(plan: Plan, site: str) -> pd.Series:
    return plan.decisions.set_index("site_id").loc[site]


def test_nothing_is_sent_or_bought_into_a_site_that_its_erp_replenishes() -> None:
    assert len(into(under(chain()), "a"))
    plan = under(chain(), {"site": "a"})
    assert into(plan, "a").empty
    assert decision(plan, "a")["decision"] == "wait"
    assert "handed_over" in decision(plan, "a")["binding_constraints"].split(",")
    assert "its ERP orders for it by the levels that it is handed" in decision(plan, "a")["reason"]
    assert decision(plan, "a")["flips_when"] == "the policy release hands it over no more"


def test_a_warehouse_that_its_erp_replenishes_still_gives() -> None:
    plan = under(chain(), {"site": "w"})
    assert into(plan, "w").empty
    assert (into(plan, "a")["origin_id"] == "w").any()
    assert "handed_over" in decision(plan, "w")["binding_constraints"].split(",")
    assert "handed_over" not in decision(plan, "a")["binding_constraints"].split(",")


def test_others_do_not_plan_as_if_a_site_that_is_handed_over_would_never_be_replenished() -> None:
    assert under(chain(), {"site": "a"}).faults == under(chain()).faults
    alone, handed = under(chain()), under(chain(), {"site": "a"})
    assert into(handed, "b").equals(into(alone, "b"))


@pytest.mark.parametrize(
    ("rule", "handed"),
    [
        ({"site": "a", "category": "c"}, True), ({"site": "*", "category": "c"}, True), ({"site": "*"}, True),
        ({"site": "a", "category": "other"}, False), ({"site": "b"}, False),
    ],
)  # fmt: skip
def test_a_rule_names_a_site_and_a_category(rule: dict[str, str], handed: bool) -> None:
    names = decision(under(chain(), rule), "a")["binding_constraints"].split(",")
    assert ("handed_over" in names) is handed


def test_with_the_feature_off_nothing_is_handed_over() -> None:
    plan = under(chain(), {"site": "*"}, there=taken(), toggles={Feature.PARAMETERS_DOCUMENT: False})
    assert plan.plan_digest == under(chain()).plan_digest


def test_until_the_erp_has_acknowledged_its_levels_the_plan_orders() -> None:
    plain, waits = under(chain()), under(chain(), {"site": "a"}, there=taken())
    assert into(waits, "a").equals(into(plain, "a"))
    assert len(into(waits, "a"))
    names = decision(waits, "a")["binding_constraints"].split(",")
    assert "levels_wait" in names
    assert "handed_over" not in names


def test_what_was_sent_on_the_date_itself_counts_from_the_next_date() -> None:
    today = under(chain(), {"site": "a"}, there=taken("a", orders=False, today=True))
    assert len(into(today, "a"))


@pytest.mark.parametrize("toggles", [{}, {Feature.PARAMETERS_DOCUMENT: False}])
def test_until_the_erp_has_acknowledged_the_withdrawal_the_plan_orders_nothing(toggles: dict[Feature, bool]) -> None:
    """After a rollback, a withdrawal or a toggle, two would order while the withdrawal waits to be sent."""
    rules = [{"site": "a"}] if toggles else []
    plan = under(chain(), *rules, there=taken("a"), toggles=toggles)
    assert into(plan, "a").empty
    names = decision(plan, "a")["binding_constraints"].split(",")
    assert "withdrawal_waits" in names
    assert not {"handed_over", "levels_wait"} & set(names)
    assert "until it has acknowledged that it is to order no more" in decision(plan, "a")["reason"]
    assert len(into(under(chain(), there=taken("a", orders=False)), "a"))


def test_what_is_left_to_its_erp_and_has_no_source_today_is_a_fault_of_the_plan() -> None:
    network = chain()
    settled = network.targets["site_id"] == "a"
    unsupplied = replace(network, targets=network.targets.assign(
        receipt_kind=network.targets["receipt_kind"].mask(settled, "none")
    ))  # fmt: skip
    (told,) = [fault for fault in under(unsupplied, {"site": "a"}).faults if "their ERP" in fault or "its ERP" in fault]
    assert "a" in told
    assert "the levels that it has stay" in told
