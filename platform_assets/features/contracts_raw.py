"""The contracts of the raw data sets: which rows are good, and where the others are set aside with their reason."""

from pathlib import Path
from typing import TYPE_CHECKING

from platform_assets.contract.datasets import DatasetName
from platform_assets.features.contracts_check import broken_rules, count_reasons
from platform_assets.features.raw_files import RawFile
from platform_assets.features.raw_parsing import parse_raw
from platform_assets.features.raw_report import MALFORMED_FILE, ROWS_FILE, SET_ASIDE_FILE, RawReport
from platform_assets.features.raw_storage import exclusive, publish
from platform_assets.settings import Settings

if TYPE_CHECKING:
    import duckdb
    import pandera.pandas as pa

MALFORMED = "line:malformed"


def validate_raw(raw: RawFile, settings: Settings) -> RawReport:
    """Split a raw file into good typed rows and rows set aside with their reasons; same file, same result.

    Writes `rows.parquet`, `set_aside.parquet` (the text as it came, with `reason`) and `malformed_lines.parquet` (lines
    with too few or too many fields) beside the file, each in one atomic step.
    """
    import duckdb  # noqa: PLC0415 - heavy, only needed here

    folder = raw.path.parent
    with exclusive(settings.raw_dir / raw.dataset), duckdb.connect(config={"threads": 2}) as connection:
        connection.execute("set timezone = 'UTC'")
        malformed = parse_raw(connection, raw.dataset, raw.path, folder)
        reasons = _mark_broken(connection, raw.dataset)
        _write(connection, _GOOD_ROWS, folder / ROWS_FILE, settings)
        _write(connection, _SET_ASIDE, folder / SET_ASIDE_FILE, settings)
        _write(connection, _MALFORMED, folder / MALFORMED_FILE, settings)
        rows = _count(connection, _GOOD_ROWS)
        total = _count(connection, "select source_row from typed_rows")
    if malformed:
        reasons[MALFORMED] = malformed
    return RawReport(
        dataset=raw.dataset,
        rows=rows,
        rows_set_aside=total - rows + malformed,
        reasons=reasons,
        rows_path=folder / ROWS_FILE,
        set_aside_path=folder / SET_ASIDE_FILE,
    )


def _online_retail() -> "pa.DataFrameSchema":
    import pandas as pd  # noqa: PLC0415 - heavy, only needed here
    import pandera.pandas as pa  # noqa: PLC0415 - heavy, only needed here

    return pa.DataFrameSchema(
        {
            "order_id": pa.Column(checks=pa.Check.str_matches(r"^[AC]?\d{6}$", error="is_invoice"), nullable=False),
            "product_code": pa.Column(nullable=False),
            "quantity": pa.Column(checks=pa.Check.ne(0, error="not_zero"), nullable=False),
            "unit_price_gbp": pa.Column(checks=pa.Check.in_range(-1e6, 1e6, error="is_price"), nullable=False),
            "ordered_at": pa.Column(
                checks=pa.Check.in_range(pd.Timestamp(2000, 1, 1), pd.Timestamp(2100, 1, 1), error="is_date"),
                nullable=False,
            ),
            "customer_id": pa.Column(checks=pa.Check.str_matches(r"^\d{5}$", error="is_customer"), nullable=True),
            "country": pa.Column(nullable=False),
        }
    )


def _car_parks() -> "pa.DataFrameSchema":
    import pandas as pd  # noqa: PLC0415 - heavy, only needed here
    import pandera.pandas as pa  # noqa: PLC0415 - heavy, only needed here

    return pa.DataFrameSchema(
        {
            "parking_bay_id": pa.Column(nullable=False),
            "capacity": pa.Column(checks=pa.Check.gt(0, error="is_positive"), nullable=False),
            "occupancy": pa.Column(checks=pa.Check.ge(0, error="not_negative"), nullable=False),
            "observed_at": pa.Column(
                checks=pa.Check.in_range(pd.Timestamp(2000, 1, 1), pd.Timestamp(2100, 1, 1), error="is_date"),
                nullable=False,
            ),
        }
    )


_SCHEMAS = {"online_retail": _online_retail, "car_parks": _car_parks}
_GOOD_ROWS = "select t.* from typed_rows t anti join set_aside s using (source_row) order by source_row"
_SET_ASIDE = "select reason, * from set_aside join raw_lines using (source_row) order by source_row"
_MALFORMED = "select distinct line, csv_line, error_type from malformed_lines order by line"


def _mark_broken(connection: "duckdb.DuckDBPyConnection", dataset: DatasetName) -> dict[str, int]:
    table = connection.execute("select * from typed_rows order by source_row").to_arrow_table()
    broken = broken_rules(_SCHEMAS[dataset](), table)
    connection.register("broken", broken)
    connection.execute(
        """create table set_aside as select row_number + 1 as source_row, string_agg(reason, '; ' order by reason)
           as reason from broken group by row_number"""
    )
    return count_reasons(broken)


def _write(connection: "duckdb.DuckDBPyConnection", query: str, path: Path, settings: Settings) -> None:
    temporary = path.with_name(f".{path.name}.tmp")
    connection.execute(f"copy ({query}) to '{temporary}' (format parquet, compression zstd)")
    publish(temporary, path, fsync=settings.fsync)


def _count(connection: "duckdb.DuckDBPyConnection", query: str) -> int:
    found = connection.execute(f"select count(*) from ({query})").fetchone()
    return int(found[0]) if found else 0
