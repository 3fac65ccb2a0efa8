"""Linear programs that grow by columns and are solved again from where they stood.

Not here: what a row or a column stands for, and when there are enough of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from assets.kernel.errors import EquipoiseError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

PARAMETERS = "use_preprocessing: false use_scaling: false random_seed: 1"
"""The solver keeps its basis only where neither changes the matrix that it sees: callers scale their rows."""


@dataclass(frozen=True)
class Optimum:
    """What a linear program came to.

    Attributes
    ----------
    value : float
        Least cost.
    columns : float array, shape (columns,)
        How much of each column is used.
    duals : float array, shape (rows,)
        Change of the value per unit of a row's right-hand side; at most 0.
    iterations : int
        Steps of the simplex method.
    """

    value: float
    columns: Floats
    duals: Floats
    iterations: int


class LinearProgram:
    """``min c x`` over ``A x <= b``, ``0 <= x``; solved by the simplex method on one thread.

    Parameters
    ----------
    most : float array, shape (rows,)
        Right-hand sides b.
    name : str
        What an error calls the problem.

    Examples
    --------
    Two goods, a limit on both together and one on the second:

    >>> program = LinearProgram(np.array([4.0, 1.0]))
    >>> program.add(np.array([-1.0, -3.0]), np.array([0, 1, 3]), np.array([0, 0, 1]), np.array([1.0, 1.0, 1.0]))
    >>> optimum = program.solve()
    >>> optimum.value, optimum.columns.tolist(), optimum.duals.tolist()
    (-6.0, [3.0, 1.0], [-1.0, -2.0])
    """

    def __init__(self, most: Floats, name: str = "linear program") -> None:
        from ortools.linear_solver import pywraplp

        self._name, self._optimal = name, pywraplp.Solver.OPTIMAL
        solver = pywraplp.Solver.CreateSolver("GLOP")
        solver.SetSolverSpecificParametersAsString(PARAMETERS)
        self._solver, self._far = solver, solver.infinity()
        self._rows: list[Any] = [solver.Constraint(-self._far, value) for value in most.tolist()]
        self._columns: list[Any] = []
        solver.Objective().SetMinimization()

    @property
    def size(self) -> int:
        """Number of columns."""
        return len(self._columns)

    def add(self, cost: Floats, starts: Ints, rows: Ints, values: Floats) -> None:
        """Add columns.

        Parameters
        ----------
        cost : float array, shape (k,)
            Of each column.
        starts : int array, shape (k + 1,)
            Where the entries of each column begin.
        rows, values : array
            Entries.
        """
        solver, objective, ends = self._solver, self._solver.Objective(), starts.tolist()
        row, value = rows.tolist(), values.tolist()
        for k, amount in enumerate(cost.tolist()):
            column = solver.NumVar(0.0, self._far, "")
            objective.SetCoefficient(column, amount)
            for entry in range(ends[k], ends[k + 1]):
                self._rows[row[entry]].SetCoefficient(column, value[entry])
            self._columns.append(column)

    def solve(self) -> Optimum:
        """Return the optimum, from the basis of the last one.

        Raises
        ------
        EquipoiseError
            If the solver reports anything but an optimum.
        """
        status = self._solver.Solve()
        if status != self._optimal:
            raise EquipoiseError(
                f"the linear program has no optimum ({status})",
                where=self._name,
                remedy="Look at the limits' consistency() for their capacities",
            )
        return Optimum(
            float(self._solver.Objective().Value()),
            np.array([column.solution_value() for column in self._columns]),
            np.array([row.dual_value() for row in self._rows]),
            int(self._solver.iterations()),
        )
