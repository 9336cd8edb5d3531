"""Makes a message of a standing: for the owner with cause and next step, for a consumer in its own words."""

import datetime as dt
from typing import Any

from platform_assets.contract.consumers import Consumer, Reading
from platform_assets.ledger.database import Ledger
from platform_assets.monitoring.alerts.message import AlertMessage, Level
from platform_assets.monitoring.alerts.recipients import Recipients
from platform_assets.monitoring.alerts.standing import Standing
from platform_assets.monitoring.alerts.wording import consumer_words_of, words_of
from platform_assets.monitoring.incidents.breach import measured
from platform_assets.monitoring.incidents.draft import UNKNOWN, probable_cause

_AGAIN = "nothing: it holds again"
_READ_AGAIN = "nothing: what you read is as promised again"


def owner_message(
    ledger: Ledger, recipients: Recipients, standing: Standing, at: dt.datetime, *, told: Level
) -> AlertMessage:
    """Return what the owner is told; `told` is the level of the news before."""
    words = words_of(standing.promise, standing.subject)
    is_recovery = told != "ok" and standing.level in {"ok", "warning"} and standing.level != told
    broken = words.broken if standing.level != "warning" or is_recovery else f"soon {words.broken}"
    title = _title(recipients, standing.product)
    about = f" [{standing.subject}]" if standing.subject else ""
    return AlertMessage(
        **_common(recipients, standing, at, is_recovery=is_recovery, told=told),
        audience="owner",
        what=f"{title}{about}: {_over(broken) if is_recovery else broken}{_measured(standing)}",
        who_is_hurt=tuple(_who_is_hurt(recipients, standing)),
        probable_cause="" if is_recovery else _cause(ledger, standing) or words.cause.format(product=standing.product),
        next_step=_after_recovery(standing) if is_recovery else _step(standing, words.step),
        links=_links(recipients, standing, words.asset, words.page),
    )


def consumer_message(
    recipients: Recipients, standing: Standing, reading: Reading, at: dt.datetime, *, told: Level
) -> AlertMessage:
    """Return what a consumer is told about an output that it reads; no cause and no tool of the owner."""
    words = consumer_words_of(standing.promise)
    is_recovery = told != "ok" and standing.level in {"ok", "warning"}
    output = "the published table" if reading.output == "published_predictions" else "the endpoint"
    what = f"{_title(recipients, standing.product)}: {output} that you read for {', '.join(reading.purposes)}"
    owner = recipients.owner_of(standing.product, standing.promise, standing.subject)
    return AlertMessage(
        **_common(recipients, standing, at, is_recovery=is_recovery, told=told),
        audience="consumer",
        what=f"{what} {'is as promised again' if is_recovery else words.broken}{_measured(standing)}",
        who_is_hurt=(),
        probable_cause="",
        next_step=_READ_AGAIN if is_recovery else f"{words.step}. Questions go to {owner.email if owner else 'us'}",
        links={},
    )


def spoken_level(level: Level) -> Level:
    """Return the level as consumers hear of it: what is only at risk is no news to them."""
    return "ok" if level == "warning" else level


def hurt_name(consumer: Consumer, reading: Reading) -> str:
    """Return how an owner is told of a consumer that is hurt."""
    return f"{consumer.title} ({', '.join(reading.purposes)}; {reading.importance}; {consumer.contact.email})"


def _common(
    recipients: Recipients, standing: Standing, at: dt.datetime, *, is_recovery: bool, told: Level
) -> dict[str, Any]:
    owner = recipients.owner_of(standing.product, standing.promise, standing.subject)
    change = standing.change
    was = standing.severity if standing.incident or not is_recovery else told
    return {
        "product": standing.product,
        "promise": standing.promise,
        "subject": standing.subject,
        "level": standing.level,
        "severity": was,
        "is_recovery": is_recovery,
        "since": standing.since,
        "incident": standing.incident.incident_id if standing.incident else None,
        "happened_at": at,
        "owner": f"{owner.team} <{owner.email}>" if owner else "unknown",
        "value": change.value if change else None,
        "limit": change.limit if change else None,
        "unit": change.unit if change else "",
    }


def _title(recipients: Recipients, product: str) -> str:
    declared = recipients.products.get(product)
    return declared.title if declared else product


def _measured(standing: Standing) -> str:
    return measured(standing.change) if standing.change else ""


def _over(broken: str) -> str:
    return f"no longer true that {broken}"


def _who_is_hurt(recipients: Recipients, standing: Standing) -> list[str]:
    if standing.level in {"ok", "warning"}:
        return []
    hurt = recipients.hurt_by(standing.product, standing.promise, standing.subject)
    return [hurt_name(*each) for each in hurt] or ["nobody yet: consumers still get something sound"]


def _cause(ledger: Ledger, standing: Standing) -> str:
    """Return the first line of what is known of the cause: by a person, as drafted, or as it was measured."""
    incident, facts = standing.incident, standing.change.facts if standing.change else {}
    drafted = probable_cause(ledger, incident.incident_id) if incident else None
    known = (
        incident.root_cause if incident else None,
        drafted if drafted != UNKNOWN else None,
        facts.get("problem"),
        facts.get("told"),
    )
    lines = [line for each in known if each for line in str(each).splitlines() if line.strip()]
    return lines[0] if lines else ""


def _step(standing: Standing, step: str) -> str:
    facts = standing.change.facts if standing.change else {}
    return step.format(product=standing.product, response=facts.get("response", "see the product file"))


def _after_recovery(standing: Standing) -> str:
    if standing.incident is None:
        return _AGAIN
    return f"{_AGAIN}; write down the cause, then `platform incidents resolve {standing.incident.incident_id}`"


def _links(recipients: Recipients, standing: Standing, asset: str, page: str) -> dict[str, str]:
    links = {"dagster": f"{recipients.dagster_url}/assets/{standing.product}/{asset}"}
    if standing.incident is not None:
        links["incident"] = f"platform incidents show {standing.incident.incident_id}"
    return {**links, "docs": page}
