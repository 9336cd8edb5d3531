"""What owners and readers are told of a recall."""

from typing import TYPE_CHECKING

from platform_assets.contract.consumers import Output
from platform_assets.contract.product import Product
from platform_assets.settings import Settings

if TYPE_CHECKING:
    from platform_assets.audit.impact import AffectedReader, Impact
    from platform_assets.commands.recall_steps import ProductAfterRecall
    from platform_assets.ledger.database import Ledger
    from platform_assets.ledger.decisions import Decision

_OUTPUTS: tuple[Output, ...] = ("published_predictions", "online_predictions")


def tell_everybody(
    settings: Settings, ledger: "Ledger", product: Product, impact: "Impact", after: "ProductAfterRecall"
) -> int:
    """Write the news for the owner of a product and all its readers into the outbox; returns how many are told.

    Joins the caller's transaction.
    """
    from platform_assets.monitoring.alerts.compose import announce
    from platform_assets.monitoring.alerts.message import AlertMessage
    from platform_assets.monitoring.alerts.recipients import recipients_of

    recall, owner = after.recall, product.owner
    outputs = [each for each in _OUTPUTS if any(one.output == each for one in _readers(impact, product))]
    message = AlertMessage(
        product=product.name,
        promise="recall",
        subject=recall.subject,
        audience="consumer",
        level="severe",
        severity="severe",
        is_recovery=False,
        what=_what(product, impact, recall),
        since=recall.decided_at,
        happened_at=recall.decided_at,
        who_is_hurt=tuple(f"{one.title} ({one.output})" for one in _readers(impact, product)),
        probable_cause=recall.reason,
        next_step=f"{_now(after)} Undo what was done with recalled predictions; "
        f"`platform impact {recall.subject} --ids FILE` lists them",
        owner=f"{owner.team} <{owner.email}>",
        links={"docs": "docs/recall.md"},
    )
    return announce(ledger, recipients_of(settings, [product]), message, outputs, recall.decided_at)


def _readers(impact: "Impact", product: Product) -> "list[AffectedReader]":
    return [one for one in impact.readers if one.product == product.name]


def _what(product: Product, impact: "Impact", recall: "Decision") -> str:
    rows = sum(one.publication.row_count for one in impact.batches if one.publication.product == product.name)
    answers = sum(one.answers for one in impact.answers if one.product == product.name)
    return (
        f"{product.title}: predictions are recalled, because {recall.subject} was: {rows:,} rows of batches and "
        f"{answers:,} answers were made from it"
    )


def _now(after: "ProductAfterRecall") -> str:
    told = []
    if after.consumers is not None:
        shown = after.consumers.shown
        told.append(f"The published table holds the batch as of {shown.as_of}." if shown else "No batch is published.")
    if after.traffic is not None and after.traffic.is_off:
        told.append("The model is switched off and fallbacks answer.")
    elif after.traffic is not None and after.traffic.ended:
        told.append(f"Release {after.traffic.release_id} answers.")
    return " ".join(told)
