"""Every event carries a digest of itself and of the one before it, those of older ledgers too."""

import sqlalchemy as sa
from alembic import op

from assets.orders.chain import GENESIS
from assets.orders.sql_chain import link_of

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
            chained = link_of(row).hash_after(previous)
            update = sa.update(events).where(events.c.position == row.position)
            connection.execute(update.values(previous_hash=previous, chain_hash=chained))
            position, previous = row.position, chained
    op.execute("update ledger_head set schema_release = 2")
