"""How far a broken promise reaches: which outputs it is about, and whether consumers still get something sound."""

from typing import get_args

import msgspec

from platform_assets.contract.consumers import Output
from platform_assets.contract.promises import RULE_PREFIX, PromiseName
from platform_assets.contract.slas import Mode

_BATCH: tuple[Output, ...] = ("published_predictions",)
_ONLINE: tuple[Output, ...] = ("online_predictions",)
_OUTPUTS: dict[Mode, tuple[Output, ...]] = {"batch": _BATCH, "online": _ONLINE}


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """The outputs that a broken promise is about.

    `is_spared`: what consumers get meanwhile is sound and within its promised age. `is_stale`: it is older than
    promised, so that no machine may act on it.
    """

    outputs: tuple[Output, ...]
    is_spared: bool = False
    is_stale: bool = False


# Those of an SLA, of runs and of rules are about the mode that is their subject.
_REACH: dict[PromiseName, Reach] = {
    "data_age": Reach(outputs=_BATCH, is_stale=True),
    "publication_age": Reach(outputs=_BATCH, is_stale=True),
    "source_age": Reach(outputs=_BATCH, is_stale=True),
    "snapshot_age": Reach(outputs=_ONLINE, is_stale=True),
    # One as-of among many; that the newest is late is the promise of the ages.
    "partition": Reach(outputs=_BATCH, is_spared=True),
    # The last good batch, the stored snapshot or the release before goes on answering.
    "guardrails": Reach(outputs=_BATCH, is_spared=True),
    "materialization_lag": Reach(outputs=_ONLINE, is_spared=True),
    "materialization_success": Reach(outputs=_ONLINE, is_spared=True),
    "rollout": Reach(outputs=_ONLINE, is_spared=True),
    "runs": Reach(outputs=(), is_spared=True),
    "sla_freshness": Reach(outputs=()),
    "sla_availability": Reach(outputs=()),
    "sla_latency": Reach(outputs=()),
    "sla_error_rate": Reach(outputs=()),
    "sla_coverage": Reach(outputs=()),
}
_RULE = Reach(outputs=(), is_spared=True)  # a rule warns before a promise is broken


def reach_of(promise: str, subject: str) -> Reach:
    """Return how far a promise reaches; one without outputs of its own is about its subject's mode, or about both.

    A run that is of no mode is the platform's own, as a watch that could not look: nobody outside is hurt.
    """
    found = _RULE if promise.startswith(RULE_PREFIX) else _known(promise)
    if found.outputs:
        return found
    by_mode = {str(mode): outputs for mode, outputs in _OUTPUTS.items()}
    otherwise = () if promise == "runs" else (*_BATCH, *_ONLINE)
    return msgspec.structs.replace(found, outputs=by_mode.get(subject, otherwise))


def is_about_online(promise: str, subject: str) -> bool:
    """Tell whether a promise is about online answers alone."""
    return reach_of(promise, subject).outputs == _ONLINE


def _known(promise: str) -> Reach:
    # A promise that nobody placed is taken seriously: as if it reached everyone.
    return next((_REACH[name] for name in get_args(PromiseName) if name == promise), Reach(outputs=()))
