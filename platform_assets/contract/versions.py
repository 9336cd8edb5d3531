"""Versions of an output's contract: the one in force, the earlier ones with the days on which they go, and no others.

Days are calendar days in UTC: a version is deprecated, or gone, from the first instant of its day on, by the wall clock
also where business time is pinned to the data, because it is people who have to move.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Literal

import msgspec

from platform_assets.clock import midnight

VersionState = Literal[
    "current",
    "announced",  # an earlier one whose deprecation begins on a later day
    "deprecated",
    "retired",  # past its sunset
    "unknown",  # there is no such version
]


class EarlierVersion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A version that another one replaced: since when it is deprecated, from which day on it is gone, and why.

    `what_changed` tells its readers what is different in the next version. `link` is a page about the move.
    """

    version: int
    deprecated_on: dt.date
    sunset: dt.date
    what_changed: str
    link: str | None = None

    @property
    def deprecated_at(self) -> dt.datetime:
        """The instant from which on nobody should begin to read it."""
        return midnight(self.deprecated_on)

    @property
    def sunset_at(self) -> dt.datetime:
        """The instant from which on nobody can read it."""
        return midnight(self.sunset)

    def state_at(self, at: dt.datetime) -> VersionState:
        """Return where the version stands at a wall time."""
        if at >= self.sunset_at:
            return "retired"
        return "deprecated" if at >= self.deprecated_at else "announced"


def earlier_version(earlier: Sequence[EarlierVersion], version: int) -> EarlierVersion | None:
    """Return the timeline of an earlier version, None for a number that is none of them."""
    return next((one for one in earlier if one.version == version), None)


def state_of(current: int, earlier: Sequence[EarlierVersion], version: int, at: dt.datetime) -> VersionState:
    """Return where a version of an output stands at a wall time."""
    if version == current:
        return "current"
    found = earlier_version(earlier, version)
    return "unknown" if found is None else found.state_at(at)


def readable_versions(current: int, earlier: Sequence[EarlierVersion], at: dt.datetime) -> list[int]:
    """Return the versions that can be read at a wall time, the newest first."""
    return sorted({current, *(one.version for one in earlier if at < one.sunset_at)}, reverse=True)
