"""What the ledger says about promotions: severe incidents and overdue actions hold them until resolved or waived."""

import datetime as dt
from collections.abc import Iterable, Iterator

from platform_assets.inference.live_pointer import read_live
from platform_assets.inference.promotion_hold import PromotionHold, require_not_held, write_holds
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.incident_actions import actions
from platform_assets.ledger.incidents import get_incident, incidents
from platform_assets.settings import Settings


def promotion_holds(ledger: Ledger, product: str) -> tuple[PromotionHold, ...]:
    """Return what holds promotions of a product, now or from a due date on, also what is waived at the moment."""
    with ledger.reading():
        return (*_severe(ledger, product), *_undone(ledger, product))


def show_holds(settings: Settings, ledger: Ledger, products: Iterable[str]) -> None:
    """Let everybody who moves a live pointer without the ledger know what holds promotions."""
    with ledger.transaction():  # of two at once the one who read later writes later
        for product in products:
            write_holds(settings.releases_dir, product, promotion_holds(ledger, product), fsync=settings.fsync)


def require_promotable(settings: Settings, ledger: Ledger, product: str, at: dt.datetime) -> None:
    """Raise PromotionHeldError while a severe incident is unresolved or an action is overdue, and none is waived.

    The first release of a product is never held: it is what ends that nothing was ever published.
    """
    show_holds(settings, ledger, [product])
    if read_live(settings.releases_dir, product) is not None:
        require_not_held(product, promotion_holds(ledger, product), at)


def _severe(ledger: Ledger, product: str) -> Iterator[PromotionHold]:
    for one in incidents(ledger, product):
        if one.severity == "severe":
            yield PromotionHold(
                incident_id=one.incident_id,
                told=f"severe incident since {one.opened_at.isoformat(timespec='seconds')}: {one.title}",
                owner=one.owner,
                since=one.opened_at,
                waived_until=one.waived_until,
            )


def _undone(ledger: Ledger, product: str) -> Iterator[PromotionHold]:
    for one in actions(ledger, product, undone_only=True):
        yield PromotionHold(
            incident_id=one.incident_id,
            told=f"{one.kind} action {one.action_id} was due at {one.due_at.isoformat(timespec='seconds')}: {one.what}",
            owner=one.owner,
            # An action is overdue when the instant is past, not at it.
            since=one.due_at + dt.timedelta(microseconds=1),
            waived_until=get_incident(ledger, one.incident_id).waived_until,
        )
