"""What may answer for a product besides its control, as one object that is replaced and never changed.

A product whose control answers everything has no split at all: that is the one thing a call of it looks at.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from platform_assets.contract.versions import EarlierVersion
from platform_assets.inference.live_pointer import LiveRollout, SwitchedOff
from platform_assets.serving.live_release import LiveRelease
from platform_assets.serving.traffic.trial import Trial


@dataclass(frozen=True, slots=True)
class Candidate:
    """The release that is on its way, and the part of the traffic in [0, 1] that it answers; 0 is a shadow."""

    live: LiveRelease
    rollout: LiveRollout
    share: float


@dataclass(frozen=True, slots=True)
class Kept:
    """A release that was in force: deprecated at one instant, at hand until another.

    One with a `version` answers for that earlier version of the output's contract.
    """

    live: LiveRelease
    deprecated_at: dt.datetime
    until: dt.datetime
    version: EarlierVersion | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Who may answer; `kept` is by release id. With `off` nobody's model is asked.

    There is a candidate or a trial, never both.
    """

    control: LiveRelease
    candidate: Candidate | None = None
    kept: Mapping[str, Kept] = field(default_factory=lambda: MappingProxyType({}))
    off: SwitchedOff | None = None
    trial: Trial | None = None

    @property
    def is_asleep(self) -> bool:
        """Whether the control answers everybody who names no release."""
        return self.candidate is None and self.trial is None and self.off is None

    @property
    def lives(self) -> dict[str, LiveRelease]:
        """Every loaded release by its id."""
        found = {key: one.live for key, one in self.kept.items()}
        if self.trial is not None:
            found |= {live.release.release_id: live for live in self.trial.lives.values()}
        if self.candidate is not None:
            found[self.candidate.live.release.release_id] = self.candidate.live
        found[self.control.release.release_id] = self.control
        return found
