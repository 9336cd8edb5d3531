"""The bodies of every server's own protocol over the same numbers, and where the scores stand in its answers."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from tests.bench.serving.model import FEATURES, BenchModel
from tests.bench.serving.plan import Asking

Form = Literal["instances", "inputs", "tensor", "ours"]
# Where the load generator writes its counter, so that no two requests of a run are the same.
MARK = "@"
COUNTER_DIGITS = 6
# A prime number of entities: the rows of successive requests meet the counter in ever new pairs.
ENTITIES = 19_997
_BODIES = {1: 1_999, 100: 199}


def bodies(form: Form, asking: Asking, rows: int, model: BenchModel) -> list[str]:
    """Return the bodies that a scenario takes in turn; `MARK` stands where a counter comes."""
    if asking == "entities":
        return [_entity_body(start, rows, model) for start in range(0, ENTITIES // rows * rows, rows)]
    if asking == "repeated":
        return [checked_body(form, rows, model)]
    starts = range(0, _BODIES.get(rows, 199) * rows, rows)
    return [_row_body(form, _row_texts(model, start, rows), start) for start in starts]


def checked_body(form: Form, rows: int, model: BenchModel) -> str:
    """Return a body of the first rows whose right scores are known."""
    return _row_body(form, _row_texts(model, 0, rows), 0).replace(MARK, "0" * COUNTER_DIGITS)


def entity_body(rows: int, model: BenchModel) -> str:
    """Return a body for the first entities whose right scores are known."""
    return _entity_body(0, rows, model).replace(MARK, "0" * COUNTER_DIGITS)


def entity_name(number: int) -> str:
    """Return the id of an entity of the snapshot."""
    return f"entity-{number:05d}"


def read_scores(form: Form, answer: Any) -> list[float]:  # noqa: ANN401 - any JSON
    """Return the scores of an answer; raises KeyError, IndexError or TypeError for one of another shape."""
    if form == "ours":
        return [row["score"] for row in answer["predictions"]]
    if form == "tensor":
        return [float(value) for value in np.ravel(answer["outputs"][0]["data"])]
    return [float(value) for value in answer["predictions"]]


def _row_texts(model: BenchModel, start: int, rows: int) -> list[list[str]]:
    positions = np.arange(start, start + rows) % len(model.matrix)
    return [[f"{row[0]:.2f}{MARK}", *map(repr, row[1:])] for row in model.matrix[positions].tolist()]


def _row_body(form: Form, rows: Sequence[Sequence[str]], start: int) -> str:
    if form == "ours":
        return f'{{"product":"bench","rows":[{",".join(_named(row, start + n) for n, row in enumerate(rows))}]}}'
    if form == "tensor":
        shape = f"[{len(rows)},{len(FEATURES)}]"
        data = ",".join(",".join(row) for row in rows)
        return f'{{"inputs":[{{"name":"matrix","shape":{shape},"datatype":"FP64","data":[{data}]}}]}}'
    listed = ",".join(f"[{','.join(row)}]" for row in rows)
    return f'{{"{form}":[{listed}]}}'


def _named(row: Sequence[str], number: int) -> str:
    pairs = ",".join(f'"{name}":{value}' for name, value in zip(FEATURES, row, strict=True))
    return f'{{"customer_id":"{entity_name(number % ENTITIES)}",{pairs}}}'


def _entity_body(start: int, rows: int, model: BenchModel) -> str:
    """Return entities with their first feature sent anew and all others left to the store.

    With entity ids alone the scores of a snapshot would soon all be cached, and the cache would be measured.
    """
    numbers = [(start + number) % ENTITIES for number in range(rows)]
    firsts = (model.matrix[number % len(model.matrix), 0] for number in numbers)
    pairs = zip(map(entity_name, numbers), firsts, strict=True)
    listed = ",".join(f'{{"customer_id":"{name}","{FEATURES[0]}":{first:.2f}{MARK}}}' for name, first in pairs)
    return f'{{"product":"bench","rows":[{listed}]}}'
