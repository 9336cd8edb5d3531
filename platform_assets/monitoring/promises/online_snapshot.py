"""How old the online snapshot is, and how far it lags behind the features that are there for it.

A late sync empties nothing: the endpoint goes on serving the snapshot that is live and marks each row beyond its limit
as stale. What is watched here is that a new one comes.
"""

import datetime as dt
from typing import Any

from platform_assets.clock import parse_instant
from platform_assets.contract import names
from platform_assets.contract.ages import business_now
from platform_assets.contract.product import Product
from platform_assets.contract.promises import PromiseState
from platform_assets.errors import UnknownRecordError
from platform_assets.ledger.artifacts import Artifact, artifact_id, artifacts, get_artifact
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.promises import Observation, promise_standing
from platform_assets.ledger.snapshots import SnapshotRecord, current_snapshot
from platform_assets.monitoring.promises.grace import NEVER_MADE, state_without
from platform_assets.settings import Settings

# A nightly run may end so much later than the one of the night before.
RUN_HOURS = 1.0
# Features are there at night and the sync follows half an hour later; after this it is the working day.
MAX_LAG_HOURS = 4.0
_HOUR = dt.timedelta(hours=1)


def observe_online_snapshot(settings: Settings, ledger: Ledger, product: Product, at: dt.datetime) -> list[Observation]:
    """Return age and lag of the live snapshot of a served product; nothing for one that is batch only.

    Never published is unknown for a grace and then broken.
    """
    if product.online is None:
        return []
    snapshot = current_snapshot(ledger, names.feature_service(product.name, product.features.version))
    limit = product.online.max_feature_age_hours + RUN_HOURS
    if snapshot is None:
        stood = promise_standing(ledger, product.name, "snapshot_age")
        state = state_without(stood, NEVER_MADE, at)
        return [_age(product, state, None, limit, {"problem": "no snapshot was ever published"})]
    made = _artifact(ledger, product, snapshot)
    return [_aged(settings, product, snapshot, made, at), *_lagging(ledger, product, snapshot, made, at)]


def _aged(
    settings: Settings, product: Product, snapshot: SnapshotRecord, made: Artifact | None, at: dt.datetime
) -> Observation:
    online = product.online
    allowed = online.max_feature_age_hours if online else 0.0
    age = (business_now(product, settings.clock, at) - snapshot.as_of) / _HOUR
    newest = made.details.get("newest_event_at") if made else None
    was_old = newest is not None and (snapshot.as_of - parse_instant(newest)) / _HOUR > allowed
    facts: dict[str, Any] = {
        "snapshot_id": snapshot.snapshot_id,
        "as_of": snapshot.as_of,
        "newest_event_at": newest,
        "published_at": snapshot.published_at,
        "rows_stale_after_hours": allowed,
    }
    if age < -RUN_HOURS:
        return _age(product, "unknown", age, allowed, {**facts, "problem": "the clock is before the snapshot"})
    if was_old:
        facts["problem"] = "its newest value was too old when it was published"
    state: PromiseState = "broken" if was_old or age > allowed + RUN_HOURS else "kept"
    return _age(product, state, age, allowed + RUN_HOURS, facts)


def _lagging(
    ledger: Ledger, product: Product, snapshot: SnapshotRecord, made: Artifact | None, at: dt.datetime
) -> list[Observation]:
    if made is None:  # published without the platform's assets: nothing says from what
        return []
    waiting = {use.view: _first_missed(ledger, use.view, made) for use in product.features.views}
    since = [max(built.created_at, snapshot.published_at) for built in waiting.values() if built is not None]
    lag = max(0.0, (at - min(since)) / _HOUR) if since else 0.0
    return [
        Observation(
            product=product.name,
            promise="materialization_lag",
            state="broken" if lag > MAX_LAG_HOURS else "kept",
            value=lag,
            limit=MAX_LAG_HOURS,
            unit="hours",
            facts={"snapshot_id": snapshot.snapshot_id, "views": [view for view, built in waiting.items() if built]},
        )
    ]


def _first_missed(ledger: Ledger, view: str, made: Artifact) -> Artifact | None:
    """Return the first build of a view that came after what a snapshot was made from, None where it has the newest."""
    builds = sorted(artifacts(ledger, "feature_history", view), key=lambda built: built.last_made)
    known = [place for place, built in enumerate(builds) if built.artifact_id in made.inputs]
    missed = builds[known[-1] + 1 :] if known else builds
    return missed[0] if missed else None


def _artifact(ledger: Ledger, product: Product, snapshot: SnapshotRecord) -> Artifact | None:
    try:
        return get_artifact(ledger, artifact_id("online_snapshot", product.name, snapshot.snapshot_id))
    except UnknownRecordError:
        return None


def _age(
    product: Product, state: PromiseState, value: float | None, limit: float, facts: dict[str, Any]
) -> Observation:
    return Observation(
        product=product.name,
        promise="snapshot_age",
        state=state,
        value=value,
        limit=limit,
        unit="hours",
        facts=facts,
    )
