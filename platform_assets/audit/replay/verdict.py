"""What a replay says: the stages of one prediction in order, and the verdict that follows from them."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from platform_assets.contract.names import PredictionMode

Stage = Literal[
    "record",  # the prediction's own row: what it says of its release and inputs, and its id
    "release",
    "bundle",
    "inputs",  # the file of a batch's inputs, the snapshot, or the batch that a fallback was taken from
    "stored_features",
    "on_demand",
    "matrix",  # after on-demand features and preprocessing
    "model_output",  # before calibration and guard
    "score",
    "uncertainty",
    "label",
]
Outcome = Literal[
    "equal",
    "explained",  # another engine, within the difference that it is allowed
    "differs",
    "unavailable",  # what is needed is gone or damaged
    "as_recorded",  # an event such as a store that was away: nothing to compute
    "not_recorded",  # computed again, with nothing to compare with
]
Verdict = Literal["exact", "explained", "failed"]
_FAILURES: frozenset[Outcome] = frozenset({"differs", "unavailable"})


class StageResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One stage: what was recorded, what came out now, and in `note` what that means."""

    stage: Stage
    outcome: Outcome
    recorded: str | None = None
    replayed: str | None = None
    note: str = ""

    @property
    def told(self) -> str:
        """The stage in a line."""
        values = f"recorded {self.recorded}, replayed {self.replayed}" if self.recorded != self.replayed else ""
        return "; ".join(part for part in (self.note, values) if part)


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """One prediction that was replayed. `first_difference` is the stage that the verdict comes from.

    `reason` tells it with the values of this prediction, `cause` without them, so that equal ones can be counted.
    """

    prediction_id: str
    product: str
    mode: PredictionMode
    release_id: str
    verdict: Verdict
    first_difference: Stage | None
    cause: str
    reason: str
    stages: tuple[StageResult, ...]


def conclude(
    prediction_id: str, product: str, mode: PredictionMode, *, release_id: str, stages: Sequence[StageResult]
) -> Replayed:
    """Return the verdict of the stages: the first that failed decides, else the first that is explained."""
    failed = next((each for each in stages if each.outcome in _FAILURES), None)
    explained = next((each for each in stages if each.outcome == "explained"), None)
    decisive = failed or explained
    verdict: Verdict = "failed" if failed else "explained" if explained else "exact"
    return Replayed(
        prediction_id=prediction_id,
        product=product,
        mode=mode,
        release_id=release_id,
        verdict=verdict,
        first_difference=decisive.stage if decisive else None,
        cause=f"{decisive.stage}: {decisive.note or 'another value'}" if decisive else "",
        reason=f"{decisive.stage}: {decisive.told}" if decisive else "",
        stages=tuple(stages),
    )
