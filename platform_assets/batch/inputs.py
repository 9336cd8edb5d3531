"""Step 1 of a batch: the point-in-time snapshot of everything the model will see, kept as a file of its own."""

import datetime as dt
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from platform_assets.contract.product import Product
from platform_assets.inference.durable import write_file
from platform_assets.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa


# One row is read together with this many: an audit that looks for one must not read a million.
_ROWS_TOGETHER = 32_768


@dataclass(frozen=True, slots=True)
class BatchInputs:
    """The rows to score, their digest and the file that keeps them for replay."""

    table: "pa.Table"
    digest: str
    path: Path


def load_inputs(settings: Settings, product: Product, as_of: dt.datetime) -> BatchInputs:
    """Return population and stored features as known at the as-of; repeating it yields the same file.

    Raises NotMaterializedError when staging or a feature view has not been built.
    """
    from platform_assets.features.point_in_time import join_features  # noqa: PLC0415 - imports pyarrow and DuckDB
    from platform_assets.features.population import run_population  # noqa: PLC0415

    population = run_population(settings, product, product.batch.population, [as_of])
    table = join_features(settings, product, population)
    return _keep(
        settings.lake_dir / "batch_inputs" / product.name / as_of.date().isoformat(), table, fsync=settings.fsync
    )


def _keep(directory: Path, table: "pa.Table", *, fsync: bool) -> BatchInputs:
    import pyarrow as pa  # noqa: PLC0415 - heavy
    import pyarrow.parquet as pq  # noqa: PLC0415

    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", row_group_size=_ROWS_TOGETHER)
    content = sink.getvalue().to_pybytes()
    digest = hashlib.sha256(content).hexdigest()
    path = directory / f"{digest[:16]}.parquet"
    directory.mkdir(parents=True, exist_ok=True)
    write_file(path, content, fsync=fsync)
    return BatchInputs(table=table, digest=digest, path=path)
