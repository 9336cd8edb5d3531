"""Measures what a stretch of work used: processor time of this process and the children it waited for, and its memory.

A run is a process of its own, so what it used is what its work used. The memory is the largest that was resident so
far, for the whole of the time: the machine had to have it.
"""

import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from platform_assets.monitoring.cost.use import Use

_UNIT = 1 if sys.platform == "darwin" else 1024
_WHO = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)


def _cpu_seconds() -> float:
    used = [resource.getrusage(who) for who in _WHO]
    return sum(one.ru_utime + one.ru_stime for one in used)


@dataclass(slots=True)
class Meter:
    """What was used since it was made; it still runs until `stop`."""

    started: float = field(default_factory=time.perf_counter)
    cpu_before: float = field(default_factory=_cpu_seconds)
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_memory_bytes: float = 0.0

    def stop(self) -> None:
        """Take the reading."""
        self.seconds = time.perf_counter() - self.started
        self.cpu_seconds = _cpu_seconds() - self.cpu_before
        self.peak_memory_bytes = float(max(resource.getrusage(who).ru_maxrss for who in _WHO) * _UNIT)

    @property
    def use(self) -> Use:
        """What was read; batches and trainings work on the processor alone."""
        return Use(cpu_seconds=self.cpu_seconds, memory_byte_seconds=self.peak_memory_bytes * self.seconds)


@contextmanager
def metered() -> Iterator[Meter]:
    """Measure what happens inside the context; the reading is taken at its end, also of a failure."""
    meter = Meter()
    try:
        yield meter
    finally:
        meter.stop()
