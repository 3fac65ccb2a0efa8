"""Tables of the tills and the calendar: what was sold, and what was on."""

from assets.feeds.contract import Arrival, FeedTable
from assets.kernel.frames import feeds

TABLES = (
    FeedTable(
        "demand", "sales", feeds.SALES, Arrival.APPEND, "store-systems", date_column="sales_date",
        references=(("item_id", "erp.items.item_id"), ("site_id", "erp.sites.site_id")),
    ),
    FeedTable("demand", "events", feeds.EVENTS, Arrival.UPSERT, "marketing", required=False, maximum_age_days=400),
)  # fmt: skip
