"""A scenario: what happens to a network, to what it is told and to its gateway, from which day of a run and how long.

A YAML file validated here: an unknown key is an error that names it and the keys that are allowed. Not here:
whether a world can live it (``scenario_world``), or the run (``full``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from assets.feeds.synthetic.faults import FAULTS
from assets.kernel.errors import EquipoiseError

SHIPPED = Path(__file__).parent / "scenarios"
UNDISTURBED = "undisturbed"
"""Name of the scenario in which nothing happens."""
LARGEST_FACTOR = 1e4
"""Beyond it a day's demand of an item would not be a whole number that a feed can tell."""

Names = Annotated[tuple[str, ...], Field(strict=False)]


class Section(BaseModel):
    """A part of a scenario: no key but its own."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Lasting(Section):
    """Something that lasts.

    Attributes
    ----------
    start : int
        Day of the run on which it begins; 1 is the first.
    days : int
        How long it lasts.
    """

    start: int = Field(ge=1)
    days: int = Field(ge=1)

    @property
    def last(self) -> int:
        """Last day of the run that it touches."""
        return self.start + self.days - 1


class Lasts(Section):
    """Something that begins and stays."""

    start: int = Field(ge=1)

    @property
    def last(self) -> int:
        """Last day of the run that matters to it."""
        return self.start


class DemandEvent(Lasting):
    """Demand is multiplied, at some sites, for some items or a share of all of them."""

    kind: Literal["demand"]
    factor: float = Field(ge=0, le=LARGEST_FACTOR, allow_inf_nan=False, strict=False)
    sites: Names = ()
    items: Names = ()
    item_share: float = Field(default=1.0, gt=0, le=1, strict=False)


class PromotionEvent(Lasting):
    """Items are promoted at a cut price; the feeds announce it from the first day of the run on."""

    kind: Literal["promotion"]
    factor: float = Field(gt=0, le=LARGEST_FACTOR, allow_inf_nan=False, strict=False)
    price_cut: float = Field(ge=0, lt=1, strict=False)
    items: Names = ()
    item_share: float = Field(default=0.2, gt=0, le=1, strict=False)


class LanesEvent(Lasting):
    """Nothing departs on some lanes."""

    kind: Literal["lanes_closed"]
    origins: Names = ()
    destinations: Names = ()


class SitesEvent(Lasting):
    """Sites give nothing, or take nothing in."""

    kind: Literal["site_closed"]
    sites: Names = Field(min_length=1)
    gives: bool = False
    receives: bool = False


class SupplyEvent(Lasting):
    """Suppliers deliver a share of what is bought."""

    kind: Literal["supply"]
    percent: int = Field(ge=0, le=100)
    suppliers: Names = ()


class LeadTimeEvent(Lasting):
    """Lead times are multiplied."""

    kind: Literal["lead_time"]
    factor: float = Field(gt=0, le=10, strict=False)
    of: Literal["suppliers", "lanes", "all"] = "all"


class FreightEvent(Lasting):
    """Transport costs a multiple."""

    kind: Literal["freight"]
    factor: float = Field(ge=0, le=LARGEST_FACTOR, allow_inf_nan=False, strict=False)


class OpeningEvent(Lasts):
    """A store opens: it sells nothing before."""

    kind: Literal["opening"]
    site: str


class LaunchEvent(Lasts):
    """Items are sold from a day on."""

    kind: Literal["launch"]
    items: Names = Field(min_length=1)


class EndEvent(Lasts):
    """Items decline from a day on, and are delisted three weeks later."""

    kind: Literal["end"]
    items: Names = Field(min_length=1)


class FeedEvent(Lasting):
    """A feed is spoilt by a fault of the synthetic world."""

    kind: Literal["feed"]
    fault: str
    site: str = ""
    item: str = ""
    factor: float = Field(default=0.0, ge=0, strict=False)


class GatewayEvent(Lasting):
    """The other side does not answer, or its answers to new orders get lost."""

    kind: Literal["gateway"]
    fault: Literal["down", "lost_reply", "duplicate_reply", "crash_after_commit"]


Event = Annotated[
    DemandEvent | PromotionEvent | LanesEvent | SitesEvent | SupplyEvent | LeadTimeEvent | FreightEvent
    | OpeningEvent | LaunchEvent | EndEvent | FeedEvent | GatewayEvent,
    Field(discriminator="kind"),
]  # fmt: skip


class Scenario(Section):
    """One scenario.

    Attributes
    ----------
    name, title : str
        As it is asked for, and in words.
    events : tuple
        What happens; nothing if empty.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    title: str
    events: Annotated[tuple[Event, ...], Field(strict=False)] = ()

    @property
    def lasting(self) -> tuple[Lasting, ...]:
        """Events that end."""
        return tuple(event for event in self.events if isinstance(event, Lasting))

    @property
    def first_day(self) -> int:
        """Day of the run on which the first event begins; 0 if there is none."""
        return min((event.start for event in self.events), default=0)

    @property
    def last_day(self) -> int:
        """Last day of the run on which an event goes on; 0 if there is none."""
        return max((event.last for event in self.events), default=0)

    @property
    def changes_the_range(self) -> bool:
        """Whether stores open or items come or go, so that demand is another from the beginning."""
        return any(isinstance(event, (OpeningEvent, LaunchEvent, EndEvent)) for event in self.events)


def shipped_scenarios() -> dict[str, Path]:
    """Return the scenarios that come with the package, by name."""
    return {path.stem: path for path in sorted(SHIPPED.glob("*.yaml"))}


def named_scenario(name: str) -> Scenario:
    """Return a shipped scenario by name, or the one in a file.

    Raises
    ------
    EquipoiseError
        If there is neither, or if it does not validate.
    """
    shipped = shipped_scenarios()
    path = shipped.get(name) or Path(name)
    if name not in shipped and not path.is_file():
        raise EquipoiseError(
            "there is no such scenario",
            where=f"scenario {name}",
            remedy=f"Name a YAML file, or one of {', '.join(shipped)}",
        )
    return read_scenario(path)


def read_scenario(path: Path) -> Scenario:
    """Return the scenario of a file.

    Raises
    ------
    EquipoiseError
        If it is no YAML, has a key that is not known, or a value that is not allowed.
    """
    try:
        return Scenario.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except ValidationError as error:
        told = "; ".join(_told(fault) for fault in error.errors()[:3])
        raise EquipoiseError(told, where=str(path), remedy="Correct the scenario") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise EquipoiseError(f"it is not YAML: {error}", where=str(path), remedy="Correct the scenario") from error
    except OSError as error:
        raise EquipoiseError(
            f"it cannot be read: {error.strerror}", where=str(path), remedy="Let this user read it"
        ) from error


def _told(fault: ErrorDetails) -> str:
    path = ".".join(str(part) for part in fault["loc"]) or "the document"
    if fault["type"] == "extra_forbidden":
        return f"{path}: unknown key; allowed here: {', '.join(_allowed(fault['loc']))}"
    if fault["type"] == "missing":
        return f"{path}: it is missing"
    return f"{path}: {fault['msg']}, not {fault['input']!r}" if _is_plain(fault["input"]) else f"{path}: {fault['msg']}"


def _is_plain(value: Any) -> bool:
    return isinstance(value, (str, int, float))


def _allowed(place: tuple[int | str, ...]) -> list[str]:
    """Return the keys of the section that a place of the document lies in: (events, number, kind, key)."""
    section = next((kind for kind in _KINDS if len(place) > 2 and _kind_of(kind) == place[2]), Scenario)
    return list(section.model_fields)


_KINDS: tuple[type[Section], ...] = (
    DemandEvent, PromotionEvent, LanesEvent, SitesEvent, SupplyEvent, LeadTimeEvent, FreightEvent, OpeningEvent,
    LaunchEvent, EndEvent, FeedEvent, GatewayEvent,
)  # fmt: skip


def _kind_of(section: type[Section]) -> str:
    return str(section.model_fields["kind"].annotation.__args__[0])  # type: ignore[union-attr]


def known_faults() -> tuple[str, ...]:
    """Return the faults of feeds that a scenario may name."""
    return tuple(FAULTS)
