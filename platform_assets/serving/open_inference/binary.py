"""The binary tensor data extension: tensors behind the JSON object, little-endian, in the order of the JSON object."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from platform_assets.errors import MalformedRequestError
from platform_assets.serving.open_inference.wire import Datatype, Element

LENGTH_HEADER = "Inference-Header-Content-Length"
EXTENSION = "binary_tensor_data"
_TEXT_LENGTH_BYTES = 4
_MOST_DIGITS = 12
_DTYPES: dict[Datatype, npt.DTypeLike] = {"FP64": "<f8", "INT64": "<i8", "BOOL": "u1"}
_SIZES: dict[Datatype, int] = {"FP64": 8, "INT64": 8, "BOOL": 1}


class Buffers:
    """The bytes behind the JSON object of one request, taken tensor by tensor."""

    def __init__(self, content: bytes) -> None:
        """Start at the first byte."""
        self._content = content
        self._taken = 0

    def take(self, size: int, where: str) -> bytes:
        """Return the next bytes; raises MalformedRequestError when fewer are left."""
        left = len(self._content) - self._taken
        if size > left:
            raise MalformedRequestError(where=where, problem=f"binary_data_size is {size}, {left} bytes are left")
        self._taken += size
        return self._content[self._taken - size : self._taken]

    def finish(self) -> None:
        """Raise MalformedRequestError when no tensor claims the last bytes."""
        left = len(self._content) - self._taken
        if left:
            raise MalformedRequestError(where="$.inputs", problem=f"{left} bytes at the end belong to no tensor")


def split_body(body: bytes, header_length: str | None) -> tuple[bytes, Buffers]:
    """Return the JSON object and what lies behind it; without the header all is JSON.

    Raises MalformedRequestError for a header that is no length within the body.
    """
    if header_length is None:
        return body, Buffers(b"")
    is_number = header_length.isascii() and header_length.isdigit() and len(header_length) <= _MOST_DIGITS
    if not is_number or int(header_length) > len(body):
        problem = f"expected a length from 0 to {len(body)}, got {header_length[:40]!r}"
        raise MalformedRequestError(where=LENGTH_HEADER, problem=problem)
    return body[: int(header_length)], Buffers(body[int(header_length) :])


def decode_values(datatype: Datatype, raw: bytes, count: int, where: str) -> list[Element]:
    """Return the elements of a tensor, NaN as None; raises MalformedRequestError unless there are `count`."""
    if datatype == "BYTES":
        return _decode_texts(raw, count, where)
    expected = count * _SIZES[datatype]
    if len(raw) != expected:
        problem = f"{count} elements of {datatype} have {expected} bytes, binary_data_size is {len(raw)}"
        raise MalformedRequestError(where=where, problem=problem)
    array = np.frombuffer(raw, dtype=_DTYPES[datatype])
    values: list[Element] = array.tolist()
    if datatype == "BOOL":
        return _decode_flags(values, where)
    if np.isinf(array).any():  # JSON, in which the rows go on, has no word for it
        raise MalformedRequestError(where=where, problem="expected finite numbers, or NaN for unknown ones")
    return [None if isinstance(value, float) and math.isnan(value) else value for value in values]


def encode_values(datatype: Datatype, values: Sequence[Element]) -> bytes:
    """Return the elements of a tensor as bytes; None is only allowed in FP64, where it becomes NaN."""
    if datatype == "BYTES":
        return b"".join(map(_encode_text, values))
    return np.array(values, dtype=_DTYPES[datatype]).tobytes()


def _decode_flags(values: Sequence[Element], where: str) -> list[Element]:
    if any(value not in {0, 1} for value in values):
        raise MalformedRequestError(where=where, problem="an element of BOOL is one byte, 0 or 1")
    return [value == 1 for value in values]


def _decode_texts(raw: bytes, count: int, where: str) -> list[Element]:
    values: list[Element] = []
    end = 0
    for _ in range(count):
        start = end + _TEXT_LENGTH_BYTES
        end = start + int.from_bytes(raw[end:start], "little")
        if end > len(raw):
            raise MalformedRequestError(where=where, problem=f"element {len(values)} ends behind the tensor")
        try:
            values.append(raw[start:end].decode())
        except UnicodeDecodeError:
            raise MalformedRequestError(where=where, problem=f"element {len(values)} is not UTF-8") from None
    if end != len(raw):
        raise MalformedRequestError(where=where, problem=f"{len(raw) - end} bytes behind the last of {count} elements")
    return values


def _encode_text(value: Element) -> bytes:
    encoded = str(value).encode()
    return len(encoded).to_bytes(_TEXT_LENGTH_BYTES, "little") + encoded
