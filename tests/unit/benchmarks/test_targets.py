"""The benchmark of stock targets on networks small enough to solve at once."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from assets.inventory.guaranteed_service.placement import place_safety_stock
from orchestration.cli.bench import load

rows, networks = load("targets_rows"), load("targets_networks")
targets, guaranteed = load("targets"), load("targets_guaranteed")


def test_a_drawn_tree_has_every_stage_on_one_arc_and_is_the_same_again():
    tree = networks.drawn_tree(40, slowest=3)
    assert (len(tree.stages), len(tree.arcs)) == (40, 39)
    assert tree.consistency() == []
    assert tree == networks.drawn_tree(40, slowest=3)
    assert place_safety_stock(tree).core_size == 0


def test_a_drawn_general_network_has_a_core():
    network = networks.drawn_acyclic(8, 4, slowest=2)
    assert (len(network.stages), len(network.arcs)) == (8, 11)
    assert network.consistency() == []
    assert place_safety_stock(network).core_size > 0


def test_a_line_says_how_far_it_is_from_its_reference():
    assert rows.Row("", 99.0, 100.0).difference == pytest.approx(-0.01)
    assert rows.Row("", 99.0).difference is None


def test_an_absent_file_is_said_and_no_number_is_given(tmp_path: Path):
    case = {"name": "one", "file": "none.txt", "cost": 1.0}
    (row,) = guaranteed.published_rows(case, tmp_path)
    assert row.note == "none.txt is absent"
    assert targets.told(row)["reached"] is None


def test_growth_ends_with_its_exponent_and_the_seconds_of_the_largest():
    *trees, exponent, seconds = guaranteed.growth(Path(), sizes=(20, 200))
    assert [row.case for row in trees] == ["tree of 20 stages", "tree of 200 stages"]
    assert exponent.reference == guaranteed.EXPONENT
    assert seconds.reached == trees[-1].seconds


def test_every_line_is_printed_with_what_it_lacks_left_empty():
    parts = {"general": guaranteed.acyclic(Path(), shapes=((6, 2),)), "bare": [rows.Row("bare", 1.5)]}
    found = {"parts": {title: [targets.told(row) for row in lines] for title, lines in parts.items()}}
    printed = io.StringIO()
    targets.show(Console(file=printed, width=120), found)
    text = printed.getvalue()
    assert "6 stages, 7 arcs" in text
    assert "+0.0000 %" in text
    assert "bare" in text


def test_a_missing_peer_is_said(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(guaranteed, "is_installed", lambda: False)
    (row,) = guaranteed.peer(Path(), size=13)
    assert row.reference is None
    assert row.note == "stockpyl not installed"
