"""The newest raw event that was known at an as-of: the clock of the source."""

import datetime as dt

from platform_assets.contract.datasets import DATASETS, DatasetName
from platform_assets.features.memory_database import memory_database, parquet_scan, quoted
from platform_assets.settings import Settings


def newest_event_at(settings: Settings, dataset: DatasetName, as_of: dt.datetime) -> dt.datetime | None:
    """Return the instant of the newest event before the as-of in UTC, None where staging holds none."""
    declared = DATASETS[dataset]
    path = settings.staging_dir / f"{declared.events}.parquet"
    if not path.exists():
        return None
    column = quoted(declared.event_column)
    with memory_database() as database:
        found = database.execute(
            f"select max({column})::timestamp from {parquet_scan([path])} where {column}::timestamp < $as_of",
            {"as_of": as_of.astimezone(dt.UTC).replace(tzinfo=None)},
        ).fetchone()
    newest: dt.datetime | None = found[0] if found else None
    return None if newest is None else newest.replace(tzinfo=dt.UTC)
