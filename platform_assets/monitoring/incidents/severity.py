"""How bad a broken promise is: from who is hurt, how soon and how much it matters to them; nothing else counts."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from platform_assets.contract.consumers import Importance
from platform_assets.ledger.incidents import Severity

Exposure = Literal["now", "later"]

SEVERITIES: tuple[Severity, ...] = ("minor", "major", "severe")
_LEVELS: dict[tuple[Importance, Exposure], int] = {
    ("low", "now"): 0,
    ("low", "later"): 0,
    ("normal", "now"): 1,
    ("normal", "later"): 0,
    ("high", "now"): 2,
    ("high", "later"): 1,
}


class Hurt(msgspec.Struct, frozen=True, kw_only=True):
    """One reading that is hurt: how important it is, and whether it happens now or later than within a day."""

    importance: Importance
    exposure: Exposure


def severity_of(hurt: Sequence[Hurt], *, is_spared: bool, has_suspended_actions: bool) -> Severity:
    """Return the severity of a broken promise; where nobody outside the platform is hurt it is minor.

    The worst reading decides. Suspended automated actions make it major at least; consumers that still get something
    sound make it one lower.
    """
    level = max((_LEVELS[one.importance, one.exposure] for one in hurt), default=0)
    if has_suspended_actions:
        level = max(level, 1)
    return SEVERITIES[max(level - is_spared, 0)]


def is_worse(severity: Severity, than: Severity) -> bool:
    """Tell whether one severity is above another."""
    return SEVERITIES.index(severity) > SEVERITIES.index(than)
