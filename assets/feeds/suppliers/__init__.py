"""Tables of the suppliers: what they say they can do."""

from assets.feeds.contract import Arrival, FeedTable
from assets.kernel.frames import feeds

TABLES = (
    FeedTable(
        "suppliers", "signals", feeds.SUPPLIER_SIGNALS, Arrival.UPSERT, "procurement",
        required=False, maximum_age_days=8, date_column="signal_date",
        references=(("item_id", "erp.items.item_id"), ("supplier_id", "erp.suppliers.supplier_id")),
    ),
)  # fmt: skip
