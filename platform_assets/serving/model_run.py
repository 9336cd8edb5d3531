"""Inputs go through the model of a release: small ones at once, large ones beside the event loop."""

import asyncio

from platform_assets.errors import BundleError
from platform_assets.inference.scoring import Scored, score_matrix
from platform_assets.serving.inputs import Inputs
from platform_assets.serving.judge import Case, Judged, case_matrix, close_case, open_case
from platform_assets.serving.live_release import LiveRelease
from platform_assets.serving.turns import Turns

# Below about a millisecond of work a hop to a thread costs more than it frees (measured: 32 rows of 500 trees).
_INLINE_ROWS = 32


class ModelRun:
    """Judges inputs by the model; one per event loop."""

    def __init__(self) -> None:
        """Start with nothing under way."""
        self._turns = Turns(_judge)

    async def judge(self, live: LiveRelease, inputs: Inputs) -> list[Judged]:
        """Return a verdict, or the reason for a fallback, per row and in order."""
        if inputs.count <= _INLINE_ROWS:
            return await self._turns.join(live, inputs)
        return await asyncio.to_thread(_judge, live, inputs)


def _judge(live: LiveRelease, inputs: Inputs) -> list[Judged]:
    case = open_case(live, inputs)
    return close_case(case, _scored(live, case) if case.positions else None)


def _scored(live: LiveRelease, case: Case) -> Scored | None:
    try:
        return score_matrix(live.bundle, case_matrix(case))
    except BundleError:
        return None
