"""From Arrow tables, which hold features and examples, to the frame that the scoring path takes."""

from typing import TYPE_CHECKING

import numpy as np

from platform_assets.contract.product import Product
from platform_assets.inference.frame import Column, Frame, text_columns

if TYPE_CHECKING:
    import pyarrow as pa


def to_frame(product: Product, table: "pa.Table") -> Frame:
    """Return the columns of a table as a frame: numbers and instants as float64, the product's text as objects.

    Instants become epoch seconds, exact to the microsecond; null becomes NaN or None. Raises ArrowInvalid or
    ArrowNotImplementedError for a column that is neither.
    """
    texts = text_columns(product)
    columns = {name: table.column(name) for name in table.column_names}
    return {
        name: _text(column) if name in texts or _is_text(column) else _floats(column)
        for name, column in columns.items()
    }


def _is_text(column: "pa.ChunkedArray") -> bool:
    import pyarrow as pa  # noqa: PLC0415 - heavy; the scoring path of the endpoint never comes here

    return bool(pa.types.is_string(column.type) or pa.types.is_large_string(column.type))


def _text(column: "pa.ChunkedArray") -> Column:
    values = np.empty(len(column), dtype=object)
    values[:] = [None if value is None else str(value) for value in column.to_pylist()]
    return values


def _floats(column: "pa.ChunkedArray") -> Column:
    import pyarrow as pa  # noqa: PLC0415 - as above

    if pa.types.is_timestamp(column.type):
        micros = column.cast(pa.timestamp("us", tz=column.type.tz)).cast(pa.int64())
        # A quotient of two exact float64 integers is rounded once: the same bits as datetime.timestamp().
        return _to_numpy(micros) / 1e6
    return _to_numpy(column)


def _to_numpy(column: "pa.ChunkedArray") -> Column:
    import pyarrow as pa  # noqa: PLC0415 - as above

    values: Column = column.cast(pa.float64()).to_numpy()
    return values
