"""What an import came to, and the shape that every importer has."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from assets.feeds.envelope import Envelope
from assets.kernel.clock import Clock
from assets.kernel.home import NetworkHome
from assets.kernel.network import NetworkProfile


@dataclass(frozen=True)
class ImportReport:
    """What was imported.

    Attributes
    ----------
    profile : NetworkProfile
        As written into the network's home.
    envelopes : tuple of Envelope
        Batches, in the order they landed.
    sold_units, on_hand_units, under_way_units : int
        Totals in base units: net sales of the history, opening stock, and stock under way.
    """

    profile: NetworkProfile
    envelopes: tuple[Envelope, ...]
    sold_units: int
    on_hand_units: int
    under_way_units: int

    @property
    def rows_by_table(self) -> dict[str, int]:
        """Rows by raw table, such as ``wms_inventory``."""
        rows: Counter[str] = Counter()
        for envelope in self.envelopes:
            rows[f"{envelope.source}_{envelope.table}"] += envelope.row_count
        return dict(sorted(rows.items()))


class Importer(Protocol):
    """Brings the files of one public data set into a network's landing area.

    It writes the network's profile, lands every table of the contract that the data set can
    fill, and may be called again without effect.
    """

    def __call__(self, directory: Path, home: NetworkHome, clock: Clock) -> ImportReport:
        """Import the files of ``directory`` into ``home``; ``clock`` stamps ``landed_at``."""
        ...
