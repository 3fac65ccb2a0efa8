"""Documents of ours that set Tryton's order points, as records of Tryton: loaded by its server, never by us.

A document is one record, whose order id is unique in the ERP's database; the order points that it sets belong to it
until a later one sets them, and are written in the transaction that creates or changes it. Not here: any behaviour;
what Tryton orders by an order point is its own.
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
    from trytond.model import ModelSQL, ModelView, Unique, fields
    from trytond.pool import PoolMeta

    class Parameters(ModelSQL, ModelView):
        """Equipoise parameters."""

        __name__ = "equipoise.parameters"
        reference = fields.Char("Reference")
        state = fields.Selection([("accepted", "Accepted")], "State", required=True)
        plan_date = fields.Date("Plan Date", required=True)
        content = fields.Text("Content", help="What came of each line, as JSON.")
        company = fields.Many2One("company.company", "Company", required=True)
        order_points = fields.One2Many("stock.order_point", "equipoise_parameters", "Order Points")
        equipoise_order = fields.Char("Equipoise Order", required=True)
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

    class OrderPoint(metaclass=PoolMeta):
        __name__ = "stock.order_point"
        # A person who makes an order point by hand makes none of ours.
        equipoise_parameters = fields.Many2One("equipoise.parameters", "Equipoise Parameters", ondelete="SET NULL")
        equipoise_minimum = fields.Float("Equipoise Minimum", help="Stock to be left when the next receipt comes.")

        @classmethod
        def copy(cls, records, default=None):
            ours = {"equipoise_parameters": None, "equipoise_minimum": None}
            return super().copy(records, default={**ours, **(default or {})})

    return {"Parameters": Parameters, "OrderPoint": OrderPoint}
