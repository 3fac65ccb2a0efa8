"""A scenario in a world: judged before anything runs, then what disrupts the world, its feeds and its gateway.

Not here: the file (``scenario``), or living it (``full``).
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from assets.feeds.synthetic.batch import FeedBatch
from assets.feeds.synthetic.catalogue import Catalogue
from assets.feeds.synthetic.changes import Changes
from assets.feeds.synthetic.disruptions import (
    DearerFreight,
    DemandShock,
    Disruption,
    LanesClosed,
    Promotion,
    SitesClosed,
    SlowerWays,
    Span,
    SupplyCut,
)
from assets.feeds.synthetic.faults import FAULTS, Fault, fault
from assets.feeds.synthetic.parameters import WorldParameters
from assets.feeds.synthetic.world import World
from assets.kernel.errors import EquipoiseError
from assets.kernel.frames.feeds import LARGEST_QUANTITY
from assets.twin.scenario import Scenario
from assets.twin.scenario_events import (
    DemandEvent,
    EndEvent,
    Event,
    FeedEvent,
    FreightEvent,
    GatewayEvent,
    LanesEvent,
    LaunchEvent,
    LeadTimeEvent,
    OpeningEvent,
    PromotionEvent,
    SitesEvent,
    SupplyEvent,
)

_LARGEST_DRAW = 1_000
"""More than any day's demand of an item at a store before a factor."""


@dataclass(frozen=True)
class FeedFault:
    """A fault of the feeds and the business dates that it spoils."""

    span: Span
    fault: Fault

    def sent(self, batch: FeedBatch) -> tuple[FeedBatch, ...]:
        """Return what is sent instead of a batch."""
        kind = self.fault.kind
        if not self.span.covers(batch.business_date) or batch.table.name not in kind.tables:
            return (batch,)
        return kind.transform(self.fault, batch)


@dataclass(frozen=True)
class GatewayFault:
    """A fault of the gateway and the days on which it happens."""

    span: Span
    name: str


@dataclass(frozen=True)
class Staged:
    """A scenario in a world.

    Attributes
    ----------
    scenario : Scenario
        What was asked for.
    world : World
        Its history is that of the seed, but for sites that open and items that come or go.
    start : date
        First day of the run, the day after the history.
    days : int
        Length of the run.
    feed_faults, gateway_faults : tuples
        What happens beside the world.
    """

    scenario: Scenario
    world: World
    start: dt.date
    days: int
    feed_faults: tuple[FeedFault, ...]
    gateway_faults: tuple[GatewayFault, ...]

    @property
    def dates(self) -> tuple[dt.date, ...]:
        """Days of the run."""
        return tuple(self.start + dt.timedelta(days=number) for number in range(self.days))

    def spoilt(self, batches: Iterable[FeedBatch]) -> Iterator[FeedBatch]:
        """Return what is sent of some batches."""
        for batch in batches:
            sent: tuple[FeedBatch, ...] = (batch,)
            for one in self.feed_faults:
                sent = tuple(made for had in sent for made in one.sent(had))
            yield from sent

    def gateway_faults_on(self, date: dt.date) -> tuple[str, ...]:
        """Return what the gateway has to survive on a day."""
        return tuple(one.name for one in self.gateway_faults if one.span.covers(date))


def staged(scenario: Scenario, parameters: WorldParameters, days: int) -> Staged:
    """Return a scenario in the world of some parameters.

    Raises
    ------
    EquipoiseError
        If it cannot happen there: a site, item or supplier that is not there, a day outside the run, nothing that
        could ever be bought or shipped, or more demand than a feed can tell.
    """
    start = parameters.last_date + dt.timedelta(days=1)
    plain = World(parameters).catalogue
    _require_possible(scenario, plain, days)

    def span(event: Event) -> Span:
        return Span(start + dt.timedelta(days=event.start - 1), start + dt.timedelta(days=event.last - 1))

    disruptions = [made for event in scenario.events if (made := _disruption(event, span(event), plain)) is not None]
    changes = Changes(
        opens={event.site: span(event).first for event in scenario.events if isinstance(event, OpeningEvent)},
        launches={
            item: span(event).first
            for event in scenario.events
            if isinstance(event, LaunchEvent)
            for item in event.items
        },
        ends={
            item: span(event).first for event in scenario.events if isinstance(event, EndEvent) for item in event.items
        },
    )
    faults = tuple(
        FeedFault(span(event), fault(event.fault, site=event.site, item=event.item, factor=event.factor).located(plain))
        for event in scenario.events
        if isinstance(event, FeedEvent)
    )
    gateway = tuple(
        GatewayFault(span(event), event.fault) for event in scenario.events if isinstance(event, GatewayEvent)
    )
    return Staged(scenario, World(parameters, changes, disruptions), start, days, faults, gateway)


def _disruption(event: Event, span: Span, catalogue: Catalogue) -> Disruption | None:
    match event:
        case DemandEvent():
            return DemandShock(span, event.factor, event.sites, _chosen(event.items, event.item_share, catalogue))
        case PromotionEvent():
            items = _chosen(event.items, event.item_share, catalogue) or tuple(catalogue.items.ids.tolist())
            return Promotion(span, event.factor, event.price_cut, items)
        case LanesEvent():
            return LanesClosed(span, event.origins, event.destinations)
        case SitesEvent():
            return SitesClosed(span, event.sites, event.gives, event.receives)
        case SupplyEvent():
            return SupplyCut(span, event.percent, event.suppliers)
        case LeadTimeEvent():
            return SlowerWays(span, event.factor, event.of != "lanes", event.of != "suppliers")
        case FreightEvent():
            return DearerFreight(span, event.factor)
    return None


def _chosen(items: tuple[str, ...], share: float, catalogue: Catalogue) -> tuple[str, ...]:
    """Return the items named, or every so many of all; nothing for all."""
    if items or share >= 1.0:
        return items
    ids = catalogue.items.ids
    count = max(1, math.ceil(len(ids) * share))
    return tuple(str(ids[number * len(ids) // count]) for number in range(count))


def _require_possible(scenario: Scenario, catalogue: Catalogue, days: int) -> None:
    """Raise the first thing that cannot be."""
    for number, event in enumerate(scenario.events, start=1):
        where = f"scenario {scenario.name}, event {number} ({event.kind})"
        if event.last > days:
            raise EquipoiseError(
                f"it ends on day {event.last}, and the run has {days} days", where=where,
                remedy=f"Let it end by day {days}, or run {event.last} days or more with --days",
            )  # fmt: skip
        _require_known(event, catalogue, where)
        factor = getattr(event, "factor", 0.0) if isinstance(event, (DemandEvent, PromotionEvent)) else 0.0
        if factor * _LARGEST_DRAW > LARGEST_QUANTITY:
            raise EquipoiseError(
                f"demand times {factor:g} is more than a feed can tell", where=where, remedy="Give a smaller factor"
            )
        if _closes_all(event, catalogue, days):
            raise EquipoiseError(
                "nothing could be bought or shipped on any day of the run", where=where,
                remedy="Let it end before the run does, or name those that it concerns",
            )  # fmt: skip


def _closes_all(event: Event, catalogue: Catalogue, days: int) -> bool:
    if not (getattr(event, "start", 0) == 1 and getattr(event, "days", 0) >= days):
        return False
    match event:
        case SupplyEvent():
            suppliers = set(catalogue.sourcing.supplier_ids.tolist())
            return event.percent == 0 and (not event.suppliers or set(event.suppliers) >= suppliers)
        case LanesEvent():
            return not event.origins and not event.destinations
        case SitesEvent():
            return set(event.sites) >= set(catalogue.sites.ids.tolist())
    return False


def _require_known(event: Event, catalogue: Catalogue, where: str) -> None:
    sites = catalogue.sites.ids.tolist()
    stores = sites[: catalogue.parameters.size.stores]
    named = {
        "sites": (("site", sites), getattr(event, "sites", ())),
        "origins": (("site", sites), getattr(event, "origins", ())),
        "destinations": (("site", sites), getattr(event, "destinations", ())),
        "items": (("item", catalogue.items.ids.tolist()), getattr(event, "items", ())),
        "suppliers": (("supplier", catalogue.sourcing.supplier_ids.tolist()), getattr(event, "suppliers", ())),
        "opening": (("store", stores), (event.site,) if isinstance(event, OpeningEvent) else ()),
        "fault": (("fault of feeds", list(FAULTS)), (event.fault,) if isinstance(event, FeedEvent) else ()),
    }
    for (kind, known), wanted in named.values():
        strange = [name for name in wanted if name not in known]
        if strange:
            raise EquipoiseError(
                f"there is no {kind} {strange[0]}", where=where,
                remedy=f"Name one of {', '.join(known[:12])}{', ...' if len(known) > 12 else ''}",
            )  # fmt: skip
