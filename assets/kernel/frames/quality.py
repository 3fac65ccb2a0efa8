"""Frames of judgement: profiles, verdicts, quarantined rows, and what is told of them: alerts and the digest."""

from __future__ import annotations

from assets.kernel.frames.schema import Frame, date, integer, money, real, text

ACTIONS = ("pass", "warn", "hold_outbound", "hold", "stop")
"""What a verdict asks of the planner, from mild to strict."""

VERDICTS = Frame(
    "verdicts",
    "One row per rule, feed, site and item that was judged and did not pass, and one `pass` row per feed "
    "without a fault. An empty site means the whole feed; an empty item means the whole site.",
    (
        date("plan_date", "Plan the verdict speaks to."),
        text("gate", "feeds, forecasts or plan: where the gate stands."),
        text("rule", "Name of the rule."),
        text("feed", "Table judged, such as wms_inventory."),
        text("site_id", "Site concerned, or empty."),
        text("item_id", "Item concerned, or empty."),
        text("action", "pass, warn, hold_outbound, hold or stop."),
        text("severity", "info, warning or critical."),
        real("observed", "What was measured.", nullable=True),
        real("expected", "The bound it was held against.", nullable=True),
        integer("offender_count", "Rows behind the verdict.", minimum=0),
        real("anomaly_score", "How far from usual, 0 to 1.", minimum=0, maximum=1),
        text("message", "What is wrong, for a person."),
        text("remedy", "What to do about it."),
    ),
    ("plan_date", "gate", "rule", "feed", "site_id", "item_id"),
)
FORECAST_VERDICTS = Frame("forecast_verdicts", VERDICTS.grain, VERDICTS.columns, VERDICTS.key)
PLAN_VERDICTS = Frame("plan_verdicts", VERDICTS.grain, VERDICTS.columns, VERDICTS.key)
PROFILES = Frame(
    "profiles",
    "One row per plan date, feed, site, item and measure of what arrived: what the rules of the feeds gate are "
    "held against. An empty site means the whole feed; items are listed only where something stands out.",
    (
        date("plan_date", "Plan the profile was taken for."),
        text("feed", "Table measured, such as wms_inventory; `all` for the feeds together."),
        text("site_id", "Site measured, or empty."),
        text("item_id", "Item measured, or empty."),
        text("measure", "Name of the measure, ending in its unit."),
        real("value", "What was measured."),
    ),
    ("plan_date", "feed", "site_id", "item_id", "measure"),
)
QUARANTINE = Frame(
    "quarantine",
    "One row per row of a feed that could not be used, or per file that could not be read.",
    (
        text("feed", "Table the row was sent for."),
        text("batch_id", "Batch it came with."),
        integer("row_number", "Row of the batch, from 1; 0 for the whole file.", minimum=0),
        text("reason", "Why it cannot be used."),
        text("payload", "The row as sent, as JSON."),
        date("business_date", "Business date of the batch; of a row of a history its own."),
    ),
    ("feed", "batch_id", "row_number", "reason"),
)
ALERTS = Frame(
    "alerts",
    "One row per rule, feed, site and business date that somebody should know of.",
    (
        text("alert_id", "Digest of rule, feed, site and business date."),
        date("plan_date", "Plan that raised it."),
        text("rule", "Name of the rule."),
        text("feed", "Table concerned."),
        text("site_id", "Site concerned, or empty."),
        date("business_date", "Business date it speaks of."),
        text("severity", "info, warning or critical."),
        text("action", "What the gate did."),
        text("message", "What is wrong, for a person."),
        text("owner", "Who answers for it: the team of the feed or stage, and the site where it is one place."),
        text("remedy", "What to do about it, in one sentence that names the command."),
        money(
            "stake_amount",
            "Money at stake until it is settled, by the plan; 0 where nothing is known, and in the gates' own tables.",
        ),
        integer("offender_count", "Rows behind it.", minimum=0),
    ),
    ("alert_id",),
)
FEED_ALERTS = Frame("feed_alerts", ALERTS.grain, ALERTS.columns, ALERTS.key)
"""What the feeds gate has to say; it exists although a `stop` skips all that follows."""
PLAN_ALERTS = Frame("plan_alerts", ALERTS.grain, ALERTS.columns, ALERTS.key)
"""What the plan gate has to say; it exists although a `stop` skips the orders."""
DIGEST = Frame(
    "digest",
    "One row per plan date and line of the digest, in the order in which it is read.",
    (
        date("plan_date", "Plan it tells of."),
        integer("line", "From 1.", minimum=1),
        text("section", "waits, worth, changed or distrust."),
        text("text", "The line, for a person."),
        text("command", "What acts on it; empty for nothing."),
    ),
    ("plan_date", "line"),
)
