"""What was computed of a panel and will be asked for again.

Not here: the panel (``panel``), or who computes any of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from assets.forecasting.history.arrays import Reals

if TYPE_CHECKING:
    from assets.forecasting.history.yearly.season import YearlySeason


@dataclass
class Kept:
    """Results of one panel, which never changes: each is computed once, by whoever asks first.

    Attributes
    ----------
    season_factors : array (n, season length) or None
        By ``seasonality``; histories, levels and trees all ask for them.
    shrunken_mean : array (n,) or None
        Shrunken exponential mean of every series in season (``levels``).
    year_season : dict
        The season of the year beside effects of drivers, by their digest; empty without any. None where none shows.
    """

    season_factors: Reals | None = None
    shrunken_mean: Reals | None = None
    year_season: dict[str, YearlySeason | None] = field(default_factory=dict)
