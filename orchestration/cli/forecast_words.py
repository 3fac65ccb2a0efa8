"""What `equipoise forecast` says of a series in sentences.

Not here: reading it (``forecast``), or drawing it (``fan_text``).
"""

from __future__ import annotations

from assets.kernel.telling import Record
from orchestration.cli.console import percent
from orchestration.cli.fan_text import day, number

_NAMED = 5
# As the model of a series is called where it is not its segment's (``assets.forecasting``); a test holds them equal.
ANALOGUE, UNINFORMED, ENDED, FALLBACK = "analogue", "uninformed", "ended", "HistoricAverage"
NETWORK_FALLBACK = "ShrunkenMean"
_BORROWED = "it is forecast from the same item elsewhere or from items like it, of which no backtest tells."
_STAND_INS = {
    ANALOGUE: f"Too few of the {{bucket}}s that models see tell its whole demand for {{champion}}: {_BORROWED}",
    UNINFORMED: (
        "Too few of the {bucket}s that models see tell its whole demand, and nothing like it sold elsewhere: what is "
        "expected is a guess, of which no backtest tells."
    ),
    ENDED: "It is declared delisted: no further demand is expected, whatever was sold.",
}
_NEVER_SOLD = {
    ANALOGUE: f"It was never sold here: {_BORROWED}",
    UNINFORMED: "Nothing like it was ever sold anywhere: what is expected is a guess, of which no backtest tells.",
}
_SHORT_OF_IT = {
    FALLBACK: (
        "Forecast with the mean of its past, because its history is too short for {champion}, or {champion} failed "
        "on it; no backtest tells of that."
    ),
    NETWORK_FALLBACK: (
        "Forecast with its own mean, shrunk to that of the network, because all series together taught {champion} too "
        "little; no backtest of the segment tells of that."
    ),
}
_KINDS = {"spike": "Spike", "dip": "Dip", "level_up": "Level up from", "level_down": "Level down from"}


def sentences(told: Record) -> list[str]:
    """Return what a planner asks for first: what is expected, what is not known, and what stands out."""
    lines = [
        f"Expected: {number(told['expected_units_over_horizon'])} units over {len(told['forecast'])} {told['bucket']}s."
    ]
    # Of what has ended a base stock covers nothing.
    if (target := told["target"]) and told["model"] != ENDED:
        lines += _protection(told, target)
    return [*lines, *_announced(told), *_backtest(told), *_not_known(told), *_hidden(told), *_stands_out(told)]


def _protection(told: Record, target: Record) -> list[str]:
    """Return what a base stock protects, and what the next order has to last for: two different intervals."""
    bucket = told["bucket"]
    lines = [
        f"Review and lead time, about {target['protection_buckets']} {bucket}s: "
        f"{number(target['protection_mean_units'])} units expected (std {number(target['protection_std_units'])}); "
        f"base stock {target['base_stock_units']:,} covers {percent(target['critical_ratio'])}."
    ]
    if arrivals := told["protection_demand"]:
        first, last = (
            day(told["forecast"][min(arrivals[name], len(told["forecast"]) - 1)]["bucket_start"])
            for name in ("first_bucket", "last_bucket")
        )
        lines.append(
            f"From the arrival of an order placed now to the next one's, about {first} to {last}: "
            f"{number(arrivals['protection_mean_units'])} units expected "
            f"(std {number(arrivals['protection_std_units'])})."
        )
    return lines


def _announced(told: Record) -> list[str]:
    """Return what the calendar announces for the buckets ahead, and what forecasts count it for."""
    return [f"{_called(one)} {_days(one['first_date'], one['last_date'])} {_counts(one)}." for one in told["announced"]]


def _called(one: Record) -> str:
    return {"promotion": "Promotion", "price": "Price announced for"}.get(one["driver"], one["name"])


def _counts(one: Record) -> str:
    if one["effect"] is None:
        why = "no price ever varied" if one["driver"] == "price" else "there is no earlier one to learn from"
        return f"changes nothing in the forecast: {why}"
    where = f"learned in {'all categories' if one['category'] == '(all)' else one['category']}"
    if one["driver"] == "price":
        return f"counts by an elasticity of {one['effect']:.2f} ({where})"
    return f"counts ×{one['effect']:.2f} ({where})"


def _days(first: str, last: str) -> str:
    """Return a span of days as a planner reads it.

    >>> _days("2026-11-16", "2026-11-21"), _days("2026-11-29", "2026-12-05"), _days("2026-11-16", "2026-11-16")
    ('16-21 Nov', '29 Nov-5 Dec', '16 Nov')
    """
    begin, end = (day(date)[4:].strip() for date in (first, last))
    if begin == end:
        return end
    return f"{begin.split()[0]}-{end}" if begin.split()[1] == end.split()[1] else f"{begin}-{end}"


def _backtest(told: Record) -> list[str]:
    """Return how the segment's champion did if it is the series' model; otherwise what stands in for it, and why."""
    scores, model = told["champion_scores"], told["model"]
    champion = scores["model"] if scores else "the segment's model"
    if model in _STAND_INS:
        why = _STAND_INS[model] if told["ever_sold"] else _NEVER_SOLD.get(model, _STAND_INS[model])
        return [why.format(bucket=told["bucket"], champion=champion)]
    if model != champion:
        return [_SHORT_OF_IT[model].format(champion=champion)] if model in _SHORT_OF_IT else []
    if scores["coverage_80"] is None:
        return []
    bias = "" if scores["bias"] is None else f"bias {percent(scores['bias'])}, "
    return [f"Backtest of the segment: {bias}80 % band held {percent(scores['coverage_80'])}."]


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
