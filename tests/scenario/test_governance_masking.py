"""On a planned network whose every ordered item is sensitive, no reading command names one to a viewer."""

import datetime as dt
from pathlib import Path

import pytest
from bad_networks import typed
from networks import copied
from unit.cli.people import token_for

from assets.kernel.frames.decisions import ORDER_LINES
from assets.kernel.frames.marts import DIM_ITEM
from assets.kernel.published import Published
from assets.policy.access import Role
from orchestration.settings import Settings


def make_sensitive(settings: Settings) -> tuple[str, str, str]:
    """Make the items of the last order sensitive; return the order, and an item and site of it."""
    published = Published(settings.network_home().published)
    day: dt.date = published.plan_dates(DIM_ITEM.name)[-1]
    lines = published.read(ORDER_LINES, day)
    order_id = str(lines["order_id"].iloc[-1])
    item = str(lines["item_id"].iloc[-1])
    items = published.read(DIM_ITEM, day)
    run_id = published.run_ids(DIM_ITEM.name, day)[0]
    published.write(DIM_ITEM, items.assign(is_sensitive=items["item_id"] == item), day, run_id)
    return order_id, item, "store-02"


def test_a_viewer_finds_a_sensitive_item_in_no_output(
    planned_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = copied(planned_settings, tmp_path)
    order_id, item, site = make_sensitive(settings)
    home = settings.network_home()
    monkeypatch.setenv("EQUIPOISE_TOKEN", token_for(home, "vera", Role.VIEWER))
    subject = ("--item", item, "--site", site)
    passing = (
        ("orders",), ("orders", order_id), ("explain", order_id, "--no-verify"), ("lineage", order_id), ("targets",),
        ("impact", f"site={site}"), ("verdicts",), ("alerts",), ("inbox",), ("pause",), ("models", "show"),
        ("report", "--out", str(tmp_path / "day.html")),
    )  # fmt: skip
    refused = (("forecast", *subject), ("explain", *subject), ("lineage", *subject), ("impact", f"item={item}"))
    for arguments in (*passing, *refused):
        for form in ((), ("--json",)):
            said = typed(settings, *arguments, *form)
            assert item not in said.out + said.err, f"{arguments} {form}: {said}"
            assert said.code == (1 if arguments in refused else 0), f"{arguments} {form}: {said}"
            if arguments in refused:
                assert "may not read sensitive items" in said.err
    assert item not in (tmp_path / "day.html").read_text()
