"""What an outsider does to the ledger's tables is found and named, on SQLite and PostgreSQL alike."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from contract.ledger_forms import TABLES, as_is, form_kinds
from contract.test_order_store import CHANGED, approved, postgres_schema, reserved
from unit.orders.full_disk import largest_file
from unit.orders.order_samples import DEFAULT_LINES, order_book

from assets.kernel.errors import EquipoiseError
from assets.orders.chain import GENESIS
from assets.orders.checkpoints import CheckpointFile
from assets.orders.codec import Codec
from assets.orders.migrations import VERSION_TABLE
from assets.orders.record import record
from assets.orders.sql_chain import verified
from assets.orders.sql_engine import open_engine
from assets.orders.sql_events import link_of
from assets.orders.sql_schema import EVENTS, HEAD, METADATA, ORDERS, PROJECTIONS, RESERVATIONS
from assets.orders.sql_store import SqlOrderStore
from assets.orders.store import Append

Places = set[int | str]


@dataclass
class Ledger:
    """A ledger with a few plans in it, and its checkpoints."""

    store: SqlOrderStore
    checkpoints: CheckpointFile

    def faults(self) -> tuple[str, ...]:
        return tuple(map(str, self.store.verify().faults))

    def rows(self, table: sa.Table = EVENTS) -> list[dict[str, Any]]:
        with self.store._reading() as connection:
            return [dict(row._mapping) for row in connection.execute(sa.select(table).order_by(*table.primary_key))]

    def tampered(self, change: Callable[[sa.Connection], None]) -> tuple[str, ...]:
        """Return the faults after a change, which is then undone."""
        with self.store._engine.execution_options(writes=True).connect() as connection:
            change(connection)
            faults = verified(connection, self.checkpoints.read(), Codec(), complete=True).faults
            connection.rollback()
        return tuple(map(str, faults))


def url_of(kind: str, folder: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'ledger.db'}"
    else:
        with postgres_schema() as url:
            yield url


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def ledger(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    folder = tmp_path_factory.mktemp("ledger")
    for url in url_of(request.param, folder):
        checkpoints = CheckpointFile(folder / "ledger.checkpoints")
        store = SqlOrderStore(url, checkpoints=checkpoints)
        for lines in (DEFAULT_LINES, CHANGED, DEFAULT_LINES[:1], CHANGED, DEFAULT_LINES, DEFAULT_LINES[2:]):
            record(order_book(lines), store)
        held = approved(store, ("transfer", "I1", "DC1", "S8", 10), ("transfer", "I1", "DC1", "S9", 3))
        assert len(reserved(store, held, 20).reserved) == 2
        yield Ledger(store, checkpoints)
        store.close()


def test_what_was_recorded_is_sound_and_its_checkpoints_are_the_owners_alone(ledger: Ledger) -> None:
    found = ledger.store.verify()
    assert found.faults == ()
    assert found.events == len(ledger.rows()) > 10
    assert found.checkpoints == 9
    assert found.last_hash == ledger.rows()[-1]["chain_hash"]
    assert stat.S_IMODE(ledger.checkpoints.path.stat().st_mode) == 0o600


def updated(table: sa.Table, where: Any, **values: Any) -> Callable[[sa.Connection], None]:
    return lambda connection: connection.execute(sa.update(table).where(where).values(**values))


def rewritten(random: np.random.Generator, value: Any) -> Any:
    """Return another value of the same type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + int(random.integers(50, 100))  # beyond the versions of any stream, which are unique
    if isinstance(value, str):
        place = int(random.integers(max(len(value), 1)))
        return value[:place] + ("x" if value[place : place + 1] != "x" else "y") + value[place + 1 :]
    return value + np.timedelta64(1, "D").astype(object)


def change_of_event(random: np.random.Generator, rows: list[dict[str, Any]]) -> tuple[Any, Places]:
    row = rows[int(random.integers(len(rows)))]
    column = str(random.choice([name for name in row if name != "position"]))
    value = rewritten(random, row[column])
    return updated(EVENTS, EVENTS.c.position == row["position"], **{column: value}), {row["position"]}


def fitting_change_of_event(random: np.random.Generator, rows: list[dict[str, Any]]) -> tuple[Any, Places]:
    """The content of an event, and its digest made to fit; or the digests of all that follow as well."""
    place, whole = int(random.integers(len(rows))), bool(random.integers(2))
    whole = whole or place == len(rows) - 1
    previous = rows[place]["previous_hash"]

    def change(connection: sa.Connection) -> None:
        nonlocal previous
        for number, row in enumerate(rows[place : None if whole else place + 1]):
            payload = json.dumps({"forged": number}) if number == 0 else row["payload"]
            forged = link_of(Row(row | {"payload": payload, "previous_hash": previous}))
            chained = forged.hash_after(previous)
            updated(
                EVENTS, EVENTS.c.position == row["position"],
                payload=payload, previous_hash=previous, chain_hash=chained,
            )(connection)  # fmt: skip
            previous = chained

    # A chain made anew is known to be wrong from the last checkpoint that agrees; checkpoints are of plans.
    return change, {rows[place]["position"]} if not whole else set(range(1, place + 2))


def removal(random: np.random.Generator, rows: list[dict[str, Any]]) -> tuple[Any, Places]:
    place, closed = int(random.integers(len(rows))), bool(random.integers(2))

    def change(connection: sa.Connection) -> None:
        connection.execute(sa.delete(EVENTS).where(EVENTS.c.position == place + 1))
        if closed:
            moved(connection, place + 2, len(rows), -1)

    # Without a gap it is the event before, or the first, that the next one does not follow.
    return change, {place + 1, max(place, 1)}


def insertion(random: np.random.Generator, rows: list[dict[str, Any]]) -> tuple[Any, Places]:
    place, fits = int(random.integers(len(rows) + 1)), bool(random.integers(2))
    previous = rows[place - 1]["chain_hash"] if place else GENESIS
    copied = rows[int(random.integers(len(rows)))]
    forged = copied | {"stream": "forged", "position": place + 1, "previous_hash": previous}
    forged["chain_hash"] = link_of(Row(forged)).hash_after(previous) if fits else "0" * 64

    def change(connection: sa.Connection) -> None:
        moved(connection, place + 1, len(rows), 1)
        connection.execute(sa.insert(EVENTS).values(**forged))
        connection.execute(sa.update(HEAD).values(position=len(rows) + 1))

    return change, {place + 1}


def swap(random: np.random.Generator, rows: list[dict[str, Any]]) -> tuple[Any, Places]:
    one, other = (int(place) + 1 for place in random.choice(len(rows), 2, replace=False))

    def change(connection: sa.Connection) -> None:
        for before, after in ((one, -1), (other, one), (-1, other)):
            updated(EVENTS, EVENTS.c.position == before, position=after)(connection)

    return change, {one, other}


def cut(random: np.random.Generator, rows: list[dict[str, Any]]) -> tuple[Any, Places]:
    kept = int(random.integers(len(rows)))

    def change(connection: sa.Connection) -> None:
        connection.execute(sa.delete(EVENTS).where(EVENTS.c.position > kept))
        connection.execute(sa.update(HEAD).values(position=kept))

    return change, {kept + 1}


def change_of_head(random: np.random.Generator, rows: list[dict[str, Any]]) -> tuple[Any, Places]:
    position = int(random.choice([*range(len(rows)), *range(len(rows) + 1, 2 * len(rows))]))
    return lambda connection: connection.execute(sa.update(HEAD).values(position=position)), {len(rows), len(rows) + 1}


KINDS = {
    "change of an event": change_of_event,
    "change with its digest": fitting_change_of_event,
    "removal": removal,
    "insertion": insertion,
    "swap": swap,
    "cut": cut,
    "head": change_of_head,
}


class Row:
    """A mapping read by attribute, as rows are."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.__dict__.update(values)


def moved(connection: sa.Connection, first: int, last: int, by: int) -> None:
    """Renumber events, those first that make room."""
    for position in range(first, last + 1) if by < 0 else range(last, first - 1, -1):
        updated(EVENTS, EVENTS.c.position == position, position=position + by)(connection)


def kinds_of(ledger: Ledger) -> dict[str, Callable[[np.random.Generator], tuple[Any, list[str]]]]:
    """Return all kinds of change with the beginnings of lines, one of which names what was done."""
    events, dialect = ledger.rows(), ledger.store._engine.dialect.name

    def of_event(kind: Any, random: np.random.Generator) -> tuple[Any, list[str]]:
        change, places = kind(random, events)
        return change, [f"event {place} was " for place in places]

    def of_form(kind: Any, random: np.random.Generator) -> tuple[Any, list[str]]:
        change, beginning = kind(random)
        return change, [beginning]

    forms = form_kinds({table.name: ledger.rows(table) for table in TABLES}, dialect)
    return {name: partial(of_event, kind) for name, kind in KINDS.items()} | {
        name: partial(of_form, kind) for name, kind in forms.items()
    }


@pytest.mark.parametrize("count", [154, pytest.param(1000, marks=pytest.mark.slow)])
def test_every_change_is_found_and_named(ledger: Ledger, count: int) -> None:
    random, kinds = np.random.default_rng(11), kinds_of(ledger)
    assert ledger.faults() == ()
    for number in range(count):
        kind = list(kinds)[number % len(kinds)]
        change, beginnings = kinds[kind](random)
        faults = ledger.tampered(change)
        assert any(fault.startswith(tuple(beginnings)) for fault in faults), (kind, beginnings, faults)
        assert all(fault.isprintable() for fault in faults), faults
    assert ledger.faults() == ()


def test_a_change_of_where_an_order_stands_is_found_named_and_mended(ledger: Ledger) -> None:
    random = np.random.default_rng(11)
    rows = ledger.rows(ORDERS)
    for row in rows:
        for column in [name for name in row if name != "order_id"]:
            value = rewritten(random, row[column])
            faults = ledger.tampered(updated(ORDERS, ORDERS.c.order_id == row["order_id"], **{column: value}))
            assert faults[0].startswith(f"order {row['order_id']} was changed where it stands: {column} = "), faults
    removed = sa.delete(ORDERS).where(ORDERS.c.order_id == rows[0]["order_id"])
    assert ledger.tampered(lambda connection: connection.execute(removed)) == (
        f"order {rows[0]['order_id']} was changed where it stands: it is not there",
    )
    forged = sa.insert(ORDERS).values(**rows[0] | {"order_id": "forged"})
    assert "no event tells of it" in ledger.tampered(lambda connection: connection.execute(forged))[0]
    with ledger.store._writing() as connection:
        connection.execute(sa.update(ORDERS).values(status="issued"))
    assert len(ledger.faults()) == len(rows)
    ledger.store.rebuild()
    assert ledger.faults() == ()


def test_nothing_is_appended_to_a_ledger_whose_end_was_taken_away(ledger: Ledger) -> None:
    last = ledger.rows()[-1]
    with ledger.store._writing() as connection:
        connection.execute(sa.delete(EVENTS).where(EVENTS.c.position == last["position"]))
    with pytest.raises(EquipoiseError, match="the last, is not there"):
        record(order_book(CHANGED), ledger.store)
    with ledger.store._writing() as connection:
        connection.execute(sa.insert(EVENTS).values(**last))
    assert ledger.faults() == ()


def test_an_append_that_dies_before_it_commits_leaves_a_sound_ledger(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_told: object) -> None:
        raise KeyboardInterrupt

    begin = CheckpointFile.begin
    monkeypatch.setattr(CheckpointFile, "begin", lambda file, *told: (begin(file, *told), die()))
    before = len(ledger.rows())
    with pytest.raises(KeyboardInterrupt):
        record(order_book(CHANGED), ledger.store)
    monkeypatch.undo()
    assert len(ledger.rows()) == before
    assert ledger.faults() == ()
    # Dead after the commit: the second line is missing, and the next append goes on.
    monkeypatch.setattr(CheckpointFile, "commit", die)
    with pytest.raises(KeyboardInterrupt):
        record(order_book(CHANGED), ledger.store)
    monkeypatch.undo()
    assert ledger.faults() == ()
    record(order_book(DEFAULT_LINES), ledger.store)
    assert ledger.faults() == ()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_ledger_of_the_first_release_is_chained_when_it_is_opened(kind: str, tmp_path: Path) -> None:
    for url in url_of(kind, tmp_path):
        store = SqlOrderStore(url)
        record(order_book(), store)
        record(order_book(CHANGED), store)
        events, orders = store.events(), store.orders()
        as_the_first_release_left_it(url)
        store.close()
        old = SqlOrderStore(url, checkpoints=CheckpointFile(tmp_path / "checkpoints"))
        assert old.orders() == orders
        assert old.events() == events
        assert old.verify().faults == ()
        record(order_book(), old)
        assert old.verify().faults == ()
        old.close()


def as_the_first_release_left_it(url: str) -> None:
    engine = open_engine(url)
    with engine.execution_options(writes=True).begin() as connection:
        for column in ("previous_hash", "chain_hash"):
            connection.execute(sa.text(f"alter table {EVENTS.name} drop column {column}"))
        connection.execute(sa.text(f"alter table {EVENTS.name} rename column stream to order_id"))
        connection.execute(sa.text(f"drop table {VERSION_TABLE}"))
        connection.execute(sa.text(f"drop table {RESERVATIONS.name}"))
        for column in ("kind", "origin_id", "destination_id", "quantity_units", "value_amount", "gain_amount", "state"):
            connection.execute(sa.text(f"alter table {ORDERS.name} drop column {column}"))
        for column in ("going_on", "in_outbox"):
            connection.execute(sa.text(f"drop index ledger_orders_{column}"))
            connection.execute(sa.text(f"alter table {ORDERS.name} drop column {column}"))
        connection.execute(sa.update(HEAD).values(schema_release=1))
    engine.dispose()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_orders_that_an_older_release_stored_in_another_shape_are_made_again_from_the_events(
    kind: str, tmp_path: Path
) -> None:
    for url in url_of(kind, tmp_path):
        store = SqlOrderStore(url)
        record(order_book(), store)
        orders = store.orders()
        as_the_third_release_left_it(url)
        store.close()
        old = SqlOrderStore(url)
        assert old.orders() == orders
        assert old.verify().faults == ()
        old.close()


def as_the_third_release_left_it(url: str) -> None:
    engine = open_engine(url)
    state = '{"revision":1,"status":"proposed","overridden_by":"ann","agreed_units":19}'
    with engine.execution_options(writes=True).begin() as connection:
        connection.execute(sa.update(ORDERS).values(state=state))
        connection.execute(sa.text(f"update {VERSION_TABLE} set version_num = '0003'"))
        connection.execute(sa.update(HEAD).values(schema_release=3))
    engine.dispose()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_migrations_lead_to_the_tables_that_statements_are_written_for(kind: str, tmp_path: Path) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    for url in url_of(kind, tmp_path):
        store = SqlOrderStore(url)
        store.append(())
        with store._reading() as connection:
            context = MigrationContext.configure(
                connection, opts={"version_table": VERSION_TABLE, "compare_type": True}
            )
            assert compare_metadata(context, METADATA) == []
        store.close()


def test_a_checkpoint_that_is_none_is_told_and_a_torn_one_is_left_out(tmp_path: Path) -> None:
    file = CheckpointFile(tmp_path / "checkpoints")
    file.begin(3, "a" * 64)
    file.path.write_text(file.path.read_text() + "4 aa")
    assert [point.position for point in file.read()] == [3]
    file.path.write_bytes(b"wh\xff\n")
    with pytest.raises(EquipoiseError, match="line 1 is no checkpoint"):
        file.read()


def test_a_line_that_a_crash_tore_is_not_glued_to_the_next(tmp_path: Path) -> None:
    file = CheckpointFile(tmp_path / "checkpoints")
    file.begin(3, "a" * 64)
    file.path.write_text(file.path.read_text() + "4 aa")
    file.begin(5, "b" * 64)
    assert [point.position for point in file.read()] == [3, 5]


def test_a_full_disk_takes_no_part_of_a_checkpoint_and_says_what_stands(tmp_path: Path) -> None:
    file = CheckpointFile(tmp_path / "checkpoints")
    file.begin(3, "a" * 64)
    room = file.path.stat().st_size + 10
    with largest_file(room), pytest.raises(EquipoiseError, match="nothing was recorded") as raised:
        file.begin(4, "b" * 64)
    assert "Make room" in str(raised.value)
    with largest_file(room), pytest.raises(EquipoiseError, match="what was recorded up to 4 stands"):
        file.commit(4, "b" * 64)
    file.begin(4, "c" * 64)
    assert [(point.position, point.chain_hash[0]) for point in file.read()] == [(3, "a"), (4, "c")]


@pytest.mark.parametrize("room", [0, 50_000])
def test_a_ledger_on_a_full_disk_records_all_of_a_plan_or_nothing_and_goes_on_when_there_is_room(
    tmp_path: Path, room: int
) -> None:
    path = tmp_path / "ledger.db"
    store = SqlOrderStore(f"sqlite:///{path}", checkpoints=CheckpointFile(tmp_path / "checkpoints"))
    record(order_book(), store)
    before = store.events()
    books = [order_book([("transfer", "I1", "DC1", f"S{n}", units) for n in range(40)]) for units in range(20, 60)]
    with largest_file(path.stat().st_size + room), pytest.raises(EquipoiseError, match="Make room on"):
        _ = [record(book, store) for book in books]
    after = store.events()
    assert after[: len(before)] == before
    assert store.verify().faults == ()
    record(order_book(CHANGED), store)
    assert store.verify().faults == ()
    store.close()


def test_a_ledger_that_cannot_be_opened_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").mkdir()
    with pytest.raises(EquipoiseError, match=r"cannot be opened for writing.*writable for whoever runs this"):
        SqlOrderStore(f"sqlite:///{tmp_path / 'ledger.db'}").orders()


def test_a_ledger_without_checkpoints_still_finds_what_its_chain_tells(tmp_path: Path) -> None:
    store = SqlOrderStore(f"sqlite:///{tmp_path / 'ledger.db'}")
    record(order_book(), store)
    store.append([Append("none", 0, ())])
    assert store.verify().faults == ()
    with store._writing() as connection:
        connection.execute(sa.update(EVENTS).where(EVENTS.c.position == 2).values(payload="{}"))
    assert [str(fault).split(":")[0] for fault in store.verify().faults] == ["event 2 was changed"]
    store.close()


@pytest.fixture
def planned(tmp_path: Path) -> Iterator[SqlOrderStore]:
    """Return a ledger on SQLite that this process has not opened yet, with a plan and held stock in it."""
    url, checkpoints = f"sqlite:///{tmp_path / 'ledger.db'}", CheckpointFile(tmp_path / "checkpoints")
    first, later = (SqlOrderStore(url, checkpoints=checkpoints) for _ in range(2))
    record(order_book(), first)
    reserved(first, approved(first, ("transfer", "I1", "DC1", "S9", 3)), 20)
    yield later
    first.close()
    later.close()


def change(store: SqlOrderStore, *statements: sa.Executable) -> tuple[str, ...]:
    """Change what lies there, and return what verifying names."""
    with store._engine.execution_options(writes=True).begin() as connection:
        for statement in statements:
            connection.execute(statement)
    return tuple(map(str, store.verify().faults))


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [("going_on", 2, "1"), ("in_outbox", 2, "0"), ("plan_date", "2026-W02-1", "2026-01-05")],
)
def test_an_order_that_every_query_misses_is_named(planned: SqlOrderStore, column: str, value: Any, told: str) -> None:
    faults = change(planned, sa.update(ORDERS).values({column: as_is(value)}))
    assert len(faults) == 4
    assert all(f" was changed where it stands: {column} = {value}, by its events {told}" in fault for fault in faults)
    planned.rebuild()
    assert planned.verify().faults == ()


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        (
            sa.update(EVENTS).values(payload=as_is(b"{}")),
            "event 2 was changed: payload = bytes x'7b7d', which is no text",
        ),
        (
            sa.update(EVENTS).values(recorded_at=as_is("yesterday")),
            "event 2 was changed: recorded_at = yesterday, which is no time as it is written",
        ),
        (
            sa.update(EVENTS).values(payload=sa.cast(as_is(b"\xff"), sa.Text)),
            "event 2 was changed: payload = text that is no UTF-8 x'ff', which is no text",
        ),
    ],
)
def test_an_event_that_cannot_be_read_is_named_and_the_rest_is_looked_at(
    planned: SqlOrderStore, statement: sa.Update, named: str
) -> None:
    hidden = sa.update(ORDERS).values(going_on=as_is(2))
    faults = change(planned, statement.where(EVENTS.c.position == 2), hidden)
    assert faults[0] == named
    assert [fault.split(": ")[1] for fault in faults[1:]] == ["going_on = 2, which is no flag of 0 or 1"] * 4


def test_an_event_without_a_number_for_its_place_is_named(planned: SqlOrderStore) -> None:
    faults = change(planned, sa.update(EVENTS).where(EVENTS.c.position == 2).values(position=as_is("z\nz")))
    assert "event 2 was removed: the next event that is there is 3" in faults
    (misplaced,) = [fault for fault in faults if fault.startswith(EVENTS.name)]
    assert misplaced.startswith("ledger_events, position 'z\\nz', stream ")


def test_a_ledger_without_its_head_is_verified_by_who_opens_it_first(planned: SqlOrderStore) -> None:
    assert change(planned, sa.delete(HEAD)) == ("ledger_head, only 1: it is not there; the last event is 7",)


def test_views_that_no_opening_can_make_again_are_named_by_who_opens_the_ledger_first(planned: SqlOrderStore) -> None:
    faults = change(
        planned,
        sa.update(PROJECTIONS).values(position=as_is("zz")),
        sa.update(RESERVATIONS).values(units=as_is("zz")),
        sa.update(HEAD).values(schema_release=as_is("zz")),
    )
    assert [fault.split(" = ")[0].split(", ", 1)[-1] for fault in faults] == [
        "only 1: schema_release",
        "site_id DC1, item_id I1: units",
        "name orders: position",
    ]


def test_views_that_a_migration_left_empty_are_no_fault(planned: SqlOrderStore) -> None:
    emptied = sa.update(PROJECTIONS).values(position=0)
    assert change(planned, sa.delete(ORDERS), sa.delete(RESERVATIONS), emptied) == ()
    # Who has opened it before has not left them to be made again.
    assert change(planned, emptied) == ("ledger_projections, name orders: position = 0, by its events 7",)


def test_an_event_of_no_known_kind_is_named_where_its_digest_fits(tmp_path: Path) -> None:
    store = SqlOrderStore(f"sqlite:///{tmp_path / 'ledger.db'}")
    record(order_book(), store)
    with store._reading() as connection:
        last = dict(connection.execute(sa.select(EVENTS).order_by(EVENTS.c.position.desc())).first()._mapping)
    last["payload"] = "{}"
    forged = link_of(Row(last)).hash_after(last["previous_hash"])
    where = EVENTS.c.position == last["position"]
    faults = change(store, sa.update(EVENTS).where(where).values(payload="{}", chain_hash=forged))
    begins = f"event {last['position']} was recorded as nothing that this release reads: event OrderProposed cannot be"
    assert [fault.startswith(begins) for fault in faults] == [True]
    store.close()
