"""What `equipoise forecast` says of a series in sentences.

Not here: reading it (``forecast``), or drawing it (``fan_text``).
"""

from __future__ import annotations

from orchestration.cli.console import percent
from orchestration.cli.fan_text import day, number
from orchestration.cli.reading import Record

_NAMED = 5
_KINDS = {"spike": "Spike", "dip": "Dip", "level_up": "Level up from", "level_down": "Level down from"}


def sentences(told: Record) -> list[str]:
    """Return what a planner asks for first: what is expected, what is not known, and what stands out."""
    lines = [
        f"Expected: {number(told['expected_units_over_horizon'])} units over {len(told['forecast'])} {told['bucket']}s."
    ]
    if target := told["target"]:
        lines.append(
            f"Protection interval of {target['protection_buckets']} {told['bucket']}s: "
            f"{number(target['protection_mean_units'])} units expected (std {number(target['protection_std_units'])}); "
            f"base stock {target['base_stock_units']:,} covers {percent(target['critical_ratio'])}."
        )
    scores = told["champion_scores"]
    if scores and scores["coverage_80"] is not None:
        lines.append(
            f"Backtest of the segment: bias {percent(scores['bias'])}, 80 % band held {percent(scores['coverage_80'])}."
        )
    return [*lines, *_not_known(told), *_hidden(told), *_stands_out(told)]


def _not_known(told: Record) -> list[str]:
    """Return what of the last buckets' demand is not known."""
    recent = f"Of the last {told['recent_buckets']} {told['bucket']}s"
    reasons = (
        ("recent_at_least", "tell at least what was asked for (stock-out"),
        ("recent_not_reported", "tell nothing (no report"),
    )
    parts = [f"{len(told[key])} {why}: {_few(told[key])})" for key, why in reasons if told[key]]
    return [f"{recent} {', '.join(parts)}."] if parts else [f"{recent} the whole demand is known."]


def _hidden(told: Record) -> list[str]:
    """Return what stock-outs are estimated to have hidden of demand."""
    censored = [row for row in told["estimates"] if row["is_censored"]]
    if not censored:
        return []
    lost = sum(row["lost_units"] for row in censored)
    buckets = f"{len(censored)} {told['bucket']}s with a stock-out since {day(censored[0]['bucket_start'])[4:].strip()}"
    return [f"Estimated: {number(lost)} units more were asked for than sold, on {buckets}."]


def _stands_out(told: Record) -> list[str]:
    """Return the latest outliers and level shifts, one sentence each."""
    return [
        f"{_KINDS[row['kind']]} {day(row['bucket_start'])}: {number(row['found_units'])} units a {told['bucket']}, "
        f"{number(row['usual_units'])} as usual{'; cut for models of single series' if row['is_cut'] else ''}."
        for row in told["anomalies"][-_NAMED:]
    ]


def _few(starts: list[str]) -> str:
    named = ", ".join(day(start)[4:].strip() for start in starts[-_NAMED:])
    return named if len(starts) <= _NAMED else f"..., {named}"
