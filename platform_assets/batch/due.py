"""When a batch may be scored: not before its as-of has come."""

from platform_assets.batch.publication import BatchRun
from platform_assets.contract.ages import business_now
from platform_assets.errors import FutureAsOfError
from platform_assets.settings import Settings


def require_begun(settings: Settings, run: BatchRun) -> None:
    """Raise FutureAsOfError while the as-of lies after business time.

    The newest as-of is what consumers read: one of tomorrow, scored by a machine whose clock was ahead, would hide
    every batch until then and never be stale.
    """
    now = business_now(run.product, settings.clock, run.facts.at)
    if run.as_of > now:
        raise FutureAsOfError(product=run.product.name, as_of=run.day, now=now.isoformat(timespec="minutes"))
