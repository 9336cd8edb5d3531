"""Which product the processor time of a worker goes to.

A process cannot measure the time of one of several products that an event loop serves in turns. So the time between two
looks, about a second, goes to the products that were worked for in it, in proportion to the time that their calls kept
the worker busy; what is used while no prediction is asked for goes to nobody.
"""

from platform_assets.serving.telemetry.tallies import Values, count


class CpuShares:
    """Attributes what was used since the last look."""

    def __init__(self) -> None:
        """Begin with what the process has used so far: it belongs to nobody."""
        self._cpu: float | None = None
        self._busy: Values = {}

    def attribute(self, cpu: float, busy: Values, into: Values) -> None:
        """Add the processor time since the last look, by the growth of the busy seconds of each product."""
        used = 0.0 if self._cpu is None else max(cpu - self._cpu, 0.0)
        grown = {labels: seconds - self._busy.get(labels, 0.0) for labels, seconds in busy.items()}
        self._cpu, self._busy = cpu, dict(busy)
        whole = sum(grown.values())
        if whole > 0.0:
            for labels, seconds in grown.items():
                count(into, labels, used * seconds / whole)
