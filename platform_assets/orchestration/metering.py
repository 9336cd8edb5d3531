"""What a step used of its machine: measured around it, kept in the table of costs, told in its metadata."""

from contextlib import suppress
from typing import TYPE_CHECKING

from platform_assets.errors import LakeWriteError
from platform_assets.ledger.run_facts import RunFacts
from platform_assets.settings import Settings

if TYPE_CHECKING:
    from platform_assets.monitoring.cost.meter import Meter
    from platform_assets.monitoring.cost.runs import RunMode

_MIB = 2.0**20


def keep_use(
    settings: Settings, meter: "Meter", facts: RunFacts, *, product: str, mode: "RunMode", rows: int
) -> dict[str, float | str]:
    """Keep what a step used and return it as metadata; a table that cannot be written costs the record alone."""
    from platform_assets.monitoring.cost.runs import keep_run, run_use

    use = run_use(meter, settings.costs, product=product, mode=mode, run_id=facts.run_id, at=facts.at, rows=rows)
    with suppress(LakeWriteError):
        keep_run(settings, use)
    return {
        "cost": round(use.cost, 9),
        "currency": use.currency,
        "cpu_seconds": round(use.cpu_seconds, 3),
        "peak_memory_mib": round(use.peak_memory_bytes / _MIB, 1),
    }
