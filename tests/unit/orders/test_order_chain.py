"""The hash chain: nothing wrong with one that grew by appends, and every kind of change found and named."""

from dataclasses import replace

import numpy as np
import pytest

from assets.orders.chain import GENESIS, Checkpoint, FaultKind, Link, chain_faults

COUNT = 12
COLUMNS = {
    "stream": "other",
    "version": 99,
    "event_type": "OrderRevised",
    "schema_version": 7,
    "recorded_at": "2031-01-01T00:00:00",
    "payload": "{}",
    "previous_hash": "f" * 64,
    "chain_hash": "e" * 64,
}


def chain(count: int = COUNT) -> list[Link]:
    found, previous = [], GENESIS
    for position in range(1, count + 1):
        link = Link(
            position, f"o{position % 3}", position, "OrderProposed", 1, "2026-01-01T00:00:00", f'{{"n":{position}}}'
        )
        found.append(linked(link, previous))
        previous = found[-1].chain_hash
    return found


def linked(link: Link, previous: str) -> Link:
    return replace(link, previous_hash=previous, chain_hash=link.hash_after(previous))


def renumbered(links: list[Link]) -> list[Link]:
    return [replace(link, position=number) for number, link in enumerate(links, 1)]


def points(links: list[Link], every: int = 3) -> list[Checkpoint]:
    return [
        Checkpoint(link.position, link.chain_hash, committed)
        for link in links
        if link.position % every == 0 or link.position == len(links)
        for committed in (False, True)
    ]


def told(links: list[Link], checkpoints=(), **options) -> set[tuple[FaultKind, int]]:
    return {(fault.kind, fault.position) for fault in chain_faults(links, checkpoints, **options)}


@pytest.mark.parametrize("count", [0, 1, COUNT])
def test_a_chain_that_grew_by_appends_has_no_fault(count):
    links = chain(count)
    assert chain_faults(links, points(links), complete=True) == ()


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("place", [0, 5, COUNT - 1])
def test_a_changed_column_names_its_event(column, place):
    links = chain()
    links[place] = replace(links[place], **{column: COLUMNS[column]})
    assert (FaultKind.CHANGED, place + 1) in told(links)
    assert {position for _, position in told(links)} == {place + 1}


@pytest.mark.parametrize("place", [0, 5])
def test_an_event_whose_digest_was_made_to_fit_is_missed_by_the_next(place):
    links = chain()
    links[place] = linked(replace(links[place], payload="{}"), links[place].previous_hash)
    assert told(links) == {(FaultKind.REPLACED, place + 1)}


@pytest.mark.parametrize("place", [0, 5, COUNT - 2])
def test_a_removed_event_is_named_by_its_gap_and_without_one_by_the_next(place):
    links = chain()
    del links[place]
    assert (FaultKind.REMOVED, place + 1) in told(links)
    closed = told(renumbered(links))
    assert closed == {(FaultKind.REPLACED, place)} if place else {(FaultKind.REMOVED, 1)}


@pytest.mark.parametrize("place", [0, 5, COUNT - 1])
def test_an_inserted_event_is_named(place):
    links = chain()
    forged = linked(replace(links[0], payload='{"forged":true}'), links[place].previous_hash)
    found = told(renumbered([*links[:place], forged, *links[place:]]))
    assert found == {(FaultKind.INSERTED, place + 1)}


def test_an_event_put_at_the_end_is_named_where_every_append_leaves_a_checkpoint():
    links = chain()
    before = points(links)
    links.append(linked(replace(links[0], position=COUNT + 1), links[-1].chain_hash))
    assert told(links, before) == set()
    assert told(links, before, complete=True) == {(FaultKind.INSERTED, COUNT + 1)}


@pytest.mark.parametrize(("one", "other"), [(0, 1), (3, 4), (2, 9), (0, COUNT - 1)])
def test_swapped_events_are_named(one, other):
    links = chain()
    links[one], links[other] = links[other], links[one]
    found = told(renumbered(links))
    assert {(FaultKind.REORDERED, one + 1), (FaultKind.REORDERED, other + 1)} <= found


def test_a_tail_that_was_cut_off_is_seen_by_its_checkpoint_alone():
    links = chain()
    assert told(links[:-4]) == set()
    assert told(links[:-4], points(links)) == {(FaultKind.CUT_OFF, COUNT - 3)}


def test_an_append_that_a_crash_undid_is_no_fault():
    links = chain()
    begun = Checkpoint(COUNT + 2, "a" * 64, committed=False)
    assert chain_faults(links, [*points(links), begun], complete=True) == ()


def test_what_was_appended_after_a_crash_at_the_same_position_is_no_fault():
    links = chain()
    undone = Checkpoint(9, "a" * 64, committed=False)
    assert chain_faults(links, [undone, *points(links)], complete=True) == ()


def test_a_chain_made_anew_disagrees_with_its_checkpoints():
    links = chain()
    checkpoints, previous = points(links), links[3].chain_hash
    links[4] = replace(links[4], payload="{}")
    for place in range(4, COUNT):
        links[place] = linked(links[place], previous)
        previous = links[place].chain_hash
    assert told(links) == set()
    # Of every third event there is a checkpoint: the last one that is right is that of event 3.
    assert told(links, checkpoints) == {(FaultKind.REWRITTEN, 4)}


def test_no_change_of_one_or_two_events_goes_unseen():
    random = np.random.default_rng(7)
    for _ in range(300):
        links = chain()
        place, kind = int(random.integers(COUNT)), random.integers(4)
        if kind == 0:
            column = str(random.choice(list(COLUMNS)))
            links[place] = replace(links[place], **{column: COLUMNS[column]})
        elif kind == 1:
            del links[place]
        elif kind == 2:
            other = (place + int(random.integers(1, COUNT))) % COUNT
            links[place], links[other] = (
                replace(links[other], position=place + 1),
                replace(links[place], position=other + 1),
            )
        else:
            links.insert(place, replace(links[int(random.integers(COUNT))], payload="{}"))
            links = renumbered(links)
        assert chain_faults(links, points(chain()), complete=True)
