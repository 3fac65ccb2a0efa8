"""Events, orders as they stand, and the head that writers queue for."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables of the first release."""
    head = op.create_table(
        "ledger_head",
        sa.Column("only", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("schema_release", sa.Integer, nullable=False),
    )
    op.create_table(
        "ledger_events",
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("order_id", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("event_type", sa.String(64), nullable=False),
        sa.Column("schema_version", sa.Integer, nullable=False),
        sa.Column("recorded_at", sa.DateTime, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.UniqueConstraint("order_id", "version"),
    )
    op.create_table(
        "ledger_orders",
        sa.Column("order_id", sa.String(64), primary_key=True),
        sa.Column("network", sa.String(128), nullable=False),
        sa.Column("plan_date", sa.Date, nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("status_reason", sa.Text, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("content_position", sa.BigInteger, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
    )
    op.create_index("ledger_orders_by_plan", "ledger_orders", ["network", "plan_date", "channel"])
    op.create_index("ledger_orders_by_position", "ledger_orders", ["position"])
    op.create_table(
        "ledger_projections",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False),
    )
    op.bulk_insert(head, [{"only": 1, "position": 0, "schema_release": 1}])
