"""Decisions graded by hindsight: counts and money by kind, reason, release, person or site.

Money of a group that holds a single sensitive item is withheld, and the total where it would give such a group away.
Pure. Not here: the value of one decision (``table``), or who may see persons and items (orchestration).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from assets.kernel.frames.monitoring import REGRET
from assets.monitoring.regret.table import Finding
from assets.monitoring.regret.words import By
from assets.policy.masking import groups_that_tell

MONEY = ("value_low_amount", "value_high_amount", "regret_low_amount", "regret_high_amount")
_EVENT = ["order_id", "line_number", "event_version"]


GROUPED: Mapping[By, tuple[str, ...]] = {
    By.DECISION: ("decision",),
    By.REASON: ("decision", "reason"),
    By.RELEASE: ("policy_release",),
    By.PERSON: ("decision", "person"),
    By.SITE: ("destination_id",),
}
"""Columns whose values make a group; ``person`` is none of ``REGRET`` and has to be put beside it."""


@dataclass(frozen=True)
class Grade:
    """What hindsight says of some decisions.

    Attributes
    ----------
    group : tuple of str
        Values of the columns of ``GROUPED``; empty for all decisions.
    lines : int
        Decided lines.
    borne_out, refuted, undecided : int
        Of these, what hindsight says.
    money : mapping
        Sums of ``MONEY``, in the network's currency; empty where they are withheld.
    """

    group: tuple[str, ...]
    lines: int
    borne_out: int
    refuted: int
    undecided: int
    money: Mapping[str, float]

    @property
    def borne_out_share(self) -> float:
        """Share of the lines that hindsight bears out, whatever demand was hidden."""
        return self.borne_out / self.lines

    @property
    def refuted_share(self) -> float:
        """Share of the lines that hindsight speaks against, whatever demand was hidden."""
        return self.refuted / self.lines


def told_once(tables: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Return ``REGRET`` of several plan dates together, each decision as the last of them told it."""
    parts = [table for table in tables if len(table)]
    if not parts:
        return REGRET.empty()
    whole = pd.concat(parts, ignore_index=True).sort_values("plan_date", kind="stable")
    return REGRET.conform(whole.drop_duplicates(_EVENT, keep="last"))


def grades(rows: pd.DataFrame, by: Sequence[str], sensitive: Collection[str] = ()) -> tuple[Grade, ...]:
    """Return the grade of each group, the largest regret first, and of all decisions last.

    Parameters
    ----------
    rows : DataFrame
        ``REGRET``, with whatever columns ``by`` names beside it.
    by : sequence of str
        Columns whose values make a group.
    sensitive : collection of str
        Items that the reader may not see; empty for one who may see all.
    """
    if rows.empty:
        return ()
    groups = {tuple(map(str, key)): part for key, part in rows.groupby(list(by), sort=True)}
    told = groups_that_tell({key: set(part["item_id"]) for key, part in groups.items()}, sensitive)
    found = [_grade(key, part, key in told.groups) for key, part in groups.items()]
    ranked = sorted(found, key=lambda one: (-one.money.get("regret_high_amount", 0.0), one.group))
    return (*ranked, _grade((), rows, told.total))


def _grade(key: tuple[str, ...], rows: pd.DataFrame, withheld: bool) -> Grade:
    said = rows["hindsight"].value_counts()
    borne_out, refuted, undecided = (int(said.get(one.value, 0)) for one in Finding)
    money = {} if withheld else {name: round(float(rows[name].sum()), 2) for name in MONEY}
    return Grade(key, len(rows), borne_out, refuted, undecided, money)
