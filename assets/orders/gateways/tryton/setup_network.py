"""Fills a new ERP database with a small network: run inside the ERP's environment, with proteus.

Reads a JSON object on standard input (see ``server.SMALL_NETWORK`` for its form, and the users with their
passwords; ``steps`` names some of the steps, for all where it is empty) and writes one line of progress for each
step. Not here: installing or starting anything.
"""
# mypy: ignore-errors

from __future__ import annotations

import datetime as dt
import json
import sys
from decimal import Decimal


def main(database: str, config_file: str) -> None:
    """Set the network up."""
    from proteus import Model, Wizard, config

    session = config.set_trytond(database, user="admin", config_file=config_file)
    network = json.load(sys.stdin)
    for name, step in (
        ("company", lambda: _company(Model, Wizard, network)),
        ("context", lambda: session._context.update(Model.get("res.user").get_preferences(True, {}))),
        ("sites", lambda: _sites(Model, network)),
        ("suppliers", lambda: _suppliers(Model, network)),
        ("products", lambda: _products(Model, network)),
        ("stock", lambda: _stock(Model, network)),
        ("users", lambda: _users(Model, network)),
    ):
        if network.get("steps") and name not in network["steps"]:
            continue
        sys.stdout.write(f"{name}\n")
        sys.stdout.flush()
        step()


def _company(Model, Wizard, network) -> None:
    currency = Model.get("currency.currency")(
        name=network["currency"], code=network["currency"], rounding=Decimal("0.01"), digits=2
    )
    currency.save()
    party = Model.get("party.party")(name=network["company"])
    party.save()
    wizard = Wizard("company.company.config")
    wizard.execute("company")
    wizard.form.party = party
    wizard.form.currency = currency
    wizard.execute("add")


def _sites(Model, network) -> None:
    Location = Model.get("stock.location")
    first = Location.find([("type", "=", "warehouse")])[0]
    for index, site in enumerate(network["sites"]):
        warehouse = first if index == 0 else first.duplicate()[0]
        warehouse.name, warehouse.code = site["name"], site["code"]
        warehouse.save()


def _suppliers(Model, network) -> None:
    for supplier in network["suppliers"]:
        party = Model.get("party.party")(name=supplier["name"], code=supplier["code"])
        party.save()


def _products(Model, network) -> None:
    unit = Model.get("product.uom").find([("name", "=", "Unit")])[0]
    parties = {party.code: party for party in Model.get("party.party").find([])}
    for item in network["products"]:
        template = Model.get("product.template")(name=item["name"], default_uom=unit, type="goods")
        template.purchasable = True
        template.list_price = Decimal(item["price"])
        product = template.products[0]
        product.suffix_code = item["code"]
        product.cost_price = Decimal(item["cost"])
        source = template.product_suppliers.new()
        source.party = parties[item["supplier"]]
        template.save()


def _stock(Model, network) -> None:
    storages = {
        site.code: site.storage_location for site in Model.get("stock.location").find([("type", "=", "warehouse")])
    }
    products = {product.code: product for product in Model.get("product.product").find([])}
    for site in sorted({row["site"] for row in network["stock"]}):
        inventory = Model.get("stock.inventory")(location=storages[site])
        # Of the day before, so that a plan of today finds it in yesterday's stock.
        inventory.date = dt.date.today() - dt.timedelta(days=1)
        inventory.empty_quantity = "keep"
        for row in network["stock"]:
            if row["site"] == site:
                line = inventory.lines.new(product=products[row["item"]])
                line.quantity = float(row["units"])
        inventory.click("confirm")


def _users(Model, network) -> None:
    configuration = Model.get("purchase.configuration")(1)
    configuration.purchase_invoice_method = "manual"
    configuration.save()
    for user in network["users"]:
        there = Model.get("res.user").find([("login", "=", user["login"])])
        record = there[0] if there else _user(Model, user)
        had = {group.name for group in record.groups}
        for name in (name for name in user["groups"] if name not in had):
            # Found anew for each: proteus ties a record to the list that it is in.
            record.groups.append(Model.get("res.group").find([("name", "=", name)])[0])
        record.save()


def _user(Model, user):
    record = Model.get("res.user")(name=user["login"], login=user["login"], password=user["password"])
    company = Model.get("company.company").find([])[0]
    record.companies.append(company)
    record.company = company
    return record


if __name__ == "__main__":
    main(*sys.argv[1:])
