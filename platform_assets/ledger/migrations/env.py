"""What Alembic runs around each migration: the connection comes from the caller, never from a file."""

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from platform_assets.ledger.schema import SCHEMA
from platform_assets.ledger.tables import UtcInstant


def render_item(_kind: str, item: object, _context: AutogenContext) -> str | Literal[False]:
    """Write our own column type by its short name, which script.py.mako imports."""
    return "UtcInstant()" if isinstance(item, UtcInstant) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SCHEMA,
    render_as_batch=True,  # SQLite cannot change a table in place
    render_item=render_item,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
