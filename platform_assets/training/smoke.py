"""The smoke test of a candidate: the bundle on disk answers known examples as the pair did when it was trained."""

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from platform_assets.features.frames import to_frame
from platform_assets.inference.bundle import Bundle
from platform_assets.inference.pair import Pair
from platform_assets.inference.scoring import label_of, score
from platform_assets.training.gates import GateResult

if TYPE_CHECKING:
    import pyarrow as pa

_EXAMPLES = 8


class KnownScore(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The score that a pair in memory gave one test row in the run that trained it."""

    row_id: int
    score: float


def known_scores(pair: Pair, test: "pa.Table") -> list[KnownScore]:
    """Return the valid scores of a few test rows, evenly spread; the same arguments give the same examples."""
    scored = score(pair, to_frame(pair.product, test))
    valid = np.flatnonzero(scored.is_valid)
    chosen = np.unique(valid[np.linspace(0, len(valid) - 1, _EXAMPLES).round().astype(int)]) if valid.size else valid
    ids = test.column("row_id").take(chosen).to_pylist()
    return [KnownScore(row_id=row_id, score=float(scored.score[row])) for row_id, row in zip(ids, chosen, strict=True)]


def judge_smoke(bundle: Bundle, test: "pa.Table", known: list[KnownScore]) -> list[GateResult]:
    """Return the gate of the smoke test: each example is scored twice, as a row alone, like a request of one row.

    It fails at the first answer that is not valid, has no label where the product gives one, or differs in any bit
    from the known score; also without any example.
    """
    answered, problem = 0, "" if known else "no example has a valid score"
    places = {row_id: place for place, row_id in reversed(list(enumerate(test.column("row_id").to_pylist())))}
    for example in known:
        problem = _problem(bundle, test, places.get(example.row_id), example)
        if problem:
            break
        answered += 1
    text = f"all {len(known)} known examples are answered alone and to the bit as in training"
    return [
        GateResult(
            kind="smoke",
            gate=f"{text}: {problem}" if problem else text,
            is_passed=not problem,
            value=float(answered),
            bound=float(len(known)),
        )
    ]


def _problem(bundle: Bundle, test: "pa.Table", place: int | None, example: KnownScore) -> str:
    where = f"row {example.row_id}"
    if place is None:
        return f"{where} is no test row any more"
    frame = to_frame(bundle.product, test.slice(place, 1))
    first, again = score(bundle, frame), score(bundle, frame)
    answer = float(first.score[0])
    if not first.is_valid[0]:
        return f"{where} has no valid score"
    if first.score.tobytes() != again.score.tobytes():
        return f"{where} scores {answer!r} and then {float(again.score[0])!r}"
    if answer != example.score:
        return f"{where} scores {answer!r}, not {example.score!r}"
    is_named = bundle.product.score.threshold is not None or bundle.product.score.kind == "class"
    return f"{where} has no label" if is_named and label_of(bundle.product, answer) is None else ""
