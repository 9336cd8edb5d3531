"""The stages from the model's matrix to the label: recorded values beside those that come out now."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from platform_assets.audit.replay.recorded_rows import Row
from platform_assets.audit.replay.verdict import Outcome, Stage, StageResult
from platform_assets.inference.bundle import Bundle
from platform_assets.inference.frame import Frame
from platform_assets.inference.matrix_digest import matrix_digests
from platform_assets.inference.on_demand import apply_on_demand
from platform_assets.inference.predict_nvforest import TOLERANCE
from platform_assets.inference.scoring import InStages, finish_scores, label_of, score_in_stages


@dataclass(frozen=True, slots=True)
class Recomputed:
    """What the one scoring path makes of the recorded inputs of several rows, by stage and in order."""

    bundle: Bundle
    frame: Frame
    stages: InStages
    digests: list[str]


def recompute(bundle: Bundle, frame: Frame) -> Recomputed:
    """Score recorded inputs again with the bundle that scored them."""
    stages = score_in_stages(bundle, frame)
    return Recomputed(bundle, frame, stages, matrix_digests(stages.matrix))


def score_stages(made: Recomputed, at: int, row: Row) -> Iterator[StageResult]:
    """Yield the stages of the row at a position, from the matrix on; what an older row did not record is told so."""
    device = _other_engine(made, row)
    digest, output = made.digests[at], float(made.stages.model_output[at])
    yield _compared("matrix", row.get("matrix_digest"), digest, is_recorded=row.get("matrix_digest") is not None)
    is_kept = row.get("matrix_digest") is not None  # written together with the output, which may be missing itself
    yield _number("model_output", row.get("model_output"), output, other_engine=device, is_recorded=is_kept)
    yield _score(made, at, row, device)
    doubt = float(made.stages.scored.uncertainty[at])
    yield _number("uncertainty", row["uncertainty"], doubt, other_engine=device)
    yield _label(made, at, row, device)


def told_inputs(made: Recomputed, at: int) -> Iterator[StageResult]:
    """Yield the on-demand features of a row and the numbers that the model saw, for people."""
    product = made.bundle.product
    columns = apply_on_demand(product.on_demand, made.frame, product=product.name)
    names = [feature.name for feature in product.on_demand]
    told = _named(names, [columns[name][at] for name in names])
    seen = _named(made.bundle.preprocessor.names, made.stages.matrix[at].tolist())
    yield StageResult(stage="on_demand", outcome="not_recorded", replayed=told, note=f"the model saw {seen}")


def same_bits(recorded: float | None, replayed: float) -> bool:
    """Tell whether two numbers are the same to the last bit; a missing one and NaN are the same."""
    if recorded is None or recorded != recorded:  # noqa: PLR0124 - only NaN differs from itself
        return replayed != replayed  # noqa: PLR0124 - as above
    return recorded.hex() == replayed.hex()


def shown(value: float | str | None) -> str:
    """Return a value so that every bit can be told: a number in its shortest exact form."""
    if value is None or value != value:  # noqa: PLR0124 - as above
        return "missing"
    return value if isinstance(value, str) else repr(float(value))


def _score(made: Recomputed, at: int, row: Row, other_engine: str) -> StageResult:
    score, is_valid = float(made.stages.scored.score[at]), bool(made.stages.scored.is_valid[at])
    if same_bits(row["score"], score) and row["is_valid"] != is_valid:
        return StageResult(
            stage="score", outcome="differs", recorded=f"valid: {row['is_valid']}", replayed=f"valid: {is_valid}"
        )
    low, high = _allowed_scores(made, at) if other_engine else (score, score)
    is_near = row["score"] is not None and low <= row["score"] <= high
    return _told("score", row["score"], score, other_engine if is_near else "")


def _label(made: Recomputed, at: int, row: Row, other_engine: str) -> StageResult:
    product, score = made.bundle.product, float(made.stages.scored.score[at])
    replayed = label_of(product, score)
    is_explained = bool(other_engine) and row["score"] is not None and row["label"] == label_of(product, row["score"])
    return _compared("label", row["label"], replayed, note=other_engine if is_explained else "")


def _number(
    stage: Stage, recorded: float | None, replayed: float, *, other_engine: str, is_recorded: bool = True
) -> StageResult:
    if not is_recorded:
        return StageResult(stage=stage, outcome="not_recorded", replayed=shown(replayed))
    slack = TOLERANCE * max(1.0, abs(replayed))
    is_near = recorded is not None and abs(recorded - replayed) <= slack
    return _told(stage, recorded, replayed, other_engine if is_near else "")


def _told(stage: Stage, recorded: float | None, replayed: float, explanation: str) -> StageResult:
    if same_bits(recorded, replayed):
        return StageResult(stage=stage, outcome="equal", recorded=shown(recorded), replayed=shown(replayed))
    outcome: Outcome = "explained" if explanation else "differs"
    return StageResult(
        stage=stage, outcome=outcome, recorded=shown(recorded), replayed=shown(replayed), note=explanation
    )


def _compared(
    stage: Stage, recorded: str | None, replayed: str | None, *, is_recorded: bool = True, note: str = ""
) -> StageResult:
    if not is_recorded:
        return StageResult(stage=stage, outcome="not_recorded", replayed=replayed)
    if recorded == replayed:
        return StageResult(stage=stage, outcome="equal", recorded=recorded, replayed=replayed)
    outcome: Outcome = "explained" if note else "differs"
    return StageResult(stage=stage, outcome=outcome, recorded=shown(recorded), replayed=shown(replayed), note=note)


def _other_engine(made: Recomputed, row: Row) -> str:
    """Return in words why the last bits may differ: a GPU on one side. The CPU engines give the same bits."""
    then, now = (row.get("engine"), row.get("device")), (made.bundle.predictor.engine, made.bundle.predictor.device)
    if "gpu" not in {then[1], now[1]}:
        return ""
    return f"scored by {then[0]} on {then[1]}, replayed by {now[0]} on {now[1]}, which agree within {TOLERANCE:g}"


def _allowed_scores(made: Recomputed, at: int) -> tuple[float, float]:
    """Return the scores of the model outputs at both ends of what another engine may give; calibration is monotone."""
    output = float(made.stages.model_output[at])
    slack = TOLERANCE * max(1.0, abs(output))
    ends = finish_scores(made.bundle, np.array([output - slack, output + slack])).score
    return float(ends.min()), float(ends.max())


def _named(names: Sequence[str], values: Sequence[float | str | None]) -> str:
    return ", ".join(f"{name}={shown(value)}" for name, value in zip(names, values, strict=True)) or "none"
