"""A small network, the command line as if typed, and what became of a plan: for tests of bad input.

Not here: any fault (``scenario/faulty_rows``, ``scenario/faulty_files``).
"""

import datetime as dt
import io
import json
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass

import pandas as pd
import pytest

from assets.feeds.envelope import batch_available_at
from assets.feeds.landing import LandingArea
from assets.feeds.synthetic import FeedBatch, WorldParameters, demo_dates
from assets.kernel.frames import Frame
from assets.kernel.frames.decisions import DECISIONS
from assets.kernel.frames.quality import QUARANTINE, VERDICTS
from assets.kernel.published import Published
from orchestration.cli import application
from orchestration.settings import Settings

ONE_DAY = dt.timedelta(days=1)
PARAMETERS = WorldParameters.small(7)
START, END = demo_dates(PARAMETERS)
Rows = pd.DataFrame


@dataclass(frozen=True)
class Said:
    """What a command said."""

    code: int
    out: str
    err: str


def typed(settings: Settings, *arguments: str) -> Said:
    """Run a command as if typed."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setenv("EQUIPOISE_HOME", str(settings.home))
        patch.setenv("EQUIPOISE_NETWORK", str(settings.network))
        code = application.run(arguments)
    assert "Traceback" not in err.getvalue()
    return Said(code, out.getvalue(), err.getvalue())


@dataclass(frozen=True)
class Planned:
    """A network and the date of it that was planned."""

    settings: Settings
    plan_date: dt.date
    said: Said

    def table(self, frame: Frame) -> Rows:
        return Published(self.settings.network_home().published).read(frame, self.plan_date)

    def of(self, frame: Frame, pair: tuple[str, str]) -> Rows:
        """Return the rows of an item at a site."""
        rows = self.table(frame)
        return rows[(rows["item_id"] == pair[0]) & (rows["site_id"] == pair[1])]

    def actions(self, rule: str, feed: str, site: str = "", item: str = "") -> list[str]:
        verdicts = self.table(VERDICTS)
        place = verdicts[["rule", "feed", "site_id", "item_id"]] == [rule, feed, site, item]
        return list(verdicts.loc[place.all(axis=1), "action"])

    def refused(self, feed: str, **sent: str) -> str:
        """Return the one reason for which the row sent with these values is in quarantine."""
        rows = self.table(QUARANTINE)
        rows = rows[rows["feed"] == feed]
        [reason] = [
            reason
            for reason, payload in zip(rows["reason"], rows["payload"], strict=True)
            if sent.items() <= json.loads(payload).items()
        ]
        assert "\n" not in reason
        return reason

    def decision(self, pair: tuple[str, str]) -> str:
        [found] = self.of(DECISIONS, pair)["decision"]
        return str(found)


def landing_of(settings: Settings) -> LandingArea:
    home = settings.network_home()
    return LandingArea(home.landing, home.profile.clock)


def land(landing: LandingArea, batch: FeedBatch, data: Rows | None = None) -> None:
    available = batch_available_at(batch.table, batch.business_date, PARAMETERS.timezone)
    landing.land_frame(
        batch.table, batch.data if data is None else data, batch.business_date,
        available_at=available, row_availability=batch.row_availability,
    )  # fmt: skip


def plan(settings: Settings, plan_date: dt.date) -> Said:
    return typed(settings, "plan", "--date", plan_date.isoformat(), "--json")
