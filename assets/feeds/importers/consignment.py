"""Landing the tables of one import: conform, land, remember.

Everything an importer lands speaks of one business date, the last of the history.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

from assets.feeds.contract import feed_table
from assets.feeds.envelope import Envelope, RowAvailability, batch_available_at
from assets.feeds.landing import LandingArea
from assets.kernel.network import NetworkProfile


@dataclass
class Consignment:
    """The batches of one import.

    Parameters
    ----------
    landing : LandingArea
        Where they go.
    profile : NetworkProfile
        Its time zone says when a business date ends.
    business_date : date
        Last business date of the data set.
    """

    landing: LandingArea
    profile: NetworkProfile
    business_date: dt.date
    envelopes: list[Envelope] = field(default_factory=list)

    def send(
        self,
        name: str,
        data: pd.DataFrame,
        *,
        row_availability: RowAvailability = "batch",
        covers: Sequence[str] | None = None,
    ) -> None:
        """Land the rows of one table, such as ``erp.items``.

        Raises
        ------
        EquipoiseError
            If the rows do not conform to the contract: the importer is wrong, or the files are.
        """
        table = feed_table(*name.split("."))
        self.envelopes.append(
            self.landing.land_frame(
                table,
                # What joined the contract later is sent where it is known.
                table.frame.conform(data)[[name for name in table.frame.names if name in data.columns]],
                self.business_date,
                available_at=batch_available_at(table, self.business_date, self.profile.timezone),
                row_availability=row_availability,
                covers=covers,
            )
        )
