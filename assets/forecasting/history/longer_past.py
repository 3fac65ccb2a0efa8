"""The longer past of a panel's series: what is seen too seldom for the panel alone is learned of it.

Here: what it holds beside its cells. Not here: how long it is (``remembered``), or what is learned of it
(``driver_learning``, ``yearly``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from assets.forecasting.history.arrays import Reals
from assets.forecasting.history.yearly.groups import YearlyGroups

if TYPE_CHECKING:
    from assets.forecasting.history.panel import SeriesPanel


@dataclass(frozen=True)
class LongerPast:
    """The same series over a longer past, which ends where the panel's does.

    Attributes
    ----------
    panel : SeriesPanel
        Its cells, and what drove them; it has no longer past itself.
    year_place : array (T + H,) or None
        Where in the year each of its days lies, ahead too (``place``); None where no season of the year is sought.
    year_groups : YearlyGroups or None
        Whose season of the year counts, at every origin; None where that has not been asked yet.
    """

    panel: SeriesPanel
    year_place: Reals | None = None
    year_groups: YearlyGroups | None = None

    def of_series(self, chosen: Callable[[SeriesPanel], SeriesPanel]) -> LongerPast:
        """Return the longer past of some series, which ``chosen`` picks out of a panel."""
        return replace(self, panel=chosen(self.panel))

    def without_last(self, buckets: int) -> LongerPast:
        """Return what an origin so many buckets earlier knows."""
        place = self.year_place
        return replace(
            self,
            panel=self.panel.until(self.panel.length - buckets),
            year_place=None if place is None else place[: len(place) - buckets],
        )
