"""Key figures added up over windows and groups: facts in, frame ``KPIS`` out.

Rows of facts carry ``day`` and the members they belong to. Not here: what a figure is
(``definitions``), or where facts come from (``reading``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import numpy as np
import pandas as pd

from assets.kernel.frames.kpis import ALL_MEMBERS, ECHELON, KPI_WINDOWS, KPIS, NETWORK, RELEASE, SEGMENT, SITE
from assets.monitoring.kpis.definitions import KPIS as DEFINED
from assets.monitoring.kpis.definitions import Facts, Kpi

MEMBERS: Mapping[str, str] = {
    SITE: "site_id",
    ECHELON: "echelon",
    SEGMENT: "demand_segment",
    RELEASE: "policy_release",
}
"""Dimension to the column of facts that names its members; facts without the column are not told by it."""


def key_figures(
    facts: Mapping[Facts, pd.DataFrame], plan_date: dt.date, kpis: tuple[Kpi, ...] = DEFINED
) -> pd.DataFrame:
    """Return all key figures of a plan date, and what each was in the window before.

    Parameters
    ----------
    facts : mapping
        Fact tables, each with ``day`` (before the plan date), the columns of ``MEMBERS`` that it has, and what its
        figures take.
    plan_date : date
        Windows end the day before it.
    kpis : tuple of Kpi
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
            parts.append(_of_facts(_measured(rows, wanted), rows, wanted, plan_date))
    found = pd.concat(parts, ignore_index=True).assign(plan_date=pd.Timestamp(plan_date))
    units = {kpi.name: kpi.unit for kpi in kpis}
    return KPIS.conform(found.assign(unit=found["kpi"].map(units)))


def _measured(rows: pd.DataFrame, kpis: list[Kpi]) -> pd.DataFrame:
    """Return numerator and denominator of each figure and row, side by side."""
    columns = {}
    for kpi in kpis:
        ratio = kpi.figure(rows)
        columns[kpi.name, "numerator"] = ratio.numerator.astype("float64")
        if ratio.denominator is not None:
            columns[kpi.name, "denominator"] = ratio.denominator.astype("float64")
    return pd.DataFrame(columns, index=rows.index)


def _of_facts(measured: pd.DataFrame, rows: pd.DataFrame, kpis: list[Kpi], plan_date: dt.date) -> pd.DataFrame:
    age = (pd.Timestamp(plan_date) - rows["day"]).dt.days.to_numpy()
    members = {NETWORK: pd.Series(ALL_MEMBERS, index=rows.index)}
    members |= {name: rows[column].astype(str) for name, column in MEMBERS.items() if column in rows}
    found = []
    for days in KPI_WINDOWS:
        now, before = (age >= 1) & (age <= days), (age > days) & (age <= 2 * days)
        for dimension, member in members.items():
            current, previous = (_summed(measured[which], member[which], kpis) for which in (now, before))
            if dimension == NETWORK:
                current, previous = (sums if len(sums) else _nothing(measured, kpis) for sums in (current, previous))
            before_that = previous[["kpi", "member", "value"]].rename(columns={"value": "previous_value"})
            both = current.merge(before_that, on=["kpi", "member"], how="left")
            found.append(both.assign(window_days=days, dimension=dimension))
    return pd.concat(found, ignore_index=True)


def _summed(measured: pd.DataFrame, member: pd.Series[str], kpis: list[Kpi]) -> pd.DataFrame:
    """Return one row per figure and member: both sums and the value."""
    sums = measured.groupby(member.to_numpy(), sort=True).sum()
    rows = [_values(kpi.name, sums[kpi.name]) for kpi in kpis]
    return pd.concat(rows, ignore_index=True)


def _values(name: str, sums: pd.DataFrame) -> pd.DataFrame:
    numerator = sums["numerator"].to_numpy()
    if "denominator" not in sums:
        return pd.DataFrame(
            {"kpi": name, "member": sums.index, "numerator": numerator, "denominator": np.nan, "value": numerator}
        )
    denominator = sums["denominator"].to_numpy()
    counted = denominator > 0
    value = np.where(counted, numerator / np.where(counted, denominator, 1.0), np.nan)
    return pd.DataFrame(
        {"kpi": name, "member": sums.index, "numerator": numerator, "denominator": denominator, "value": value}
    )


def _nothing(measured: pd.DataFrame, kpis: list[Kpi]) -> pd.DataFrame:
    """Return rows of the network that say that nothing was counted."""
    return pd.DataFrame(
        {
            "kpi": [kpi.name for kpi in kpis],
            "member": ALL_MEMBERS,
            "numerator": 0.0,
            "denominator": [0.0 if (kpi.name, "denominator") in measured else np.nan for kpi in kpis],
            "value": np.nan,
        }
    )
