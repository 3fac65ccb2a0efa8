"""Tables of the WMS: stock as counted, and how it moved."""

from assets.feeds.contract import Arrival, FeedTable
from assets.kernel.frames import feeds

_REFERENCES = (("item_id", "erp.items.item_id"), ("site_id", "erp.sites.site_id"))

TABLES = (
    FeedTable(
        "wms", "inventory", feeds.INVENTORY, Arrival.SNAPSHOT, "warehouse-operations",
        scope_column="site_id", references=_REFERENCES,
    ),
    FeedTable(
        "wms", "stock_movements", feeds.STOCK_MOVEMENTS, Arrival.APPEND, "warehouse-operations",
        required=False, maximum_age_days=8, date_column="movement_date", references=_REFERENCES,
    ),
)  # fmt: skip
