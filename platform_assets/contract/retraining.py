"""When a breach asks for a new model by itself, and how far back what it learns from reaches then."""

from typing import Annotated, Literal

import msgspec

# growing: the newer cut-off adds examples; sliding: training also begins later by as much.
TrainingWindow = Literal["growing", "sliding"]

_Days = Annotated[int, msgspec.Meta(ge=1, le=365)]
_Count = Annotated[int, msgspec.Meta(ge=1)]


class Retraining(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What follows from a broken alert rule whose response is `retrain`, with its limits against loops.

    Two requests lie `cooldown_days` apart, and within 30 days there are at most `most_in_30_days`. The candidate must
    be able to learn from `needs_new_labels` examples that the release in force did not know. It is judged by the
    ordinary gates. Where it is not `is_automatic`, a person requests.
    """

    is_automatic: bool = True
    cooldown_days: _Days = 7
    most_in_30_days: _Count = 2
    needs_new_labels: _Count = 200
    window: TrainingWindow = "growing"
