"""Tables of the SQL ledger, for SQLite and PostgreSQL alike.

``ledger_events`` is the truth; ``ledger_orders`` and ``ledger_reservations`` are views of it that can be made
again.
Not here: connections and statements (``sql_store``), or how an older ledger comes here (``migrations``).
"""

from __future__ import annotations

import sqlalchemy as sa

SCHEMA_RELEASE = 4
METADATA = sa.MetaData()

HEAD = sa.Table(
    "ledger_head",
    METADATA,
    # One row: the last position, and the lock that writers queue for.
    sa.Column("only", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("schema_release", sa.Integer, nullable=False),
)
EVENTS = sa.Table(
    "ledger_events",
    METADATA,
    sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("stream", sa.String(200), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("event_type", sa.String(64), nullable=False),
    sa.Column("schema_version", sa.Integer, nullable=False),
    sa.Column("recorded_at", sa.DateTime, nullable=False),  # UTC, naive
    # Canonical JSON kept as text: a JSON column would reorder it and spoil the hash chain.
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("previous_hash", sa.String(64), nullable=False, server_default=""),
    sa.Column("chain_hash", sa.String(64), nullable=False, server_default=""),
    sa.UniqueConstraint("stream", "version"),
)
ORDERS = sa.Table(
    "ledger_orders",
    METADATA,
    sa.Column("order_id", sa.String(64), primary_key=True),
    sa.Column("network", sa.String(128), nullable=False),
    sa.Column("plan_date", sa.Date, nullable=False),
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("origin_id", sa.String(128), nullable=False),
    sa.Column("destination_id", sa.String(128), nullable=False),
    sa.Column("quantity_units", sa.BigInteger, nullable=False),
    # Decimal text: SQLite has no exact number.
    sa.Column("value_amount", sa.String(32), nullable=False),
    sa.Column("gain_amount", sa.String(32), nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("status_reason", sa.Text, nullable=False),
    sa.Column("going_on", sa.Boolean, nullable=False),
    sa.Column("in_outbox", sa.Boolean, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    # All that an order is but its content, as JSON.
    sa.Column("state", sa.Text, nullable=False),
    # The event that holds the latest content, so that content is stored once.
    sa.Column("content_position", sa.BigInteger, nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Index("ledger_orders_by_plan", "network", "plan_date", "channel"),
    sa.Index("ledger_orders_by_position", "position"),
    sa.Index("ledger_orders_going_on", "going_on", "network"),
    sa.Index("ledger_orders_in_outbox", "in_outbox", "network"),
)
RESERVATIONS = sa.Table(
    "ledger_reservations",
    METADATA,
    sa.Column("order_id", sa.String(64), primary_key=True),
    sa.Column("site_id", sa.String(128), primary_key=True),
    sa.Column("item_id", sa.String(128), primary_key=True),
    sa.Column("network", sa.String(128), nullable=False),
    sa.Column("units", sa.BigInteger, nullable=False),
    # Of an order that has ended: snapshots of later plan dates do not count the goods any more.
    sa.Column("last_plan_date", sa.Date, nullable=True),
    sa.Index("ledger_reservations_by_stock", "network", "site_id", "item_id"),
)
PROJECTIONS = sa.Table(
    "ledger_projections",
    METADATA,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("position", sa.BigInteger, nullable=False),
)
