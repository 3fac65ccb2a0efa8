"""The ledger's schema through its releases, by alembic: a file a release, each in one transaction.

Not here: the tables as they are now (``sql_schema``), which a test compares with where these lead.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext

# The first schema was made before there were migrations: its ledgers carry no version of alembic's.
FIRST = "0001"
HEAD_TABLE, VERSION_TABLE = "ledger_head", "ledger_schema"


def upgrade(connection: sa.Connection) -> None:
    """Bring the ledger's tables to the latest schema, in the caller's transaction.

    Parameters
    ----------
    connection : Connection
        Inside a transaction that may write; a database without any table gets all of them.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    standing = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE}).get_current_revision()
    if standing is None and sa.inspect(connection).has_table(HEAD_TABLE):
        command.stamp(config, FIRST)
    command.upgrade(config, "head")
