"""The endpoint's own word on a rollout: it ends it on disk, where everybody else sees it."""

import datetime as dt
import logging
from collections.abc import Mapping
from typing import Any, NamedTuple

from platform_assets.errors import PlatformError, ReleaseConflictError, RolloutStateError
from platform_assets.inference.live_pointer import LivePointer
from platform_assets.rollouts.moves import Pointers, Word, end

BY = "endpoint"
_ATTEMPTS = 5
LOG = logging.getLogger("platform.serving.traffic")


class GivenUp(NamedTuple):
    """Why a rollout is over for this endpoint, whatever the pointer says for now, and on which evidence."""

    reason: str
    evidence: Mapping[str, Any]
    at: dt.datetime


def end_rollout(pointers: Pointers, product: str, rollout_id: str, given_up: GivenUp) -> LivePointer | None:
    """Return the pointer after the end of a rollout; None when it had ended already, or could not be ended now.

    A pointer that somebody else moves at the same time is tried again. What fails is logged and raises nothing: this
    endpoint sends nobody to that candidate in any case.
    """
    word = Word(by=BY, at=given_up.at, reason=given_up.reason, evidence=given_up.evidence)
    for _ in range(_ATTEMPTS):
        try:
            return end(pointers, product, rollout_id=rollout_id, word=word)
        except ReleaseConflictError:
            continue
        except RolloutStateError:
            return None
        except (PlatformError, OSError) as error:
            LOG.warning("rollout %s has to end and cannot yet: %s", rollout_id, error)
            return None
    return None
