"""What something used of a machine, and what that costs."""

import msgspec

from platform_assets.cost_settings import CostSettings

_HOUR_S = 3600.0
_GIB = 2.0**30


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """Processor seconds over all cores, memory in bytes times seconds, seconds of whole GPUs."""

    cpu_seconds: float = 0.0
    memory_byte_seconds: float = 0.0
    gpu_seconds: float = 0.0

    def __add__(self, other: "Use") -> "Use":
        """Return the use of both."""
        return Use(
            cpu_seconds=self.cpu_seconds + other.cpu_seconds,
            memory_byte_seconds=self.memory_byte_seconds + other.memory_byte_seconds,
            gpu_seconds=self.gpu_seconds + other.gpu_seconds,
        )


def cost_of(use: Use, prices: CostSettings) -> float:
    """Return the cost in the currency of the prices."""
    return (
        use.cpu_seconds * prices.cpu_core_hour
        + use.memory_byte_seconds / _GIB * prices.memory_gib_hour
        + use.gpu_seconds * prices.gpu_hour
    ) / _HOUR_S


def storage_cost(size_bytes: float, prices: CostSettings) -> float:
    """Return what keeping so many bytes costs in a month."""
    return size_bytes / _GIB * prices.storage_gib_month


def per_thousand(cost: float, predictions: float) -> float | None:
    """Return the cost of 1,000 predictions, None without any."""
    return 1000.0 * cost / predictions if predictions else None
