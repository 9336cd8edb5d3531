"""Published batches as predictions that outcomes are joined to: what consumers read of each as-of.

A batch that was superseded or withdrawn before its outcomes are known is not judged.
"""

# ruff: noqa: PLC0415 - pyarrow costs half a second; who only imports this module does not pay it

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from platform_assets.clock import midnight
from platform_assets.contract import names
from platform_assets.contract.product import Product
from platform_assets.errors import InputsUnusableError, UnknownRecordError
from platform_assets.features.population import expected_columns
from platform_assets.features.recorded_inputs import read_recorded_inputs
from platform_assets.lakehouse.read import read_table
from platform_assets.ledger.artifacts import get_artifact
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.publications import Publication
from platform_assets.monitoring.outcomes.examples import example_columns
from platform_assets.monitoring.outcomes.predictions import FACTS, Look, Part, facts_table, grouped
from platform_assets.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

_NOT_IN_A_BATCH = frozenset({"predicted_date", "experiment_id", "variant", "fallback"})


def batch_parts(
    settings: Settings, ledger: Ledger, product: Product, shown: Sequence[Publication], look: Look
) -> Iterator[Part]:
    """Yield the batches that are to be looked at of those that consumers read."""
    by_digest = {one.digest: one for one in shown if _is_looked_at(one, look)}
    for group in grouped({digest: one.row_count for digest, one in by_digest.items()}):
        parts = _parts(settings, ledger, product, [by_digest[digest] for digest in group])
        yield _due(parts, look)


def waiting_rows(shown: Sequence[Publication], until: dt.datetime) -> int:
    """Return how many rows consumers read whose windows are not over."""
    return sum(one.row_count for one in shown if _as_of(one) > until)


def _is_looked_at(one: Publication, look: Look) -> bool:
    if _as_of(one) > look.until:
        return False
    if look.since_event is None or look.since_given is None:
        return True
    return _as_of(one) > look.since_event or one.published_at > look.since_given


def _as_of(one: Publication) -> dt.datetime:
    return midnight(dt.date.fromisoformat(one.as_of))


def _due(part: Part, look: Look) -> Part:
    import pyarrow as pa
    import pyarrow.compute as pc

    until = pa.scalar(look.until, pa.timestamp("us", tz="UTC"))
    return part.where(pc.less_equal(part.facts.column("event_at"), until))


def _parts(settings: Settings, ledger: Ledger, product: Product, batches: Sequence[Publication]) -> Part:
    """Return the rows of some batches together; their table is read once."""
    import pyarrow as pa
    import pyarrow.compute as pc

    filters = [
        ("prediction_date", "in", [dt.date.fromisoformat(one.as_of) for one in batches]),
        ("batch_digest", "in", [one.digest for one in batches]),
    ]
    kept = [name for name in FACTS if name not in _NOT_IN_A_BATCH]
    wanted = dict.fromkeys(
        [*kept, *product.entity.row_keys, "as_of", "input_artifact", "prediction_date", "batch_digest"]
    )
    rows = read_table(settings.predictions_dir / product.name, columns=list(wanted), filters=filters)
    facts, inputs = [], []
    for one in batches:
        own = rows.filter(pc.equal(rows.column("batch_digest"), one.digest))
        told = {name: own.column(name) for name in kept}
        constant = {
            "fallback": pa.repeat(pa.scalar("none"), own.num_rows),
            "predicted_date": own.column("prediction_date"),
        }
        facts.append(facts_table({**told, **constant}, own.num_rows))
        inputs.append(_inputs(settings, ledger, product, own))
    return Part("batch", pa.concat_tables(facts), pa.concat_tables(inputs, promote_options="default"))


def _inputs(settings: Settings, ledger: Ledger, product: Product, rows: "pa.Table") -> "pa.Table":
    """Return the examples of the rows; what only the recorded inputs tell is null where those are gone."""
    import pyarrow as pa

    row_ids = pa.array(range(rows.num_rows), pa.int64())
    columns = {"row_id": row_ids, "as_of": rows.column("as_of"), "event_at": rows.column("event_at")}
    own = set(product.entity.row_keys)
    asked = [name for name in example_columns(product) if name not in own]
    recorded = _recorded(settings, ledger, product, rows) if asked or product.slices else None
    for name in example_columns(product):
        if name in own:
            columns[name] = rows.column(name)
        else:
            columns[name] = recorded.column(name) if recorded is not None else _nulls(product, name, rows.num_rows)
    if recorded is not None:
        columns |= {name: recorded.column(name) for name in recorded.column_names if name not in columns}
    return pa.table(columns)


def _recorded(settings: Settings, ledger: Ledger, product: Product, rows: "pa.Table") -> "pa.Table | None":
    """Return the recorded inputs in the order of the rows, None where they are gone or lack a row."""
    if not rows.num_rows:
        return None
    try:
        inputs = read_recorded_inputs(settings, get_artifact(ledger, rows.column("input_artifact")[0].as_py()))
    except (InputsUnusableError, UnknownRecordError):
        return None
    keys = [inputs.column(name).to_pylist() for name in product.entity.row_keys]
    places = {names.row_key(values): place for place, values in enumerate(zip(*keys, strict=True))}
    wanted = rows.column("row_key").to_pylist()
    if any(key not in places for key in wanted):
        return None
    table: pa.Table = inputs.take([places[key] for key in wanted])
    return table


def _nulls(product: Product, name: str, rows: int) -> "pa.Array":
    import pyarrow as pa

    types = {"TIMESTAMP": pa.timestamp("us", tz="UTC"), "DOUBLE": pa.float64(), "BIGINT": pa.int64()}
    return pa.nulls(rows, {**types, "BOOLEAN": pa.bool_()}.get(expected_columns(product)[name], pa.string()))
