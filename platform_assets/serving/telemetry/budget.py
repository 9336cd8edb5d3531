"""The latency budget of a prediction: its stages, in the order of a request, and what each may take."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

Stage = Literal[
    "validate", "access", "admission", "cache", "lookup", "prepare", "queue", "score", "fallback", "answer", "journal"
]  # lookup: stored features; prepare: on-demand features and preprocessing; queue: the wait for a batch

# Seconds at the median (R341-R346); a stage without an entry has no declared share.
STAGE_BUDGET_S: Mapping[Stage, float] = MappingProxyType(
    {"validate": 0.001, "cache": 0.001, "lookup": 0.005, "queue": 0.010, "score": 0.050, "answer": 0.001}
)
# Seconds of the whole prediction by quantile (R347).
TOTAL_BUDGET_S: Mapping[str, float] = MappingProxyType({"0.5": 0.068, "0.99": 0.090})
