"""What was last in order before a breach: the state that a cause is looked for since."""

import datetime as dt

import msgspec

from platform_assets.contract.product import Product
from platform_assets.ledger.artifacts import artifact_id
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.incidents import Incident
from platform_assets.ledger.publications import publications
from platform_assets.monitoring.incidents.reach import is_about_online

# Nobody looks further back: what is older than this cannot be told from what was always so.
_FURTHEST = dt.timedelta(days=30)
_ONLINE_LOOK_BACK = dt.timedelta(days=7)


class LastGood(msgspec.Struct, frozen=True, kw_only=True):
    """When all was in order last, in words, and the artifact of the manifest that it was, where there is one."""

    at: dt.datetime
    told: str
    artifact: str | None = None


def last_good(ledger: Ledger, product: Product, incident: Incident, *, broke_at: dt.datetime) -> LastGood:
    """Return the last good state before a promise broke: the batch published last, or the week before for online ones.

    Never longer ago than 30 days before.
    """
    floor = broke_at - _FURTHEST
    before = [one for one in publications(ledger, product.name) if one.published_at < broke_at]
    newest = max((one for one in before if one.state == "published"), key=lambda one: one.published_at, default=None)
    made = artifact_id("publication", product.name, newest.digest) if newest else None
    if is_about_online(incident.promise, incident.subject):
        at = broke_at - _ONLINE_LOOK_BACK
        return LastGood(at=at, told="the week before; answers are not kept good or bad one by one", artifact=made)
    if newest is None:
        return LastGood(at=floor, told="nothing was ever published; the 30 days before are looked at")
    told = f"the batch as of {newest.as_of}, published at {newest.published_at:%Y-%m-%d %H:%M} UTC"
    return LastGood(at=max(newest.published_at, floor), told=told, artifact=made)
