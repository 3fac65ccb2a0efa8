"""A gate: profile and suite in, verdicts out, one cause told once.

Not here: measuring (``profiles``), Great Expectations (``expectations``), storing (``verdicts``).
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pandas as pd

from assets.kernel.frames.quality import VERDICTS
from quality.expectations import judge, write_data_docs
from quality.profiles import wide
from quality.suite import EVERY_FEED, PASSED, Rule, Suite

_EXAMPLES = 3
# No item is called so: marks of where a warning may be spoken for.
_WARNING, _FEED_WARNING = "*site", "*feed"


def run_gate(suite: Suite, profiles: pd.DataFrame, plan_date: dt.date, docs: Path | None = None) -> pd.DataFrame:
    """Judge a profile.

    Parameters
    ----------
    suite : Suite
        Rules of the gate.
    profiles : DataFrame
        Conforms to ``PROFILES``.
    plan_date : date
        Plan the verdicts speak to.
    docs : Path or None
        Root of the data docs; none are written without it.

    Returns
    -------
    DataFrame
        Conforms to ``VERDICTS``: a row per rule and place that failed, symptoms of a failed cause
        left out, and one row ``passed`` per feed without a fault.
    """
    table = wide(profiles)
    judgement = judge(table, suite)
    if docs is not None:
        write_data_docs(judgement, suite, plan_date.isoformat(), docs)
    found = [
        _verdict(rule, row, table)
        for rule, failing in zip(suite.rules, judgement.failing, strict=True)
        for row in failing.to_dict("records")
    ]
    kept = _unexplained(found)
    rows = [*kept, *_passed(table, {verdict["feed"] for verdict in kept}, suite)]
    if not rows:
        return VERDICTS.empty()
    return VERDICTS.conform(pd.DataFrame(rows).assign(plan_date=pd.Timestamp(plan_date), gate=suite.gate))


def anomaly_score(rule: Rule, observed: float) -> float:
    """Return how far a measure lies from usual: 0 as usual, 0.5 at the bound, towards 1 beyond.

    The distance from usual, on the side of the bound, over itself plus the distance of the bound;
    where the bound is what is usual, the rule's scale takes its place.

    >>> from quality.suite import Rule
    >>> rule = Rule(rule="r", scope="site", column="z", kwargs={"max_value": 10}, action="warn", message="", remedy="")
    >>> anomaly_score(rule, 0.0), anomaly_score(rule, 10.0), anomaly_score(rule, 30.0)
    (0.0, 0.5, 0.75)
    """
    bound = rule.usual if rule.bound is None else rule.bound
    side = -1.0 if "min_value" in rule.kwargs and "max_value" not in rule.kwargs else 1.0
    if observed == float("inf"):
        return 1.0
    distance = max(side * (observed - rule.usual), 0.0)
    return distance / (distance + (abs(bound - rule.usual) or rule.scale))


def _verdict(rule: Rule, row: dict[Any, Any], table: pd.DataFrame) -> dict[str, Any]:
    observed = float(row[rule.column])
    offenders = row.get(rule.offenders, float("nan")) if rule.offenders else 1.0
    words = {str(name): 0.0 if value != value else value for name, value in row.items()}
    words["examples"] = _examples(rule, row, table) if "{examples}" in rule.message else ""
    return {
        "rule": rule.rule,
        "feed": row["feed"],
        "site_id": row["site_id"],
        "item_id": row["item_id"],
        "action": rule.action,
        "severity": rule.severity,
        "observed": observed,
        "expected": rule.bound,
        "offender_count": 1 if offenders != offenders else int(offenders),
        "anomaly_score": anomaly_score(rule, observed),
        "message": rule.message.format(**words).strip(),
        "remedy": rule.remedy.format(**words),
        "explains": rule.explains,
    }


def _examples(rule: Rule, row: dict[Any, Any], table: pd.DataFrame) -> str:
    """Return the first items that the profile lists for a measure of a feed or site."""
    if rule.column not in table.columns:
        return ""
    here = (table["feed"] == row["feed"]) & (table["item_id"] != "") & table[rule.column].notna()
    items = table.loc[here].sort_values([rule.column, "item_id"], ascending=[False, True])["item_id"]
    return f"(such as {', '.join(items.head(_EXAMPLES))})" if len(items) else ""


def _unexplained(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the verdicts that are nobody's symptom, where they stand or around them.

    A warning asks for nothing, so any cause of its feed may speak for it at the same site; what
    asks for more gives way only to a cause that covers its place.
    """
    explained: dict[str, set[tuple[str, str, str]]] = {}
    for cause in found:
        for name in cause["explains"]:
            feed, _, rule = name.rpartition(".")
            explained.setdefault(rule, set()).update(_reach(cause, feed or cause["feed"]))
    return [verdict for verdict in found if not _stands_in(verdict, explained.get(verdict["rule"], set()))]


def _reach(cause: dict[str, Any], feed: str) -> set[tuple[str, str, str]]:
    """Return the places a cause speaks for in a feed: its own, and for warnings its site and the feed."""
    site, item = cause["site_id"], cause["item_id"]
    return {(feed, site, item), (feed, site, _WARNING), (feed, "", _FEED_WARNING)}


def _stands_in(symptom: dict[str, Any], places: set[tuple[str, str, str]]) -> bool:
    feeds, sites = {symptom["feed"], EVERY_FEED}, {symptom["site_id"], ""}
    items = {symptom["item_id"], ""}
    if symptom["action"] == "warn":
        items |= {_WARNING} if symptom["site_id"] else {_WARNING, _FEED_WARNING}
    return any((feed, site, item) in places for feed in feeds for site in sites for item in items)


def _passed(table: pd.DataFrame, faulty: set[str], suite: Suite) -> list[dict[str, Any]]:
    """Return one ``passed`` row per feed without a fault, scored by how near it came to one."""
    rows = []
    for feed in sorted(set(table["feed"]) - faulty - {EVERY_FEED}):
        here = table.loc[table["feed"] == feed]
        rules = [rule for rule in suite.rules if rule.holds_for(feed) and rule.column in here.columns]
        scores = [anomaly_score(rule, float(v)) for rule in rules for v in _of_scope(here, rule).dropna()]
        score = max(scores, default=0.0)
        rows.append(
            {
                "rule": PASSED,
                "feed": feed,
                "site_id": "",
                "item_id": "",
                "action": "pass",
                "severity": "info",
                "observed": float("nan"),
                "expected": float("nan"),
                "offender_count": 0,
                "anomaly_score": score,
                "message": f"{feed} met {len(rules)} rules",
                "remedy": "",
            }
        )
    return rows


def _of_scope(here: pd.DataFrame, rule: Rule) -> Any:
    item, site = here["item_id"] != "", here["site_id"] != ""
    chosen = {"item": item, "site": site & ~item, "feed": ~site & ~item}[rule.scope]
    return here.loc[chosen, rule.column]
