"""When a batch may be scored and published: not before its as-of has come, and not after a later one of it."""

from platform_assets.batch.publication import BatchRun
from platform_assets.contract.ages import business_now
from platform_assets.errors import ConcurrentCommitError, FutureAsOfError
from platform_assets.lakehouse.stage import Staged, discard
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.publications import Publication, current_publication
from platform_assets.settings import Settings


def require_begun(settings: Settings, run: BatchRun) -> None:
    """Raise FutureAsOfError while the as-of lies after business time.

    The newest as-of is what consumers read: one of tomorrow, scored by a machine whose clock was ahead, would hide
    every batch until then and never be stale.
    """
    now = business_now(run.product, settings.clock, run.facts.at)
    if run.as_of > now:
        raise FutureAsOfError(product=run.product.name, as_of=run.day, now=now.isoformat(timespec="minutes"))


def require_not_overtaken(
    settings: Settings, ledger: Ledger, run: BatchRun, staged: Staged, *, shown: Publication | None, digest: str
) -> None:
    """Raise ConcurrentCommitError, with nothing left behind, when the as-of shows another batch than at the start.

    A run that was held up would otherwise put what it read before a correction, or the scores of the release before,
    in place of what another run has published since. Repeated, it reads what is there now.
    """
    now = current_publication(ledger, run.product.name, run.day)
    is_same = (now and now.publication_id) == (shown and shown.publication_id)
    if is_same or (now is not None and now.digest == digest):
        return
    discard(staged)
    raise ConcurrentCommitError(table=str(settings.predictions_dir / run.product.name), attempts=1)
