"""A row as it came from a file, and what the columns of a file must be."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from platform_assets.errors import JobInputError
from platform_assets.serving.row_schema import RowSchema
from platform_assets.serving.values import Scalar


class InputRow(NamedTuple):
    """The values of a row by column; `problem` says why it is none, for a row that the file itself garbles."""

    values: dict[str, Scalar]
    problem: str | None = None


def check_columns(schema: RowSchema, columns: Sequence[str]) -> None:
    """Refuse a file whose columns are not those of the product's rows; raises JobInputError with their names."""
    known = {*schema.fields, *schema.stored}
    required = [name for name, field in schema.fields.items() if field.is_required]
    _refuse("column(s) missing", [name for name in required if name not in columns])
    _refuse("column(s) that the product does not know", [name for name in columns if name not in known])
    _refuse("column(s) that stand twice", [name for name, count in Counter(columns).items() if count > 1])


def _refuse(what: str, names: Iterable[str]) -> None:
    shown = ", ".join(repr(name)[:80] for name in names)
    if shown:
        raise JobInputError(problem=f"{what}: {shown}")
