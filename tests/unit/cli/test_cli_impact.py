"""`equipoise impact`: what depends on a part of the network."""

import pytest
from unit.cli.tiny_network import PLAN_DATE, Equipoise, rows

from assets.kernel.frames.decisions import TARGETS
from assets.kernel.frames.marts import DIM_ITEM_SITE, DIM_LANE, DIM_SITE, DIM_SOURCING, FCT_SCHEDULED_RECEIPT
from assets.kernel.home import NetworkHome
from assets.kernel.published import Published


@pytest.fixture
def known(planned: NetworkHome) -> NetworkHome:
    """Return the tiny network with what it is made of: SUP serves W1, and W1 serves S1."""
    made = {
        DIM_ITEM_SITE: [{"item_id": "I1", "site_id": site} for site in ("S1", "W1")],
        DIM_SITE: [{"site_id": "S1"}, {"site_id": "W1", "echelon": 1}],
        DIM_SOURCING: [{"item_id": "I1", "supplier_id": "SUP", "site_id": "W1"}],
        DIM_LANE: [{"origin_id": "W1", "destination_id": "S1", "mode": "truck"}],
        FCT_SCHEDULED_RECEIPT: [],
        TARGETS: [{"item_id": "I1", "site_id": "S1", "shortage_cost_per_unit": 2.0}],
    }
    published = Published(planned.published)
    for frame, given in made.items():
        published.write(frame, rows(frame, *given), PLAN_DATE, "run-1")
    return planned


@pytest.mark.usefixtures("known")
def test_a_supplier_is_followed_to_the_shop_and_the_orders_that_need_it(equipoise: Equipoise) -> None:
    found = equipoise("impact", "supplier=SUP", "--json").data
    assert {row["site_id"] for row in found["item_sites"]} == {"S1", "W1"}
    assert found["cut_off_item_sites"] == 2
    assert [line["kind"] for line in found["lines"]] == ["purchase"]


@pytest.mark.usefixtures("known")
def test_for_people_it_says_what_is_touched_and_what_is_at_risk(equipoise: Equipoise) -> None:
    said = equipoise("impact", "site=W1")
    assert said.code == 0
    assert "2 item-sites" in said.out
    assert "at risk" in said.out


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("what", ["SUP", "supplier=nobody"])
def test_a_question_that_cannot_be_answered_is_one_line(equipoise: Equipoise, what: str) -> None:
    said = equipoise("impact", what)
    assert said.code == 1
    assert said.err.count("\n") == 1
    assert "Traceback" not in said.err
