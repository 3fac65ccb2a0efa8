"""Table of our own order ledger: what was issued, until the others' feeds show it."""

import datetime as dt

from assets.feeds.contract import Arrival, FeedTable
from assets.kernel.frames import feeds

TABLES = (
    FeedTable(
        "ledger", "commitments", feeds.COMMITMENTS, Arrival.SNAPSHOT, "planning",
        # It is known to ourselves at once, and sent when it changed: silence is no fault.
        lateness=dt.timedelta(), required=False, maximum_age_days=400,
        references=(("item_id", "erp.items.item_id"), ("destination_id", "erp.sites.site_id")),
    ),
)  # fmt: skip
