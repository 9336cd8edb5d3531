"""What an endpoint tells of a rollout under way: the figures of all its workers in one document."""

import datetime as dt

import msgspec

from platform_assets.experiments.evidence import Evidence


class RolloutReport(msgspec.Struct, frozen=True, kw_only=True):
    """The evidence of one step of one rollout, as one endpoint has it at an instant.

    `dropped_copies` counts requests that were not copied to a shadowed candidate because it was busy.
    """

    product: str
    rollout_id: str
    release_id: str
    step_name: str
    told_at: dt.datetime
    evidence: Evidence
    dropped_copies: int = 0
