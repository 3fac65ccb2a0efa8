"""Linear programs some of whose columns are whole numbers, to a proven bound.

Not here: what columns and rows stand for, or how a problem becomes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from assets.kernel.errors import EquipoiseError

Floats = npt.NDArray[np.float64]

WHOLE_TOLERANCE = 1e-6
"""Furthest from a whole number that a solver's number may be and still count as one."""
SETTINGS = {
    "glop": "use_dual_simplex: true random_seed: 1",
    "scip": "limits/gap = 0\nlimits/nodes = {nodes}\nparallel/maxnthreads = 1\nrandomization/randomseedshift = 1",
}


@dataclass(frozen=True)
class IntegerProgram:
    """Columns at least cost, within rows.

    Attributes
    ----------
    cost, lower, upper : float array, shape (columns,)
    whole : bool array, shape (columns,)
        Which columns are whole numbers.
    rows : sparse matrix, shape (rows, columns)
    row_lower, row_upper : float array, shape (rows,)
    """

    cost: Floats
    lower: Floats
    upper: Floats
    whole: npt.NDArray[np.bool_]
    rows: sparse.csr_matrix
    row_lower: Floats
    row_upper: Floats


@dataclass(frozen=True)
class IntegerAnswer:
    """A solution and how good it is known to be.

    Attributes
    ----------
    value : float
        Cost of the solution.
    bound : float
        No solution costs less.
    solution : float array, shape (columns,)
    branched : bool
        Whether the linear relaxation was not whole by itself.
    """

    value: float
    bound: float
    solution: Floats
    branched: bool


def least_cost(program: IntegerProgram, name: str = "program", *, nodes: int = 100_000) -> IntegerAnswer:
    """Return the best solution found, and a bound on all.

    The linear relaxation comes first: where its solution is whole, it is the optimum. Otherwise
    branch and bound goes on to a gap of 0. Both run on one thread, seeded, and stop on nodes,
    never on the clock.

    Parameters
    ----------
    program : IntegerProgram
    name : str
        What an error calls the problem.
    nodes : int
        Most nodes of the search; where they are spent, the value stays above the bound.

    Raises
    ------
    EquipoiseError
        If there is no solution, or the nodes did not suffice to find one.

    Examples
    --------
    Two kinds of truck for 7 pallets, one carrying 3 for 4, the other 2 for 3:

    >>> program = IntegerProgram(
    ...     *(np.array(one) for one in ([4.0, 3.0], [0.0, 0.0], [9.0, 9.0], [True, True])),
    ...     sparse.csr_matrix([[3.0, 2.0]]), np.array([7.0]), np.array([np.inf]),
    ... )
    >>> answer = least_cost(program)
    >>> answer.value, answer.bound, answer.solution.tolist(), answer.branched
    (10.0, 10.0, [1.0, 2.0], True)
    """
    relaxed = _solved(program, "glop", name, nodes)
    whole = relaxed.solution[program.whole]
    if np.all(np.abs(whole - np.round(whole)) <= WHOLE_TOLERANCE):
        return relaxed
    return _solved(program, "scip", name, nodes)


def _solved(program: IntegerProgram, method: str, name: str, nodes: int) -> IntegerAnswer:
    from ortools.linear_solver.python import model_builder

    solver = model_builder.Solver(method)
    solver.set_solver_specific_parameters(SETTINGS[method].format(nodes=nodes))
    model = _model(program, branched=method == "scip")
    status = solver.solve(model)
    if status not in (model_builder.SolveStatus.OPTIMAL, model_builder.SolveStatus.FEASIBLE):
        raise EquipoiseError(
            f"no solution was found ({status.name.lower()})",
            where=name,
            remedy="Look at the problem's consistency() for its data",
        )
    solution = np.asarray(solver.values(model.get_variables()), dtype=float)
    bound = solver.best_objective_bound if method == "scip" else solver.objective_value
    return IntegerAnswer(float(solver.objective_value), float(bound), solution, method == "scip")


def _model(program: IntegerProgram, *, branched: bool) -> Any:
    from ortools.linear_solver.python import model_builder

    model = model_builder.Model()
    model.helper.fill_model_from_sparse_data(
        program.lower, program.upper, program.cost, program.row_lower, program.row_upper, program.rows
    )
    if branched:
        for column in np.flatnonzero(program.whole):
            model.helper.set_var_integrality(int(column), True)
    return model
