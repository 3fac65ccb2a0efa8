"""Run by alembic for every command: migrations go through the connection that ``upgrade`` hands over."""

from alembic import context

from assets.orders.migrations import VERSION_TABLE

context.configure(connection=context.config.attributes["connection"], version_table=VERSION_TABLE)
context.run_migrations()
