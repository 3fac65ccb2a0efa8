"""What the pages of gates and checks show, as plain values. Not here: Dagster."""

from __future__ import annotations

from typing import Any

import pandas as pd

from quality.quarantine import counts
from quality.verdicts import counts_by_action, worst_offenders

Plain = str | int | float | bool | None
Page = dict[str, Plain | list[dict[str, Plain]]]
_SHOWN = 20


def verdicts_page(verdicts: pd.DataFrame) -> Page:
    """Return the count of each action and the verdicts to look at first."""
    found: Page = {f"verdicts_{action}": count for action, count in counts_by_action(verdicts).items()}
    return {**found, **offenders_page(verdicts)}


def offenders_page(verdicts: pd.DataFrame, feed: str | None = None) -> Page:
    """Return the worst offenders of all feeds or of one, and how near it came to a fault."""
    here = verdicts if feed is None else verdicts.loc[verdicts["feed"] == feed]
    scores = here["anomaly_score"]
    return {
        "anomaly_score": round(float(scores.max()), 4) if len(scores) else 0.0,
        "worst_offenders": records(worst_offenders(here)),
    }


def profiles_page(profiles: pd.DataFrame) -> Page:
    """Return how many feeds, sites and items were measured, and the age of each feed."""
    ages = profiles.loc[(profiles["measure"] == "age_days") & (profiles["site_id"] == "")]
    return {
        "feeds": int(profiles["feed"].nunique()),
        "sites": int(profiles["site_id"].nunique()) - 1,
        "items_that_stand_out": int(profiles.loc[profiles["item_id"] != "", "item_id"].nunique()),
        "age_of_feeds": records(ages[["feed", "value"]].rename(columns={"value": "age_days"}), 60),
    }


def quarantine_page(rows: pd.DataFrame) -> Page:
    """Return the number of rows and the commonest reasons."""
    return {"refused_rows": len(rows), "reasons": records(counts(rows))}


def told(verdicts: pd.DataFrame, feed: str | None = None) -> str:
    """Return one sentence for a check: the worst message, and how many verdicts there are."""
    worst = worst_offenders(verdicts, feed)
    if worst.empty:
        return "Nothing stands out."
    return f"{len(worst)} verdicts; {worst['action'].iloc[0]}: {worst['message'].iloc[0]}"


def records(table: pd.DataFrame, shown: int = _SHOWN) -> list[dict[str, Plain]]:
    """Return the first rows of a table as plain records."""
    return [{str(name): _plain(value) for name, value in row.items()} for row in table.head(shown).to_dict("records")]


def _plain(value: Any) -> Plain:
    if value is None or value != value:
        return None
    if isinstance(value, (str, bool, int)):
        return value
    return round(float(value), 4) if isinstance(value, float) else str(value)
