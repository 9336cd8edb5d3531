"""What happens to an engine while it works: told once, as it happens, to whoever loaded the bundle."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

EngineEventKind = Literal["out_of_memory", "gpu_not_used", "gpu_lost", "native_not_used"]
LOG = logging.getLogger("platform.inference")


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineEvent:
    """One event. No request was lost by it.

    `out_of_memory`: a batch of `rows` did not fit and is scored in smaller ones. `gpu_not_used`: the model was loaded
    on the CPU although a GPU is there. `gpu_lost`: the GPU failed; the CPU scores from this batch of `rows` on.
    `native_not_used`: LightGBM's own library scores the model, because the native engine does not know its kind or gave
    other bits.
    """

    kind: EngineEventKind
    reason: str
    rows: int = 0


OnEngineEvent = Callable[[EngineEvent], None]


def log_engine_event(event: EngineEvent) -> None:
    """Write an event to the log of the process."""
    LOG.warning("engine %s at %d rows: %s", event.kind, event.rows, event.reason)
