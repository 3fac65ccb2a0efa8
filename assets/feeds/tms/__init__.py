"""Tables of the TMS: the lanes there are, and what travels on them."""

from assets.feeds.contract import Arrival, FeedTable
from assets.kernel.frames import feeds

_ENDS = (("origin_id", "erp.sites.site_id"), ("destination_id", "erp.sites.site_id"))

TABLES = (
    FeedTable("tms", "lanes", feeds.LANES, Arrival.SNAPSHOT, "transport", maximum_age_days=8, references=_ENDS),
    FeedTable(
        "tms", "shipments", feeds.SHIPMENTS, Arrival.UPSERT, "transport",
        required=False, maximum_age_days=8, date_column="departed_date",
        references=(("item_id", "erp.items.item_id"), *_ENDS),
    ),
)  # fmt: skip
