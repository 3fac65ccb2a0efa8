"""Streams that are no order's, orders through their whole life, and the stock that they hold.

The views are made anew from the events when the ledger is next opened.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Rename the stream, and make the views' tables again, empty."""
    with op.batch_alter_table("ledger_events") as events:
        events.alter_column("order_id", new_column_name="stream", type_=sa.String(200), existing_type=sa.String(64))
    op.drop_index("ledger_orders_by_plan", "ledger_orders")
    op.drop_index("ledger_orders_by_position", "ledger_orders")
    op.drop_table("ledger_orders")
    op.create_table(
        "ledger_orders",
        sa.Column("order_id", sa.String(64), primary_key=True),
        sa.Column("network", sa.String(128), nullable=False),
        sa.Column("plan_date", sa.Date, nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("origin_id", sa.String(128), nullable=False),
        sa.Column("destination_id", sa.String(128), nullable=False),
        sa.Column("quantity_units", sa.BigInteger, nullable=False),
        sa.Column("value_amount", sa.String(32), nullable=False),
        sa.Column("gain_amount", sa.String(32), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("status_reason", sa.Text, nullable=False),
        sa.Column("going_on", sa.Boolean, nullable=False),
        sa.Column("in_outbox", sa.Boolean, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("content_position", sa.BigInteger, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
    )
    op.create_index("ledger_orders_by_plan", "ledger_orders", ["network", "plan_date", "channel"])
    op.create_index("ledger_orders_by_position", "ledger_orders", ["position"])
    op.create_index("ledger_orders_going_on", "ledger_orders", ["going_on", "network"])
    op.create_index("ledger_orders_in_outbox", "ledger_orders", ["in_outbox", "network"])
    op.create_table(
        "ledger_reservations",
        sa.Column("order_id", sa.String(64), primary_key=True),
        sa.Column("site_id", sa.String(128), primary_key=True),
        sa.Column("item_id", sa.String(128), primary_key=True),
        sa.Column("network", sa.String(128), nullable=False),
        sa.Column("units", sa.BigInteger, nullable=False),
        sa.Column("last_plan_date", sa.Date, nullable=True),
    )
    op.create_index("ledger_reservations_by_stock", "ledger_reservations", ["network", "site_id", "item_id"])
    op.execute("update ledger_projections set position = 0")
    op.execute("update ledger_head set schema_release = 3")
