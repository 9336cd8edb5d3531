"""What cannot be replayed, and at which stage that shows."""

from dataclasses import dataclass

from platform_assets.audit.replay.verdict import Stage, StageResult


@dataclass(frozen=True, slots=True)
class Refused:
    """Something that a replay needs is gone, damaged or not what was recorded; nothing is guessed in its place."""

    stage: Stage
    reason: str

    @property
    def result(self) -> StageResult:
        """The stage that shows it."""
        return StageResult(stage=self.stage, outcome="unavailable", note=self.reason)
