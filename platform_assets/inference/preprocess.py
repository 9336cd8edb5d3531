"""The preprocessor: one half of a pair. It turns a frame into the model's matrix, by columns fixed in training."""

from typing import Literal

import msgspec
import numpy as np

from platform_assets.contract.product import Product
from platform_assets.errors import MissingInputError
from platform_assets.inference.frame import Column, Floats, Frame, row_count, text_columns

LAYOUT_VERSION: Literal[1] = 1
_FEW_ROWS = 128


class InputColumn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One column of the matrix; a text column lists its known categories, whose positions are the codes."""

    name: str
    categories: tuple[str, ...] | None = None


class Preprocessor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The ordered inputs of a model. It is data alone: the code that applies it is `to_matrix`."""

    product: str
    inputs: tuple[InputColumn, ...]
    layout_version: Literal[1] = LAYOUT_VERSION

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the matrix columns, in order."""
        return tuple(column.name for column in self.inputs)

    @property
    def category_positions(self) -> list[int]:
        """The positions of the encoded text columns."""
        return [position for position, column in enumerate(self.inputs) if column.categories is not None]


def fit_preprocessor(product: Product, frame: Frame) -> Preprocessor:
    """Return the preprocessor of a product's training rows: inputs in declared order, categories sorted.

    The frame has its on-demand features already. Raises MissingInputError for an absent column.
    """
    texts = text_columns(product)
    inputs = []
    for name in product.model_inputs:
        column = _column(frame, name, product.name)
        known = tuple(sorted({value for value in column.tolist() if value is not None})) if name in texts else None
        inputs.append(InputColumn(name=name, categories=known))
    return Preprocessor(product=product.name, inputs=tuple(inputs))


def to_matrix(preprocessor: Preprocessor, frame: Frame) -> Floats:
    """Return the C-contiguous float64 matrix [rows, inputs]; unknown categories and missing values are NaN.

    Raises MissingInputError for an absent column.
    """
    columns = [_numbers(_column(frame, spec.name, preprocessor.product), spec) for spec in preprocessor.inputs]
    rows = row_count(frame)
    if rows <= _FEW_ROWS:  # thirty assignments cost more than the score of a row
        return np.ascontiguousarray(np.array(columns, dtype=np.float64).reshape(len(columns), rows).T)
    matrix = np.empty((rows, len(columns)), dtype=np.float64)
    for position, column in enumerate(columns):
        matrix[:, position] = column
    return matrix


def encode_preprocessor(preprocessor: Preprocessor) -> bytes:
    """Return the canonical JSON of a preprocessor."""
    return msgspec.json.encode(preprocessor, order="deterministic")


def _column(frame: Frame, name: str, product: str) -> Column:
    try:
        return frame[name]
    except KeyError:
        raise MissingInputError(column=name, product=product) from None


def _numbers(column: Column, spec: InputColumn) -> Column | list[float]:
    return column if spec.categories is None else _codes(column, spec.categories)


def _codes(column: Column, categories: tuple[str, ...]) -> list[float]:
    codes = {category: float(code) for code, category in enumerate(categories)}
    return [codes.get(value, np.nan) for value in column.tolist()]
