"""What a network says of itself, and the shape of its lanes.

The profile is a YAML file in the network's home, written by whoever made the network (the
demo, an importer, a person). Sites and lanes themselves arrive as feeds.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from assets.kernel.calendar import Bucket, PlanCalendar
from assets.kernel.clock import Clock, DeclaredClock, WallClock
from assets.kernel.errors import EquipoiseError
from assets.kernel.frames.feeds import DEPARTURE_DAYS

PROFILE_FILE = "network.yaml"

CROSS_DOCK = "cross_dock"
"""Kind of a site that holds no stock: what comes in leaves in the same bucket."""


def _known_timezone(name: str) -> str:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"unknown time zone {name!r}") from error
    return name


class NetworkProfile(BaseModel):
    """One network: its name, calendar and clock.

    Attributes
    ----------
    name : str
        Part of every order id.
    bucket : Bucket
        Planning bucket.
    horizon_buckets : int
        Buckets a plan looks ahead.
    first_plan_date : date
        First partition of the graph.
    declared_date : date or None
        Business date of a simulated or imported network; ``None`` for a live one.
    currency : str
        ISO 4217 code that money is printed in.
    lost_sales : bool
        Whether unmet demand is lost (true) or backordered.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    title: str = ""
    timezone: Annotated[str, AfterValidator(_known_timezone)] = "UTC"
    bucket: Bucket = Bucket.DAY
    horizon_buckets: int = Field(default=14, ge=2, le=120)
    cutoff_hour: int = Field(default=5, ge=0, le=23)
    first_plan_date: dt.date
    declared_date: dt.date | None = None
    currency: str = Field(default="EUR", pattern=r"^[A-Z]{3}$")
    lost_sales: bool = True

    @property
    def calendar(self) -> PlanCalendar:
        """The bucket grid."""
        return PlanCalendar(self.bucket, self.timezone, self.cutoff_hour)

    @property
    def clock(self) -> Clock:
        """The declared clock, or the wall clock of a live network."""
        return DeclaredClock(self.declared_date) if self.declared_date else WallClock(self.timezone)

    def write(self, directory: Path) -> Path:
        """Write the profile into ``directory`` and return its path."""
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / PROFILE_FILE
        path.write_text(yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False))
        return path


def read_profile(directory: Path) -> NetworkProfile:
    """Read the profile of the network whose home is ``directory``.

    Raises
    ------
    EquipoiseError
        If there is none, or if it does not validate.
    """
    path = directory / PROFILE_FILE
    if not path.exists():
        raise EquipoiseError(
            "there is no network here yet",
            where=str(path),
            remedy="Run `equipoise demo` or `equipoise import NAME DIR`, or write the file",
        )
    try:
        return NetworkProfile.model_validate(yaml.safe_load(path.read_text()))
    except (ValidationError, yaml.YAMLError) as error:
        raise EquipoiseError(str(error), where=str(path), remedy="Correct the file") from error


def lane_cycles(lanes: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Return the groups of sites that lie on a common cycle of lanes, sorted.

    A cycle is allowed (neighbouring stores ship both ways); what may not happen is that one
    plan ships the same item both ways.

    >>> lane_cycles([("a", "b"), ("b", "a"), ("b", "c")])
    [['a', 'b']]
    """
    import networkx as nx

    graph = nx.DiGraph(sorted(lanes))
    return sorted(sorted(group) for group in nx.strongly_connected_components(graph) if len(group) > 1)


def departure_weekdays(days: str | None) -> list[int]:
    """Return the ISO weekdays on which a lane departs; none where ``days`` cannot be read.

    Landing quarantines what cannot be read; a lane that came in before departs never.

    >>> departure_weekdays("1,3,5"), departure_weekdays("6, 7"), departure_weekdays("banana")
    ([1, 3, 5], [6, 7], [])
    >>> departure_weekdays("")
    [1, 2, 3, 4, 5, 6, 7]
    """
    text = days or ""
    if not re.fullmatch(DEPARTURE_DAYS, text):
        return []
    return sorted({int(day) for day in text.split(",") if day.strip()}) or list(range(1, 8))
