"""Fills the store again from the log of events, after it was emptied or a declaration changed."""

import datetime as dt
from collections import Counter

import msgspec

from platform_assets.contract.product import Product
from platform_assets.contract.streaming import StreamingFeatures
from platform_assets.errors import NotMaterializedError
from platform_assets.lakehouse.read import read_table
from platform_assets.lakehouse.table import table_exists
from platform_assets.ledger.database import Ledger
from platform_assets.monitoring.streaming.event_log import drain_events, event_log_dir
from platform_assets.online.connection import connect
from platform_assets.online.streaming.apply import apply_again
from platform_assets.online.streaming.events import decode_logged, ready_again
from platform_assets.settings import Settings

_AT_ONCE = 1_000


class Rebuilt(msgspec.Struct, frozen=True, kw_only=True):
    """How many logged events there were, how many of them the store did not have, and how many no longer fit."""

    events: int
    restored: int
    unusable: int


def rebuild_states(
    settings: Settings, ledger: Ledger, product: Product, streaming: StreamingFeatures, *, at: dt.datetime
) -> Rebuilt:
    """Apply every logged event of the retention again: what the store has is a duplicate, so nothing counts twice.

    It may run while events come in. Raises OnlineStoreUnavailableError; a repeat completes what was begun.
    """
    drain_events(settings, ledger, [product.name], at=at)
    logged = [decode_logged(content) for content in _contents(settings, product, streaming)]
    ready = [event for each in logged if (event := ready_again(streaming, each)) is not None]
    outcomes = Counter[str]()
    with connect(settings.online_url) as client:
        for start in range(0, len(ready), _AT_ONCE):
            outcomes.update(apply_again(client, product.name, streaming, ready[start : start + _AT_ONCE]))
    return Rebuilt(events=len(logged), restored=outcomes["accepted"], unusable=len(logged) - len(ready))


def _contents(settings: Settings, product: Product, streaming: StreamingFeatures) -> list[bytes]:
    """Return the events of the days that may still count, by the newest day that is there."""
    table = event_log_dir(settings)
    if not table_exists(table):
        return []
    of_product = [("product", "=", product.name)]
    try:
        days = read_table(table, columns=["event_date"], filters=of_product).column("event_date").unique().to_pylist()
    except NotMaterializedError:
        return []
    if not days:
        return []
    oldest = max(days) - dt.timedelta(hours=streaming.retention_hours) - dt.timedelta(days=1)
    rows = read_table(table, columns=["content"], filters=[*of_product, ("event_date", ">=", oldest)])
    contents: list[bytes] = rows.column("content").to_pylist()
    return contents
