"""Processes that send to a real Tryton are killed at every step and at any time: each order is there once."""

import collections
import functools
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from integration.crashing import book_of, dies_at, in_a_process, work
from integration.test_crashes import STEPS, STRIDE, ledger, report, require_known
from tryton_erp import Erp, prepared_erp, running_erp

from assets.orders.gateways.port import Answer

pytestmark = pytest.mark.slow
KILLS = 60


@pytest.fixture(scope="module")
def erp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Erp]:
    with running_erp(prepared_erp(tmp_path_factory.mktemp("tryton") / "erp", may_install=True)) as erp:
        yield erp


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_of_processes_killed_while_they_send_to_an_erp_its_own_client_shows_each_order_once(
    database: str, erp: Erp, tmp_path: Path
) -> None:
    random, checkpoints = np.random.default_rng(KILLS), tmp_path / "checkpoints"
    # The two databases share the server, so each has days of its own.
    days = range(KILLS) if database == "sqlite" else range(KILLS, 2 * KILLS)
    with ledger(database, tmp_path) as url:
        # A gateway is made in the process that uses it: no connection is shared with one that died.
        day = lambda books, step: work(url, checkpoints, erp.gateway(), books, step)  # noqa: E731
        deaths, ends = tmp_path / "deaths", collections.Counter[int]()
        for number, book in enumerate(days):
            step = dies_at(number // 2 * STRIDE % STEPS, deaths) if number % 2 == 0 else dies_at(10**9)
            after = None if number % 2 == 0 else float(random.uniform(0.0, 1.0))
            ends[in_a_process(functools.partial(day, [book], step), after)] += 1
        assert ends.keys() <= {0, -signal.SIGKILL}
        for _ in range(3):
            assert in_a_process(functools.partial(day, days, dies_at(10**9))) == 0
        wanted = {document.order_id for number in days for document in book_of(number).content}
        operator = erp.operator()
        there = {reference: count for reference, count in operator.orders().items() if reference in wanted}
        assert there == dict.fromkeys(wanted, 1)  # 0 lost, 0 twice
        for reference in sorted(wanted):
            operator.accept(reference)
        assert in_a_process(functools.partial(day, [], dies_at(10**9))) == 0
        assert {found.answer for found in map(erp.gateway().find, sorted(wanted)) if found} == {Answer.ACCEPTED}
        require_known(url, checkpoints, len(wanted))
        report(f"tryton, {database}", ends[-signal.SIGKILL], deaths.read_text("utf-8").splitlines())
