"""Documents of ours that set Tryton's order points, as records of Tryton: loaded by its server, never by us.

A document is one record, whose order id is unique in the ERP's database; the order points that it sets belong to it
until a later one sets them. They are read and written in the transaction that creates or changes it. What a document
of a later plan date asked stays asked, though it was to delete an order point: its record is kept. Not here: what
Tryton orders by an order point, which is its own.
"""
# mypy: ignore-errors

from __future__ import annotations

import json
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
    from trytond.pool import Pool, PoolMeta

    class Parameters(ModelSQL, ModelView):
        """Equipoise parameters."""

        __name__ = "equipoise.parameters"
        reference = fields.Char("Reference")
        state = fields.Selection([("accepted", "Accepted")], "State", required=True)
        plan_date = fields.Date("Plan Date", required=True)
        wanted = fields.Text("Wanted", help="What it asks of order points, line by line, as JSON.")
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

        @classmethod
        def create(cls, vlist):
            records = super().create(vlist)
            for record in records:
                record._set_order_points()
            return records

        @classmethod
        def write(cls, *args):
            super().write(*args)
            for records, values in zip(args[::2], args[1::2], strict=True):
                for record in records if "wanted" in values else ():
                    record._set_order_points()

        def _set_order_points(self):
            """Set order points as the document asks, but for what a document of a later plan date asked of."""
            # Of two documents at once the second reads what the first has set.
            Pool().get("stock.order_point").lock()
            later = self.search([("plan_date", ">", self.plan_date), ("company", "=", self.company.id)])
            newer = {(line["product"], line["site"]) for one in later for line in json.loads(one.wanted or "[]")}
            content = []
            for line in json.loads(self.wanted or "[]"):
                taken = (line["product"], line["site"]) not in newer
                if taken:
                    self._set_order_point(line)
                content.append([line["line"], line["maximum"] if taken else 0, taken])
            self.write([self], {"content": json.dumps(content)})

        def _set_order_point(self, line):
            """Set the order point of a line; those of people elsewhere stay."""
            points, values = Pool().get("stock.order_point"), line["values"]
            own = points.search([("product", "=", line["product"]), ("location", "in", line["places"])])
            same = [point for point in own if values and point.location.id == values["location"]]
            points.delete([point for point in own if point not in same and point.equipoise_parameters])
            if same:
                points.write(same, {**values, "equipoise_parameters": self.id})
            elif values:
                points.create([{**values, "equipoise_parameters": self.id}])

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
