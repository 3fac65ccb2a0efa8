"""Integer programs against enumeration."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from assets.kernel.errors import EquipoiseError
from assets.kernel.solvers.integer_program import IntegerProgram, least_cost

TOP = 3


def covering(cost: list[float], uses: list[list[int]], needs: list[int], *, whole: bool = True) -> IntegerProgram:
    columns = len(cost)
    return IntegerProgram(
        np.array(cost, dtype=float),
        np.zeros(columns),
        np.full(columns, float(TOP)),
        np.full(columns, whole),
        sparse.csr_matrix(np.array(uses, dtype=float)),
        np.array(needs, dtype=float),
        np.full(len(needs), np.inf),
    )


@settings(max_examples=25)
@given(
    st.lists(st.integers(1, 9), min_size=3, max_size=3),
    st.lists(st.lists(st.integers(0, 4), min_size=3, max_size=3), min_size=1, max_size=2),
    st.lists(st.integers(0, 12), min_size=2, max_size=2),
)
def test_the_answer_is_the_enumerated_optimum(cost, uses, needs):
    program = covering(cost, uses, needs[: len(uses)])
    choices = np.array(list(itertools.product(range(TOP + 1), repeat=3)))
    feasible = choices[(choices @ np.array(uses).T >= program.row_lower).all(axis=1)]
    if len(feasible) == 0:
        with pytest.raises(EquipoiseError, match="no solution was found"):
            least_cost(program)
        return
    answer = least_cost(program)
    assert answer.value == pytest.approx((feasible @ program.cost).min())
    assert answer.bound == pytest.approx(answer.value)


def test_a_whole_relaxation_is_not_branched_on():
    answer = least_cost(covering([1.0, 2.0], [[1, 1]], [2]))
    assert (answer.value, answer.branched, answer.solution.tolist()) == (2.0, False, [2.0, 0.0])


def test_columns_that_need_not_be_whole_are_left_alone():
    answer = least_cost(covering([1.0], [[2]], [3], whole=False))
    assert (answer.value, answer.branched) == (1.5, False)


def test_the_same_program_has_the_same_answer_to_the_bit():
    program = covering([3.0, 4.0, 5.0], [[2, 3, 4], [1, 0, 2]], [11, 3])
    first, second = least_cost(program), least_cost(program)
    assert first.solution.tobytes() == second.solution.tobytes()
    assert (first.value, first.bound) == (second.value, second.bound)
