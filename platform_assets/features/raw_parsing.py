"""Turns a raw file into typed rows in DuckDB; what cannot be read becomes null, the contract then names it."""

import lzma
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from platform_assets.contract.datasets import DatasetName
from platform_assets.features.raw_datasets import CAR_PARKS_HEADER, ONLINE_RETAIL_HEADER

if TYPE_CHECKING:
    import duckdb

HEADERS: dict[DatasetName, tuple[str, ...]] = {
    "online_retail": ONLINE_RETAIL_HEADER,
    "car_parks": CAR_PARKS_HEADER,
}
# The file of online_retail is two yearly sheets glued together: time goes back exactly where a sheet starts.
_TYPED: dict[DatasetName, str] = {
    "online_retail": """
        with typed as (
            select source_row, trim("Invoice") as order_id, trim("StockCode") as product_code,
                   "Description" as description, try_cast("Quantity" as bigint) as quantity,
                   coalesce(try_strptime("InvoiceDate", '%m/%d/%Y %H:%M'), try_cast("InvoiceDate" as timestamp))
                       as ordered_at,
                   try_cast("Price" as double) as unit_price_gbp,
                   regexp_replace(trim("Customer ID"), '\\.0$', '') as customer_id, "Country" as country
            from raw_lines
        ), marked as (
            select *, ordered_at < lag(ordered_at ignore nulls) over (order by source_row) as is_step_back from typed
        )
        select source_row,
               1 + coalesce(sum(is_step_back::integer) over (order by source_row rows unbounded preceding), 0)::integer
                   as sheet_number,
               * exclude (source_row, is_step_back)
        from marked order by source_row
    """,
    "car_parks": """
        select source_row, trim("SystemCodeNumber") as parking_bay_id, try_cast("Capacity" as bigint) as capacity,
               try_cast("Occupancy" as bigint) as occupancy, try_cast("LastUpdated" as timestamp) as observed_at
        from raw_lines order by source_row
    """,
}


def parse_raw(connection: "duckdb.DuckDBPyConnection", dataset: DatasetName, path: Path, work_dir: Path) -> int:
    """Create `raw_lines` (text), `typed_rows` and `malformed_lines`; returns the number of malformed lines.

    Takes plain and .xz CSV. `source_row` numbers the readable lines from 1 in the order of the file.
    """
    plain = path
    if path.suffix == ".xz":  # DuckDB reads gzip and zstd only
        plain = work_dir / f".{path.stem}.plain.tmp"
        with lzma.open(path) as source, plain.open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
    columns = dict.fromkeys(HEADERS[dataset], "VARCHAR")
    connection.execute(
        f"""create table raw_lines as select row_number() over () as source_row, * from read_csv(
            ?, header = true, auto_detect = false, columns = {columns}, delim = ',', quote = '"', escape = '"',
            store_rejects = true, rejects_table = 'malformed_lines', rejects_scan = 'malformed_scans')""",
        [str(plain)],
    )
    connection.execute(f"create table typed_rows as {_TYPED[dataset]}")
    if plain != path:
        plain.unlink()
    found = connection.execute("select count(distinct line) from malformed_lines").fetchone()
    return int(found[0]) if found else 0
