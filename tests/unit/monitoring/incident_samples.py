"""A product of two modes, who reads it, and a ledger with a past, for tests of incidents."""

import datetime as dt

import msgspec

from platform_assets.contract.consumers import Consumer, Contact, Importance, Output, Reading
from platform_assets.contract.product import Product
from platform_assets.contract.promises import AutomatedAction, PromiseState
from platform_assets.ledger.artifacts import ArtifactKind, artifact_id, record_artifact
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.promises import Observation, record_observations
from platform_assets.ledger.publications import Publication, next_revision, record_publication
from platform_assets.monitoring.incidents.follow import follow_incidents
from platform_assets.monitoring.incidents.happened import Witness, no_witness
from platform_assets.monitoring.incidents.impact import Readers
from platform_assets.monitoring.incidents.moves import IncidentMove
from platform_assets.products._discovery import discover_products

# A Wednesday.
AT = dt.datetime(2026, 3, 4, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
_DECLARED = next(product for product in discover_products() if product.name == "churn")
PRODUCT: Product = msgspec.structs.replace(_DECLARED, actions=())
ACTING: Product = msgspec.structs.replace(
    _DECLARED, actions=(AutomatedAction(name="send_offer", description="Sends an offer by mail."),)
)


def reader(
    importance: Importance = "normal", *, output: Output = "published_predictions", at_cron: str | None = None
) -> Readers:
    """Return one consumer with one reading of the product."""
    reading = Reading(
        product=PRODUCT.name,
        output=output,
        versions=(1,),
        purposes=("testing",),
        importance=importance,
        at_cron=at_cron,
    )
    contact = Contact(team="crm", email="crm@example.com", webhook="https://crm.example.com/told")
    return [(Consumer(name="crm", title="The CRM", contact=contact, reads=(reading,)), reading)]


def look(
    ledger: Ledger,
    state: PromiseState,
    at: dt.datetime,
    *,
    promise: str = "data_age",
    subject: str = "",
    product: Product = PRODUCT,
    witness: Witness = no_witness,
) -> list[IncidentMove]:
    """Observe one promise and let incidents follow, as a watch does; return what became of them."""
    seen = Observation(
        product=product.name,
        promise=promise,
        subject=subject,
        state=state,
        value=230.0,
        limit=192.0,
        unit="hours",
        facts={"as_of": "2026-02-22"},
    )
    with ledger.transaction():
        changes = record_observations(ledger, [seen], at)
        return follow_incidents(ledger, [product], changes, at, witness=witness)


def publish(ledger: Ledger, at: dt.datetime, *, as_of: str = "2026-03-01") -> Publication:
    """Record a batch and the whole chain that it was made from; equal content keeps its first records."""
    raw = _made(ledger, "raw_file", PRODUCT.dataset, "raw-1", at, ())
    staged = _made(ledger, "staging", PRODUCT.dataset, "staged-1", at, (raw,))
    view = PRODUCT.features.views[0].view
    history = _made(ledger, "feature_history", view, "view-1", at, (staged,))
    inputs = _made(ledger, "batch_input", PRODUCT.name, f"input-{as_of}", at, (history,))
    digest = f"batch-{as_of}"
    made = _made(ledger, "publication", PRODUCT.name, digest, at, (inputs,))
    assert made == artifact_id("publication", PRODUCT.name, digest)
    return record_publication(
        ledger,
        product=PRODUCT.name,
        as_of=as_of,
        model_version=1,
        revision=next_revision(ledger, PRODUCT.name, as_of, 1),
        release_id="r1",
        row_count=3,
        digest=digest,
        delta_version=1,
        published_at=at,
        run_id="run-1",
    )


def change_raw(ledger: Ledger, at: dt.datetime) -> None:
    """Record new raw content and the feature view that was built from it an hour later."""
    raw = _made(ledger, "raw_file", PRODUCT.dataset, "raw-2", at, ())
    staged = _made(ledger, "staging", PRODUCT.dataset, "staged-2", at, (raw,))
    _made(ledger, "feature_history", PRODUCT.features.views[0].view, "view-2", at + HOUR, (staged,))


def _made(ledger: Ledger, kind: ArtifactKind, name: str, digest: str, at: dt.datetime, inputs: tuple[str, ...]) -> str:
    return record_artifact(
        ledger,
        kind=kind,
        name=name,
        digest=digest,
        uri="here",
        inputs=inputs,
        run_id="run-1",
        code_version="code-1",
        created_at=at,
    )
