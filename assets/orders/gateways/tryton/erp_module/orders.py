"""Fields that Tryton's own orders carry for ours, as a module of Tryton: loaded by its server, never by us.

The order id is unique in the ERP's database, so that of two that create the same order at once one fails,
whoever they are and whenever they stop. A copy that a person makes of an order is not ours. Nothing is
imported from the server until it asks for a class, so that this file can be read without it.
Not here: any behaviour; what is asked of these records stands in ``gateway``.
"""
# mypy: ignore-errors

from __future__ import annotations

from functools import cache
from typing import Any


def __getattr__(name: str) -> Any:
    try:
        return _classes()[name]
    except KeyError:
        raise AttributeError(name) from None


@cache
def _classes() -> dict[str, Any]:
    from trytond.model import Unique, fields
    from trytond.pool import PoolMeta

    class Order:
        __slots__ = ()
        equipoise_order = fields.Char("Equipoise Order")
        equipoise_revision = fields.Integer("Equipoise Revision")
        equipoise_answered = fields.Integer("Equipoise Revision Answered")
        equipoise_key = fields.Char("Equipoise Key")
        equipoise_cancelled = fields.Char("Equipoise Cancelled")

        @classmethod
        def __setup__(cls):
            super().__setup__()
            table = cls.__table__()
            unique = Unique(table, table.equipoise_order)
            cls._sql_constraints.append(("equipoise_order_unique", unique, "equipoise.msg_order_unique"))

        @classmethod
        def copy(cls, records, default=None):
            ours = [name for name in cls._fields if name.startswith("equipoise_")]
            return super().copy(records, default={**dict.fromkeys(ours), **(default or {})})

    class Line:
        __slots__ = ()
        # Tryton copies a move where a part of it goes on alone, and the number with it.
        equipoise_line = fields.Integer("Equipoise Line")

    class ShipmentInternal(Order, metaclass=PoolMeta):
        __name__ = "stock.shipment.internal"

    class Purchase(Order, metaclass=PoolMeta):
        __name__ = "purchase.purchase"

    class Move(Line, metaclass=PoolMeta):
        __name__ = "stock.move"

    class PurchaseLine(Line, metaclass=PoolMeta):
        __name__ = "purchase.line"

    # By their names here: inside Tryton a class is called what its records are.
    return {"ShipmentInternal": ShipmentInternal, "Purchase": Purchase, "Move": Move, "PurchaseLine": PurchaseLine}
