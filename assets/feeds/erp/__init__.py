"""Tables of the ERP: master data, sourcing, settings and purchase orders."""

from assets.feeds.contract import Arrival, FeedTable
from assets.kernel.frames import feeds

_ITEM = ("item_id", "erp.items.item_id")
_SITE = ("site_id", "erp.sites.site_id")
_SUPPLIER = ("supplier_id", "erp.suppliers.supplier_id")
# Master data changes seldom: a week without a new copy is a fault, a day is not.
_MASTER_AGE_DAYS = 8

TABLES = (
    FeedTable("erp", "items", feeds.ITEMS, Arrival.SNAPSHOT, "master-data", maximum_age_days=_MASTER_AGE_DAYS),
    FeedTable("erp", "sites", feeds.SITES, Arrival.SNAPSHOT, "master-data", maximum_age_days=_MASTER_AGE_DAYS),
    FeedTable("erp", "suppliers", feeds.SUPPLIERS, Arrival.SNAPSHOT, "procurement", maximum_age_days=_MASTER_AGE_DAYS),
    FeedTable(
        "erp", "sourcing", feeds.SOURCING, Arrival.SNAPSHOT, "procurement",
        maximum_age_days=_MASTER_AGE_DAYS, references=(_ITEM, _SUPPLIER, _SITE),
    ),
    FeedTable(
        "erp", "item_site_settings", feeds.ITEM_SITE_SETTINGS, Arrival.SNAPSHOT, "planning",
        maximum_age_days=_MASTER_AGE_DAYS, references=(_ITEM, _SITE),
    ),
    FeedTable(
        "erp", "purchase_orders", feeds.PURCHASE_ORDERS, Arrival.UPSERT, "procurement",
        required=False, maximum_age_days=_MASTER_AGE_DAYS, date_column="ordered_date",
        references=(_ITEM, _SUPPLIER, _SITE),
    ),
)  # fmt: skip
