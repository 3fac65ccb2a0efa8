"""One round of the VN2 challenge on files small enough to write by hand."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from assets.kernel.errors import EquipoiseError
from orchestration.cli.bench import load

decide = load("vn2_decide")
WEEKS = [f"{week:%Y-%m-%d}" for week in pd.date_range("2023-01-02", periods=60, freq="7D")]
# In the order of the state file, which is not the order of the others.
SERIES = [(2, 30), (1, 30), (1, 20)]
RATE = {(1, 20): 0, (1, 30): 6, (2, 30): 12}


def write(path: Path, header: list[str], rows: list[list[object]]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


class Round:
    """The four files of a round, each of which a test may replace."""

    def __init__(self, folder: Path) -> None:
        random = np.random.default_rng(1)
        ordered = sorted(SERIES)
        keys = ["Store", "Product"]
        self.history = write(
            folder / "sales.csv", [*keys, *WEEKS], [[*key, *random.poisson(RATE[key], 60)] for key in ordered]
        )
        # The flags end five weeks before the sales.
        self.in_stock = write(
            folder / "flags.csv", [*keys, *WEEKS[:-5]], [[*key, *["True"] * 54, "False"] for key in ordered]
        )
        names = ["ProductGroup", "Division", "Department", "DepartmentGroup", "StoreFormat", "Format"]
        self.master = write(folder / "master.csv", [*keys, *names], [[*key, 301, 3, 30, 1, 1, 1] for key in ordered])
        state = [*keys, "Start Inventory", "End Inventory", "In Transit W+1", "In Transit W+2"]
        self.state = write(folder / "state.csv", state, [[*SERIES[0], 0, 0, 0, 0], *self.held(SERIES[1:])])
        self.orders = folder / "orders.csv"

    @staticmethod
    def held(series: list[tuple[int, int]]) -> list[list[object]]:
        return [[*key, 0, 100, 5, 5] for key in series]

    def decide(self) -> dict:
        return decide.run(
            history=self.history, in_stock=self.in_stock, master=self.master, state=self.state, orders=self.orders
        )


@pytest.fixture
def one_round(tmp_path: Path) -> Round:
    return Round(tmp_path)


def test_orders_stand_in_the_order_of_the_state_one_column_of_whole_units(one_round: Round) -> None:
    found = one_round.decide()

    with one_round.orders.open() as file:
        header, *rows = list(csv.reader(file))
    assert header[:2] == ["Store", "Product"]
    assert len(header) == 3
    assert [(int(row[0]), int(row[1])) for row in rows] == SERIES
    # The empty shelf is filled for about a week of 12; the full ones are left alone.
    assert 8 <= int(rows[0][2]) <= 30
    assert [row[2] for row in rows[1:]] == ["0", "0"]
    assert found["ordered_units"] == int(rows[0][2])


def test_the_same_files_give_the_same_orders(one_round: Round) -> None:
    one_round.decide()
    first = one_round.orders.read_bytes()
    one_round.decide()

    assert one_round.orders.read_bytes() == first


def test_a_series_of_the_state_without_history_is_refused(one_round: Round) -> None:
    write(one_round.state, ["Store", "Product", "End Inventory", "In Transit W+1", "In Transit W+2"], [[9, 9, 1, 1, 1]])

    with pytest.raises(EquipoiseError, match="store 9, product 9 has no history"):
        one_round.decide()


def test_a_file_given_in_anothers_place_is_refused_in_one_line(one_round: Round) -> None:
    one_round.history = one_round.master

    with pytest.raises(EquipoiseError, match="not consecutive weeks") as refused:
        one_round.decide()
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["history", "in_stock", "master", "state"])
def test_a_file_that_is_not_there_is_named(one_round: Round, name: str) -> None:
    getattr(one_round, name).unlink()

    with pytest.raises(EquipoiseError, match=r"\.csv: there is no such file"):
        one_round.decide()


@pytest.mark.parametrize("units", ["-3", "some", ""], ids=["negative", "text", "nothing"])
def test_a_sale_that_is_no_quantity_is_an_unknown_week_and_the_round_goes_on(one_round: Round, units: str) -> None:
    lines = one_round.history.read_text().splitlines()
    lines[2] = f"{lines[2].rsplit(',', 1)[0]},{units}"
    one_round.history.write_text("\n".join(lines))
    found = one_round.decide()
    orders = pd.read_csv(one_round.orders).set_index(["Store", "Product"])["0"]
    # As if the shelf had been empty in that week.
    lines[2] = f"{lines[2].rsplit(',', 1)[0]},0"
    one_round.history.write_text("\n".join(lines))
    flags = one_round.in_stock.read_text().splitlines()
    more = [f"{flags[0]},{','.join(WEEKS[-5:])}", *(f"{line},,,,," for line in flags[1:])]
    more[2] = f"{flags[2]},,,,,False"
    one_round.in_stock.write_text("\n".join(more))
    again = one_round.decide()
    assert (found["unreadable_sales"], again["unreadable_sales"]) == (1, 0)
    pd.testing.assert_series_equal(orders, pd.read_csv(one_round.orders).set_index(["Store", "Product"])["0"])


def test_a_file_of_words_is_not_one_of_sales(one_round: Round) -> None:
    lines = one_round.history.read_text().splitlines()
    words = [",".join([*line.split(",")[:2], *["some"] * 60]) for line in lines[1:]]
    one_round.history.write_text("\n".join([lines[0], *words]))
    with pytest.raises(EquipoiseError, match="store 1, product 20, 2023-01-02 is not a quantity"):
        one_round.decide()


def test_a_flag_that_is_neither_true_nor_false_is_refused(one_round: Round) -> None:
    one_round.in_stock.write_text(one_round.in_stock.read_text().replace("False", "maybe", 1))

    with pytest.raises(EquipoiseError, match="maybe in week 2024-01-15 is not a flag"):
        one_round.decide()


def test_a_master_without_a_series_of_the_sales_is_refused(one_round: Round) -> None:
    one_round.master.write_text("\n".join(one_round.master.read_text().splitlines()[:-1]))

    with pytest.raises(EquipoiseError, match="store 2, product 30 is missing"):
        one_round.decide()


def test_orders_that_cannot_be_written_are_told(one_round: Round) -> None:
    one_round.orders = one_round.orders.parent / "nowhere" / "orders.csv"
    # Before anything is read, let alone decided.
    one_round.history.unlink()

    with pytest.raises(EquipoiseError, match="orders cannot be written there"):
        one_round.decide()
