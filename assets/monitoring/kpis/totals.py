"""Key figures added up over windows and groups: facts in, frame ``KPIS`` out.

Rows of facts carry ``day`` and the members they belong to. Not here: what a figure is
(``definitions``), or where facts come from (``reading``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from assets.forecasting.history.arrays import Flags, Reals
from assets.kernel.frames.kpis import ALL_MEMBERS, ECHELON, KPI_WINDOWS, KPIS, NETWORK, RELEASE, SEGMENT, SITE
from assets.monitoring.kpis.definitions import KEY_FIGURES, Facts, Kpi

MEMBERS: Mapping[str, str] = {
    SITE: "site_id",
    ECHELON: "echelon",
    SEGMENT: "demand_segment",
    RELEASE: "policy_release",
}
"""Dimension to the column of facts that names its members; facts without the column are not told by it."""


def key_figures(
    facts: Mapping[Facts, pd.DataFrame], plan_date: dt.date, kpis: Sequence[Kpi] = KEY_FIGURES
) -> pd.DataFrame:
    """Return all key figures of a plan date, and what each was in the window before.

    Parameters
    ----------
    facts : mapping
        Fact tables, each with ``day`` (before the plan date), the columns of ``MEMBERS`` that it has, and what its
        figures take.
    plan_date : date
        Windows end the day before it.
    kpis : sequence of Kpi
        Which.

    Returns
    -------
    DataFrame
        Conforms to ``KPIS``. Each figure has a row of the network in every window, also where nothing was counted.
    """
    parts = []
    for table in Facts:
        wanted = [kpi for kpi in kpis if kpi.facts is table]
        if wanted:
            rows = facts[table].reset_index(drop=True)
            age = (pd.Timestamp(plan_date) - rows["day"]).dt.days.to_numpy()
            parts += _of_facts(_Measured.of(rows, wanted), rows, age)
    found = pd.concat(parts, ignore_index=True).assign(plan_date=pd.Timestamp(plan_date))
    units = {kpi.name: kpi.unit for kpi in kpis}
    return KPIS.conform(found.assign(unit=found["kpi"].map(units)))


@dataclass(frozen=True)
class _Measured:
    """Figures of every row of a fact table.

    Attributes
    ----------
    names : array (K,)
        Of the figures.
    numerator, denominator : array (n, K)
        Of each row; a total has 0 for its denominator.
    is_total : array (K,)
        Which have none.
    """

    names: npt.NDArray[np.object_]
    numerator: Reals
    denominator: Reals
    is_total: Flags

    @classmethod
    def of(cls, rows: pd.DataFrame, kpis: Sequence[Kpi]) -> _Measured:
        ratios = [kpi.figure(rows) for kpi in kpis]
        none = np.zeros(len(rows))
        above = [ratio.numerator.to_numpy(dtype=np.float64) for ratio in ratios]
        below = [none if r.denominator is None else r.denominator.to_numpy(dtype=np.float64) for r in ratios]
        is_total = np.array([ratio.denominator is None for ratio in ratios])
        names = np.array([kpi.name for kpi in kpis], dtype=object)
        return cls(names, np.column_stack(above), np.column_stack(below), is_total)

    def summed(self, which: Flags, group: npt.NDArray[np.intp], groups: int) -> _Sums:
        """Return the sums of some rows by group, added up in their order."""
        chosen = group[which]
        numerator, denominator = (_by_group(v[which], chosen, groups) for v in (self.numerator, self.denominator))
        has_rows = np.bincount(chosen, minlength=groups) > 0
        counted = np.where(self.is_total, has_rows[:, None], denominator > 0)
        over = np.where(self.is_total | ~counted, 1.0, denominator)
        value = np.where(counted, numerator / over, np.nan)
        return _Sums(numerator, np.where(self.is_total, np.nan, denominator), value, has_rows)


@dataclass(frozen=True)
class _Sums:
    """Sums of figures by group, arrays (G, K), and which groups had any row (G,)."""

    numerator: Reals
    denominator: Reals
    value: Reals
    has_rows: Flags


def _of_facts(measured: _Measured, rows: pd.DataFrame, age: npt.NDArray[np.int64]) -> list[pd.DataFrame]:
    """Return the figures of one fact table, a part a window and dimension."""
    count = len(measured.names)
    parts = []
    for dimension, member in _members(rows).items():
        codes, names = (np.zeros(len(rows), dtype=np.intp), [ALL_MEMBERS]) if member is None else _coded(member)
        for days in KPI_WINDOWS:
            now, before = (age >= 1) & (age <= days), (age > days) & (age <= 2 * days)
            sums, earlier = (measured.summed(which, codes, len(names)) for which in (now, before))
            part = {
                "kpi": np.tile(measured.names, len(names)),
                "member": np.repeat(np.array(names, dtype=object), count),
                "numerator": sums.numerator.ravel(),
                "denominator": sums.denominator.ravel(),
                "value": sums.value.ravel(),
                "previous_value": earlier.value.ravel(),
            }
            shown = np.repeat(sums.has_rows | (member is None), count)
            parts.append(pd.DataFrame(part)[shown].assign(window_days=days, dimension=dimension))
    return parts


def _by_group(values: Reals, group: npt.NDArray[np.intp], groups: int) -> Reals:
    sums = [np.bincount(group, weights=column, minlength=groups) for column in values.T]
    return np.column_stack(sums).astype(np.float64, copy=False)


def _members(rows: pd.DataFrame) -> dict[str, pd.Series[Any] | None]:
    """Return the members of each dimension that rows are told by; the network has but one."""
    named = {dimension: rows[column] for dimension, column in MEMBERS.items() if column in rows}
    return {NETWORK: None, **named}


def _coded(member: pd.Series[Any]) -> tuple[npt.NDArray[np.intp], list[str]]:
    codes, names = pd.factorize(member.to_numpy(dtype=object), sort=True)
    return codes, [str(name) for name in names]
