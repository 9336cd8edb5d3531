"""The ledger for commands that only look."""

from typing import TYPE_CHECKING

from platform_assets.settings import Settings

if TYPE_CHECKING:
    from platform_assets.ledger.database import Ledger


def existing_ledger(settings: Settings) -> "Ledger | None":
    """Return the ledger, or None where none was made yet: looking must not create a database."""
    if settings.ledger_url is None and not (settings.home / "ledger.db").exists():
        return None
    from platform_assets.ledger.database import open_ledger

    return open_ledger(settings.ledger_dsn)
