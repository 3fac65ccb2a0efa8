"""What is other in a world than its seed says, from a date on: sites that open, items that come and go.

The history is lived with it. Not here: what happens for some days (``disruptions``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from assets.kernel.errors import EquipoiseError

if TYPE_CHECKING:
    from assets.feeds.synthetic.catalogue import Catalogue
    from assets.feeds.synthetic.items import Integers

FAR_DAY = 10**6
END_DAYS = 21
"""Days from the decline of an item to its end."""


@dataclass(frozen=True)
class Changes:
    """Changes of what stands still.

    Attributes
    ----------
    opens : mapping of str to date
        Stores, and the first day on which they sell.
    launches : mapping of str to date
        Items, and the first day on which they are sold.
    ends : mapping of str to date
        Items, and the day from which their demand declines; three weeks later they are delisted.
    """

    opens: Mapping[str, dt.date] = field(default_factory=dict)
    launches: Mapping[str, dt.date] = field(default_factory=dict)
    ends: Mapping[str, dt.date] = field(default_factory=dict)

    def of(self, catalogue: Catalogue) -> Catalogue:
        """Return a catalogue with the changes; the same one where there are none.

        Raises
        ------
        EquipoiseError
            If it has no such store or item.
        """
        if not (self.opens or self.launches or self.ends):
            return catalogue
        items, places, day = catalogue.items, catalogue.places, catalogue.parameters.day_index
        opening = np.full(len(catalogue.sites.ids), -FAR_DAY, dtype=np.int64)
        for site, date in self.opens.items():
            number = _number(catalogue.sites.ids[: catalogue.parameters.size.stores].tolist(), site, "store")
            opening[number] = day(date)
        launch, decline, end = items.launch_day.copy(), items.decline_day.copy(), items.end_day.copy()
        for item, date in self.launches.items():
            number = _number(items.ids.tolist(), item, "item")
            launch[number], decline[number], end[number] = day(date), FAR_DAY, FAR_DAY
        for item, date in self.ends.items():
            number = _number(items.ids.tolist(), item, "item")
            decline[number], end[number] = day(date), day(date) + END_DAYS
        return replace(
            catalogue,
            items=replace(items, launch_day=launch, decline_day=decline, end_day=end),
            places=replace(places, opening_day=_of_places(opening, places.site)),
        )


def _of_places(opening: Integers, site: Integers) -> Integers:
    return np.asarray(opening[site], dtype=np.int64)


def _number(names: Sequence[str], name: str, kind: str) -> int:
    if name not in names:
        raise EquipoiseError(
            f"the world has no {kind} {name}",
            where="synthetic world",
            remedy=f"Name one from {names[0]} to {names[-1]}",
        )
    return names.index(name)
