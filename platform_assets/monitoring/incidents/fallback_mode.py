"""What consumers get while a promise is broken, told from the records and never guessed."""

from platform_assets.contract.names import feature_service
from platform_assets.contract.online import FallbackKind
from platform_assets.contract.product import Product
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.publications import current_publication
from platform_assets.ledger.snapshots import current_snapshot
from platform_assets.ledger.traffic_moves import traffic_moves
from platform_assets.monitoring.incidents.reach import Reach, reach_of

_TOLD: dict[FallbackKind, str] = {
    "last_batch": "the last published batch prediction",
    "default_score": "the conservative score {default_score}",
    "skip_action": "no score, and the word that no action is allowed",
}


def fallback_mode(ledger: Ledger, product: Product, promise: str, subject: str) -> str:
    """Return in one or more sentences what consumers of a product get while a promise of it is broken."""
    reach = reach_of(promise, subject)
    if not reach.outputs:
        return "Consumers get all that they should: the platform itself is concerned."
    told = []
    if "published_predictions" in reach.outputs:
        told.append(_batch(ledger, product))
    if "online_predictions" in reach.outputs and product.online is not None:
        told.append(_rolled_back(ledger, product) if promise == "rollout" else _online(ledger, product))
    return " ".join([*told, *_marks(product, reach)])


def _batch(ledger: Ledger, product: Product) -> str:
    shown = current_publication(ledger, product.name)
    if shown is None:
        return "No batch was ever published: consumers of the table read nothing."
    return (
        f"Consumers of the table read the last good batch: as of {shown.as_of}, revision {shown.revision} of model "
        f"version {shown.model_version}, published at {shown.published_at:%Y-%m-%d %H:%M} UTC."
    )


def _online(ledger: Ledger, product: Product) -> str:
    service = feature_service(product.name, product.features.version)
    stored = current_snapshot(ledger, service)
    if stored is None:
        return f"No online snapshot was ever published: callers get {_fallbacks(product)}."
    return (
        f"The endpoint answers from the stored features as of {stored.as_of:%Y-%m-%d %H:%M} UTC (snapshot "
        f"{stored.snapshot_id}); where there is no answer of the model, callers get {_fallbacks(product)}."
    )


def _rolled_back(ledger: Ledger, product: Product) -> str:
    moves = traffic_moves(ledger, product.name)
    if not moves:
        return _online(ledger, product)
    return f"Release {moves[-1].release_id} answers everything again, since {moves[-1].moved_at:%Y-%m-%d %H:%M} UTC."


def _fallbacks(product: Product) -> str:
    online = product.online
    if online is None or not online.fallbacks:
        return "an error"
    return ", else ".join(_TOLD[kind].format(default_score=f"{online.default_score:g}") for kind in online.fallbacks)


def _marks(product: Product, reach: Reach) -> list[str]:
    if not reach.is_stale:
        return []
    actions = ", ".join(action.name for action in product.actions)
    suspended = f", and {actions} is not done" if actions else ""
    return [f"All of it is marked stale, with no action allowed{suspended}."]
