"""The kinds of events that scenarios are made of, one class each, as a YAML file states them.

Not here: what an event does to a world (``scenario_world``).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

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

KINDS: tuple[type[Section], ...] = (
    DemandEvent, PromotionEvent, LanesEvent, SitesEvent, SupplyEvent, LeadTimeEvent, FreightEvent, OpeningEvent,
    LaunchEvent, EndEvent, FeedEvent, GatewayEvent,
)  # fmt: skip


def kind_of(section: type[Section]) -> str:
    """Return the kind by which files name a class of events."""
    return str(section.model_fields["kind"].annotation.__args__[0])  # type: ignore[union-attr]
