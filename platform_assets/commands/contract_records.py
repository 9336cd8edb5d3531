"""What the commands of contracts show, gathered from declarations, releases, the published files and the log."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from platform_assets.consumers import readers_of
from platform_assets.contract.changes import Comparison, compare
from platform_assets.contract.compile import read_product
from platform_assets.contract.open_contract import Document, open_contract
from platform_assets.contract.product import Product
from platform_assets.contract.published_columns import ColumnType
from platform_assets.contract.version_readers import VersionReader, version_readers
from platform_assets.errors import NoReleaseError
from platform_assets.inference.live_pointer import read_live
from platform_assets.inference.release import read_release
from platform_assets.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

FILE_ENDING = ".odcs.yaml"


class ObservedUse(msgspec.Struct, frozen=True, kw_only=True):
    """How often the endpoint answered in a version of an output, and when last, as far as the log was drained."""

    product: str
    version: int
    answers: int
    last_at: dt.datetime


class VersionUses(msgspec.Struct, frozen=True, kw_only=True):
    """Who declares to read which version, and what the endpoint answered in which."""

    declared: list[VersionReader]
    observed: list[ObservedUse]


def contract_of(settings: Settings, product: Product) -> Document:
    """Return the contract of the published predictions with the types of the keys as they are in the data."""
    return open_contract(product, readers_of(product.name, "published_predictions"), key_types(settings, product))


def key_types(settings: Settings, product: Product) -> dict[str, ColumnType]:
    """Return the types of the row keys in the published file; empty where there is none yet."""
    import pyarrow.parquet as pq

    from platform_assets.published.rows import published_path

    try:
        schema = pq.read_schema(published_path(settings, product.name))
    except FileNotFoundError:
        return {}
    return {name: column_type(schema.field(name).type) for name in product.entity.row_keys if name in schema.names}


def column_type(kind: "pa.DataType") -> ColumnType:
    """Return the type of a column in the words of the contract."""
    import pyarrow as pa

    tests: Mapping[ColumnType, bool] = {
        "timestamp": pa.types.is_timestamp(kind),
        "date": pa.types.is_date(kind),
        "int64": pa.types.is_integer(kind),
        "double": pa.types.is_floating(kind),
        "bool": pa.types.is_boolean(kind),
    }
    return next((name for name, holds in tests.items() if holds), "string")


def write_contract(settings: Settings, product: Product, path: Path) -> Path:
    """Write a contract as YAML and return its file."""
    import yaml

    text = yaml.safe_dump(contract_of(settings, product), sort_keys=False, allow_unicode=True, width=120)
    path.write_text(text, encoding="utf-8")
    return path


def changes_since(settings: Settings, product: Product, release_id: str | None) -> Comparison:
    """Return what is different in the product file since a release, by default the one in force.

    Raises NoReleaseError where there is none.
    """
    if release_id is None:
        live = read_live(settings.releases_dir, product.name)
        if live is None:
            raise NoReleaseError(product=product.name)
        release_id = live.release_id
    return compare(declared_by(settings, product.name, release_id), product)


def declared_by(settings: Settings, product: str, release_id: str) -> Product:
    """Return the declaration that a release was made of; raises NoReleaseError."""
    release = read_release(settings.releases_dir, product, release_id)
    return read_product((settings.home / release.bundle_path / "product.json").read_bytes())


def version_uses(settings: Settings, products: Sequence[Product], *, at: dt.datetime, days: int) -> VersionUses:
    """Return who declares to read which version at a wall time, and the answers of that many days before it."""
    declared = [one for product in products for one in version_readers(product, readers_of(product.name), at)]
    names = {product.name for product in products}
    observed = [one for one in _observed(settings, at - dt.timedelta(days=days)) if one.product in names]
    return VersionUses(declared=declared, observed=observed)


def _observed(settings: Settings, since: dt.datetime) -> Iterator[ObservedUse]:
    import pyarrow as pa
    import pyarrow.compute as pc

    from platform_assets.lakehouse.read import scan_table
    from platform_assets.lakehouse.table import table_exists

    if not table_exists(settings.prediction_log_dir):
        return
    keys = ["product", "output_schema_version"]
    where = pc.field("predicted_at") >= pa.scalar(since, pa.timestamp("us", tz="UTC"))
    counted: dict[tuple[str, int], tuple[int, dt.datetime]] = {}
    for batch in scan_table(settings.prediction_log_dir, columns=[*keys, "predicted_at"], where=where):
        part = pa.Table.from_batches([batch]).group_by(keys).aggregate([([], "count_all"), ("predicted_at", "max")])
        for row in part.to_pylist():
            key = (row["product"], row["output_schema_version"])
            answers, last_at = counted.get(key, (0, row["predicted_at_max"]))
            counted[key] = (answers + row["count_all"], max(last_at, row["predicted_at_max"]))
    for (product, version), (answers, last_at) in sorted(counted.items()):
        yield ObservedUse(product=product, version=version, answers=answers, last_at=last_at)
