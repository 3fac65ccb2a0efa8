"""What the page of the regret ledger shows, as plain values: money by kind of decision, reasons graded, a plot.

Nobody is named. Not here: Dagster, or the grades themselves (``grades``).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pandas as pd

from assets.governance.reasons import MEANINGS
from assets.kernel.figures import blank_figure, png_bytes
from assets.kernel.page import Page, Plot
from assets.monitoring.regret.decisions import DecisionKind
from assets.monitoring.regret.grades import GROUPED, MONEY, Grade, grades
from assets.monitoring.regret.words import By

_MEANINGS = {str(reason): told for reason, told in MEANINGS.items()}


def regret_page(rows: pd.DataFrame, sensitive: Collection[str]) -> Page:
    """Return what became known of decisions: their value and regret by kind and reason.

    Parameters
    ----------
    rows : DataFrame
        ``REGRET``.
    sensitive : collection of str
        Items whose numbers nobody is to work out.
    """
    kinds, reasons = grades(rows, GROUPED[By.DECISION], sensitive), grades(rows, GROUPED[By.REASON], sensitive)
    total = kinds[-1].money if kinds else {}
    page: Page = {
        "decided_lines": len(rows),
        **{name: total.get(name) for name in MONEY},
        "by_decision": _table([one for one in kinds if one.group], GROUPED[By.DECISION]),
        "by_reason": _reasons([one for one in reasons if one.group and one.group[1]]),
    }
    if any(one.group and one.money for one in kinds):
        page["value_of_decisions"] = value_chart(kinds)
    return page


def meaning_of(reason: str) -> str:
    """Return what a word of the closed lists means; empty for one that is in none."""
    return _MEANINGS.get(reason, "")


def value_chart(kinds: Sequence[Grade]) -> Plot:
    """Return a PNG of what each kind of decision was worth against its alternative, from the low to the high bound."""
    figure = blank_figure(height_in=2.8)
    axes = figure.add_subplot()
    shown = {one.group[0]: one for one in kinds if one.group and one.money}
    for place, kind in enumerate(one.value for one in DecisionKind if one.value in shown):
        low, high = (shown[kind].money[name] for name in ("value_low_amount", "value_high_amount"))
        axes.barh(place, high - low, left=low, height=0.5, color="#0284c7")
        axes.plot([low, high], [place, place], marker="|", markersize=14, color="#334155")
        axes.annotate(
            f"{low:,.0f} to {high:,.0f}", (max(high, 0.0), place), (6, 0), textcoords="offset points", va="center"
        )
    axes.set_yticks(range(len(shown)), [kind.value for kind in DecisionKind if kind.value in shown])
    axes.axvline(0.0, color="#334155", linewidth=1)
    axes.margins(x=0.25)
    axes.set_title("Worth against the alternative, from the low to the high bound of demand")
    return png_bytes(figure)


def _table(found: Sequence[Grade], names: Sequence[str]) -> pd.DataFrame:
    rows = [
        {
            **dict(zip(names, one.group, strict=True)),
            "lines": one.lines,
            **{name: one.money.get(name) for name in MONEY},
            "borne_out_share": round(one.borne_out_share, 4),
            "refuted_share": round(one.refuted_share, 4),
        }
        for one in found
    ]
    return pd.DataFrame(rows, columns=[*names, "lines", *MONEY, "borne_out_share", "refuted_share"], dtype=object)


def _reasons(found: Sequence[Grade]) -> pd.DataFrame:
    table = _table(found, GROUPED[By.REASON])
    return table.assign(meaning=[meaning_of(one.group[1]) for one in found])
