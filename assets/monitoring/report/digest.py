"""The digest: the report in a few lines, for an e-mail or a channel. Not here: sending it.

It leaves the building, so that whoever sends it hides sensitive items first, whoever reads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from assets.kernel.frames.quality import DIGEST
from assets.kernel.page import Markdown
from assets.monitoring.report.day import Row
from assets.monitoring.report.page import rendered
from assets.monitoring.report.words import change, count, money, percent, plain_text, sentence, units

_LISTED = 5
SECTIONS = {
    "waits": "What waits for you",
    "worth": "What it is worth",
    "changed": "What changed",
    "distrust": "What to distrust today",
}
"""Sections in the order in which they are told."""


def digest_lines(report: Mapping[str, Any]) -> list[Row]:
    """Return a report in a few lines.

    Parameters
    ----------
    report : mapping
        As ``compose`` returns it.

    Returns
    -------
    list of dict
        ``section`` (of ``SECTIONS``), ``text`` and ``command`` (what acts on it, or empty).
    """
    told = {
        "waits": _waits(report["waits"], report["currency"]),
        "worth": _worth(report["worth"]["plan"], report["currency"], report["stopped"]),
        "changed": _changed(report["changed"], report["currency"]),
        "distrust": _distrust(report["distrust"], report["currency"]),
    }
    return [
        {"section": section, "text": plain_text(text), "command": plain_text(command)}
        for section in SECTIONS
        for text, command in told[section]
    ]


def digest_frame(report: Mapping[str, Any]) -> pd.DataFrame:
    """Return the digest as frame ``DIGEST``."""
    rows = [
        {"plan_date": pd.Timestamp(report["plan_date"]), "line": number, **line}
        for number, line in enumerate(digest_lines(report), 1)
    ]
    return DIGEST.conform(pd.DataFrame(rows, columns=DIGEST.names))


def digest_text(report: Mapping[str, Any], *, titled: bool = True) -> str:
    """Return the digest as plain text; without its title where that goes beside it."""
    return rendered("digest.txt", title=title(report) if titled else "", parts=_parts(digest_lines(report)))


def digest_html(report: Mapping[str, Any]) -> str:
    """Return the digest as HTML of an e-mail: no style sheet, no picture, everything escaped."""
    return rendered("digest.html", title=title(report), parts=_parts(digest_lines(report)))


def digest_markdown(lines: pd.DataFrame) -> Markdown:
    """Return the digest as markdown; what data say cannot be taken for markup."""
    parts = _parts(lines.to_dict("records"))
    told = []
    for name, rows in parts:
        told += [f"**{name}**", "", *(f"- {_unmarked(row['text'])}{_as_code(row['command'])}" for row in rows), ""]
    return Markdown("\n".join(told))


def title(report: Mapping[str, Any]) -> str:
    """Return the digest's subject."""
    return str(plain_text(f"{report['network']}: plan of {report['plan_date']}"))


def _parts(lines: Sequence[Mapping[Any, Any]]) -> list[tuple[str, list[Mapping[Any, Any]]]]:
    return [(name, [line for line in lines if line["section"] == key]) for key, name in SECTIONS.items()]


def _waits(waits: Mapping[str, Any], currency: str) -> list[tuple[str, str]]:
    if not waits["rows"]:
        return [("Nothing waits for a person.", "")]
    what = count(waits["count"], "thing waits", "things wait")
    told = [(f"{what}, {money(waits['stake_amount'])} {currency} at stake.", "equipoise inbox")]
    for row in waits["rows"][:_LISTED]:
        left = "" if row["days_left"] is None else f", {count(row['days_left'], 'day')} left"
        told.append((f"{row['about']}: {money(row['stake_amount'])} {currency}{left}.", str(row["command"])))
    return told


def _worth(plan: Mapping[str, Any], currency: str, stopped: str) -> list[tuple[str, str]]:
    if not plan:
        return [(sentence(stopped) or "Nothing was planned.", "")]
    return [
        (
            f"The plan saves {money(plan['saves_amount'])} {currency} beside doing nothing, transfers "
            f"{money(plan['transfers_gain_amount'])} of it; at most {percent(plan['decidable_gap_share'])} of what can "
            "be decided is left to gain.",
            "",
        ),
        (f"{count(plan['item_sites'], 'item-site')} planned, {units(plan['held_item_sites'])} left out.", ""),
    ]


def _changed(changed: Mapping[str, Any], currency: str) -> list[tuple[str, str]]:
    told = [
        (
            f"{count(row['documents'], row['kind'] + ' order')}, {money(row['value_amount'])} {currency}"
            + (f" (at the last plan {units(row['documents_before'])})." if changed["since"] else "."),
            "",
        )
        for row in changed["orders"]
    ]
    policy = changed["policy"]
    if policy["before"] and policy["before"] != policy["now"]:
        told.append(
            (f"The policy release changed from {policy['before']} to {policy['now']}.", "equipoise policy list")
        )
    if changed["champions"]:
        now = ", ".join(f"{row['segment']} {row['now']}" for row in changed["champions"])
        told.append((f"Models that changed: {now}.", "equipoise models show"))
    told += [
        (f"{row['what']}: {units(row['now'])} ({change(row['now'] - row['before'])}).", "")
        for row in changed["stock"][:2]
        if row["now"] is not None and row["before"] is not None
    ]
    return [(f"{text[0].upper()}{text[1:]}", command) for text, command in told] or [("Nothing was ordered.", "")]


def _distrust(distrust: Mapping[str, Any], currency: str) -> list[tuple[str, str]]:
    alerts = distrust["alerts"]
    told = []
    for row in alerts[:_LISTED]:
        at_stake = f" {money(row['amount'])} {currency} at stake." if row["amount"] else ""
        who = f" {row['owner']}: {row['remedy']}"
        told.append((f"{row['where']}: {sentence(row['what'])}{at_stake}{sentence(who)}", ""))
    more = len(alerts) + (distrust["more"]["alerts"] or 0) - len(told)
    if more > 0:
        told.append((f"{count(more, 'alert')} more.", "equipoise alerts"))
    drifting = [str(row["where"]) for row in distrust["drift"]]
    if drifting:
        told.append((f"What drifts: {', '.join(drifting)}.", "equipoise models show"))
    return told or [("No gate complained.", "")]


def _unmarked(text: Any) -> str:
    """Return a text that markdown shows as it is."""
    return "".join(f"\\{c}" if c in r"\`*_{}[]<>()#+!|~&" else c for c in str(text))


def _as_code(command: Any) -> str:
    return f" `{str(command).replace('`', '')}`" if command else ""
