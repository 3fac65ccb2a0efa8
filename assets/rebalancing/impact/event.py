"""An event: the part of the network that an impact question supposes to be out.

Not here: what depends on it (``supply_graph``), and what that costs (``exposure``).
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from assets.kernel.errors import EquipoiseError

KINDS = ("supplier", "lane", "site", "item")
_FORMS = "supplier=S, lane=ORIGIN>DESTINATION, lane=ORIGIN>DESTINATION:MODE, site=S or item=I"


@dataclass(frozen=True)
class Event:
    """A supplier, lane or site that is out, or an item that nobody supplies.

    Attributes
    ----------
    kind : str
        One of ``KINDS``.
    name : str
        Supplier, site or item; origin of a lane.
    destination, mode : str
        Of a lane; no mode means every mode.
    """

    kind: str
    name: str
    destination: str = ""
    mode: str = ""

    @classmethod
    def parse(cls, text: str) -> Event:
        """Read an event as a person writes it.

        >>> Event.parse("lane=dc-1>store-02:truck")
        Event(kind='lane', name='dc-1', destination='store-02', mode='truck')

        Raises
        ------
        EquipoiseError
            If the text has none of the forms.
        """
        kind, _, rest = text.partition("=")
        name, arrow, ends = rest.partition(">")
        destination, _, mode = ends.partition(":")
        whole = bool(name) and (bool(destination) if kind == "lane" else not arrow)
        if kind not in KINDS or not whole:
            raise EquipoiseError(f"{text!r} names no event", where="impact", remedy=f"Ask for {_FORMS}")
        return cls(kind, name, destination, mode)

    def takes_out(self, ways: pd.DataFrame) -> pd.Series[bool]:
        """Return which ways of supply are out, or which of any table with a way's columns.

        Parameters
        ----------
        ways : DataFrame
            item_id, kind (purchase or transfer), source_id, site_id, and mode where the table knows it.
        """
        purchase = ways["kind"] == "purchase"
        if self.kind == "item":
            return (ways["item_id"] == self.name) & purchase
        if self.kind == "supplier":
            return (ways["source_id"] == self.name) & purchase
        if self.kind == "site":
            return (ways["site_id"] == self.name) | ((ways["source_id"] == self.name) & ~purchase)
        on_lane = ~purchase & (ways["source_id"] == self.name) & (ways["site_id"] == self.destination)
        return on_lane & (ways["mode"] == self.mode) if self.mode and "mode" in ways else on_lane
