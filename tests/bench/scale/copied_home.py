"""A home of as many customers as wanted: copies of the real ones, told apart by their ids, scored by a real release."""

import datetime as dt
import shutil
from pathlib import Path

import duckdb

from platform_assets.features.history_files import known_days
from platform_assets.inference.live_pointer import read_live
from platform_assets.inference.release import read_release
from platform_assets.ledger.database import open_ledger
from platform_assets.ledger.manifest import record
from platform_assets.ledger.run_facts import RunFacts
from platform_assets.settings import Settings

VIEW = "customer_orders"
AS_OF = dt.datetime(2011, 12, 10, tzinfo=dt.UTC)
_LAST_ORDER = AS_OF - dt.timedelta(days=7)


def copy_home(real: Settings, home: Path, product: str, rows: int) -> Settings:
    """Fill a home with the release in force and so many customers; each has the features of a real one and one order.

    The sums and counts of a copy are those of the real customer to the last bit; only its id is new.
    """
    copied = Settings(home=home, data_source=real.data_source, fsync=False)
    _copy_release(real, copied, product)
    newest = list(known_days(real.features_dir / VIEW).values())[-1]
    history = copied.features_dir / VIEW / f"as_of_date={AS_OF.date()}"
    for directory in (history, copied.staging_dir):
        directory.mkdir(parents=True)
    files = ", ".join(f"'{path}'" for path in newest)
    with duckdb.connect() as database:
        database.execute(f"set temp_directory = '{home}'; set memory_limit = '1GiB'; set threads = 2")
        database.execute("set preserve_insertion_order = true; set TimeZone = 'UTC'")
        copies = f"""
            select customer_id || '-' || lpad(copy::varchar, 5, '0') as customer_id, real.* exclude (customer_id)
            from range(({rows} - 1) // (select count(*) from read_parquet([{files}])) + 1) t(copy),
                 (select * from read_parquet([{files}], hive_partitioning = false)) real
            limit {rows}
        """
        database.execute(f"copy ({copies}) to '{history}/part-0000.parquet' (format parquet, compression zstd)")
        database.execute(f"""
            copy (select customer_id, timestamp '{_LAST_ORDER:%Y-%m-%d %H:%M:%S}' as ordered_at
                  from read_parquet('{history}/part-0000.parquet', hive_partitioning = false))
            to '{copied.staging_dir}/orders.parquet' (format parquet, compression zstd)
        """)
    return copied


def _copy_release(real: Settings, copied: Settings, product: str) -> None:
    live = read_live(real.releases_dir, product)
    if live is None:
        raise LookupError(product)
    release = read_release(real.releases_dir, product, live.release_id)
    shutil.copytree(real.home / release.bundle_path, copied.home / release.bundle_path)
    shutil.copytree(real.releases_dir / product, copied.releases_dir / product)
    facts = RunFacts(run_id="bench", at=AS_OF, code_version="bench")
    record(
        open_ledger(copied.ledger_dsn),
        facts,
        kind="release",
        name=product,
        digest=release.release_id,
        uri=release.bundle_path,
        inputs=[],
    )
