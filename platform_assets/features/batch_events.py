"""The events that the batch knows, folded into the same buckets as streamed ones."""

import datetime as dt
from collections import defaultdict
from typing import TYPE_CHECKING

from platform_assets.clock import epoch_seconds
from platform_assets.contract.product import Product
from platform_assets.contract.streaming import StreamingFeatures
from platform_assets.errors import InvalidProductError, NotMaterializedError
from platform_assets.features.memory_database import in_utc, name_list
from platform_assets.features.population import staging_database
from platform_assets.online.packing import entity_key
from platform_assets.online.streaming.buckets import Buckets, CountedEvent, bucket_of, fold
from platform_assets.online.streaming.events import measures_of
from platform_assets.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

_PART = 50_000


def batch_buckets(
    settings: Settings, product: Product, streaming: StreamingFeatures, *, as_of: dt.datetime
) -> dict[str, Buckets]:
    """Return the buckets of each entity over the declared history before an as-of, as the staging models tell them.

    Raises NotMaterializedError before staging was built, InvalidProductError for SQL that fails or a row that is none.
    """
    since = as_of - dt.timedelta(days=streaming.history_days + 1)
    by_entity: dict[str, list[CountedEvent]] = defaultdict(list)
    for part in _rows(settings, product, streaming, since, as_of).to_batches(_PART):
        for row in part.to_pylist():
            at = epoch_seconds(row["event_at"])
            try:
                measures = measures_of(streaming, row)
            except ValueError as error:
                raise _broken(product, f"a row of {row['event_at']}: {error}") from error
            entity = entity_key([row[name] for name in streaming.key])
            by_entity[entity].append(CountedEvent("", at, bucket_of(streaming, at), measures))
    return {entity: fold(events) for entity, events in by_entity.items()}


def _rows(
    settings: Settings, product: Product, streaming: StreamingFeatures, since: dt.datetime, until: dt.datetime
) -> "pa.Table":
    import duckdb  # noqa: PLC0415 - heavy

    columns = name_list((*streaming.key, "event_at", *(field.name for field in streaming.fields)))
    sql = f"select {columns} from ({streaming.batch}) where event_at >= ? and event_at < ? order by {columns}"
    with staging_database(settings) as database:
        try:
            found = database.execute(sql, [since.replace(tzinfo=None), until.replace(tzinfo=None)])
        except duckdb.CatalogException as error:  # a table that no staging file offers
            raise NotMaterializedError(what=f"{product.name}: {error}", asset="the assets of group staging") from error
        except duckdb.Error as error:
            raise _broken(product, str(error)) from error
        return in_utc(found.to_arrow_table())


def _broken(product: Product, problem: str) -> InvalidProductError:
    where, remedy = "online.streaming.batch", "Yield the key, event_at and the fields of each event that counts."
    return InvalidProductError(product=product.name, where=where, problem=problem, remedy=remedy)
