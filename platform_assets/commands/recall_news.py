"""What owners and readers are told of a recall."""

from typing import TYPE_CHECKING

import msgspec

from platform_assets.contract.consumers import Output
from platform_assets.contract.product import Product
from platform_assets.settings import Settings

if TYPE_CHECKING:
    from platform_assets.audit.impact import AffectedReader, Impact
    from platform_assets.commands.recall_steps import ProductAfterRecall
    from platform_assets.ledger.database import Ledger
    from platform_assets.monitoring.alerts.message import AlertMessage

_OUTPUTS: tuple[Output, ...] = ("published_predictions", "online_predictions")


def tell_everybody(
    settings: Settings, ledger: "Ledger", product: Product, impact: "Impact", after: "ProductAfterRecall"
) -> int:
    """Write the news for the owner of a product and all its readers into the outbox; returns how many are told.

    Joins the caller's transaction.
    """
    from platform_assets.monitoring.alerts.compose import Announcement, announce
    from platform_assets.monitoring.alerts.recipients import recipients_of

    outputs = [each for each in _OUTPUTS if any(one.output == each for one in _readers(impact, product))]
    to_owner = _owner_message(product, impact, after)
    news = Announcement(to_owner=to_owner, to_consumers=_consumer_message(to_owner, product, impact, after))
    return announce(ledger, recipients_of(settings, [product]), news, outputs, after.recall.decided_at)


def _owner_message(product: Product, impact: "Impact", after: "ProductAfterRecall") -> "AlertMessage":
    from platform_assets.monitoring.alerts.message import AlertMessage

    recall, owner = after.recall, product.owner
    return AlertMessage(
        product=product.name,
        promise="recall",
        subject=recall.subject,
        audience="owner",
        level="severe",
        severity="severe",
        is_recovery=False,
        what=f"{product.title}: predictions are recalled, because {recall.subject} was: "
        f"{_affected(product, impact)} were made from it",
        since=recall.decided_at,
        happened_at=recall.decided_at,
        who_is_hurt=tuple(f"{one.title} ({one.output})" for one in _readers(impact, product)),
        probable_cause=recall.reason,
        next_step=f"{_now(after)} Undo what was done with recalled predictions; "
        f"`platform impact {recall.subject} --ids FILE` lists them",
        owner=f"{owner.team} <{owner.email}>",
        links={"docs": "docs/recall.md"},
    )


def _consumer_message(
    to_owner: "AlertMessage", product: Product, impact: "Impact", after: "ProductAfterRecall"
) -> "AlertMessage":
    """Return the same in a consumer's words: no name of another consumer, no cause and no tool of the owner."""
    return msgspec.structs.replace(
        to_owner,
        subject="",
        audience="consumer",
        what=f"{product.title}: predictions are recalled that you may have read: {_affected(product, impact)}",
        who_is_hurt=(),
        probable_cause="",
        next_step=f"{_now(after)} Use no recalled prediction any more, and undo what was done with them. Questions, "
        f"also which predictions those are, go to {product.owner.email}",
        links={},
    )


def _readers(impact: "Impact", product: Product) -> "list[AffectedReader]":
    return [one for one in impact.readers if one.product == product.name]


def _affected(product: Product, impact: "Impact") -> str:
    rows = sum(one.publication.row_count for one in impact.batches if one.publication.product == product.name)
    answers = sum(one.answers for one in impact.answers if one.product == product.name)
    return f"{rows:,} rows of batches and {answers:,} answers"


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
