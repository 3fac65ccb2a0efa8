"""What the pages of gates and checks show, as plain values. Not here: Dagster."""

from __future__ import annotations

import pandas as pd

from assets.kernel.page import Page
from quality.quarantine import counts
from quality.verdicts import counts_by_action, worst_offenders

_SHOWN = 20
_FEEDS_SHOWN = 60


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
        "worst_offenders": worst_offenders(here).head(_SHOWN),
    }


def profiles_page(profiles: pd.DataFrame) -> Page:
    """Return how many feeds, sites and items were measured, and the age of each feed."""
    ages = profiles.loc[(profiles["measure"] == "age_days") & (profiles["site_id"] == "")]
    return {
        "feeds": int(profiles["feed"].nunique()),
        "sites": int(profiles["site_id"].nunique()) - 1,
        "items_that_stand_out": int(profiles.loc[profiles["item_id"] != "", "item_id"].nunique()),
        "age_of_feeds": ages[["feed", "value"]].rename(columns={"value": "age_days"}).head(_FEEDS_SHOWN),
    }


def quarantine_page(rows: pd.DataFrame) -> Page:
    """Return the number of rows and the commonest reasons."""
    return {"refused_rows": len(rows), "reasons": counts(rows).head(_SHOWN)}


def told(verdicts: pd.DataFrame, feed: str | None = None) -> str:
    """Return one sentence for a check: the worst message, and how many verdicts there are."""
    worst = worst_offenders(verdicts, feed)
    if worst.empty:
        return "Nothing stands out."
    count = "1 verdict" if len(worst) == 1 else f"{len(worst)} verdicts"
    return f"{count}; {worst['action'].iloc[0]}: {worst['message'].iloc[0]}"
