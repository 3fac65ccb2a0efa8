"""What `explain` and `lineage` are asked about: an order, or an item at a site."""

from __future__ import annotations

from typing import Annotated

import typer

OrderId = Annotated[str | None, typer.Argument(metavar="[ID]", help="Order id, or its first characters.")]
Item = Annotated[str | None, typer.Option(help="Item; together with --site.")]
Site = Annotated[str | None, typer.Option(help="Site; together with --item.")]


def names_order(order_id: str | None, item: str | None, site: str | None) -> bool:
    """Return whether an order was asked for; if not, an item and a site were.

    Raises
    ------
    typer.BadParameter
        If neither or both were given, or an item without a site.
    """
    if (order_id is None) == (item is None and site is None) or (item is None) != (site is None):
        raise typer.BadParameter("give an order id, or --item and --site together")
    return order_id is not None
