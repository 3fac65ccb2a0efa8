"""Every event carries a digest of itself and of the one before it, those of older ledgers too."""

import sqlalchemy as sa
from alembic import op

from assets.orders.chain import GENESIS, Link

revision = "0002"
down_revision = "0001"

BATCH = 1000


def upgrade() -> None:
    """Add the two columns and chain what is there, in the order of its positions."""
    for name in ("previous_hash", "chain_hash"):
        op.add_column("ledger_events", sa.Column(name, sa.String(64), nullable=False, server_default=""))
    connection = op.get_bind()
    events = sa.Table("ledger_events", sa.MetaData(), autoload_with=connection)
    position, previous = 0, GENESIS
    while True:
        later = sa.select(events).where(events.c.position > position).order_by(events.c.position).limit(BATCH)
        rows = connection.execute(later).all()
        if not rows:
            break
        for row in rows:
            chained = _link(row).hash_after(previous)
            update = sa.update(events).where(events.c.position == row.position)
            connection.execute(update.values(previous_hash=previous, chain_hash=chained))
            position, previous = row.position, chained
    op.execute("update ledger_head set schema_release = 2")


def _link(row: "sa.Row[tuple[object, ...]]") -> Link:
    return Link(
        row.position, row.order_id, row.version, row.event_type, row.schema_version, row.recorded_at.isoformat(),
        row.payload,
    )  # fmt: skip
