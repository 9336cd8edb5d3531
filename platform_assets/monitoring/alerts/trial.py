"""A test alert, so that a person sees whether the configured channels work before something breaks."""

import datetime as dt

import msgspec

from platform_assets.contract.promises import Owner
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.notifications import Address, News, enqueue
from platform_assets.monitoring.alerts.message import AlertMessage
from platform_assets.monitoring.alerts.recipients import recipients_of
from platform_assets.monitoring.alerts.standing import topic_of
from platform_assets.settings import Settings

TRIAL = topic_of("platform", "test", "")


def enqueue_trial(settings: Settings, ledger: Ledger, email: str, at: dt.datetime) -> list[Address]:
    """Write one test alert per configured channel into the outbox and return where they go."""
    recipients = recipients_of(settings, ())
    owner = Owner(team="test", email=email)
    message = AlertMessage(
        product="platform",
        promise="test",
        subject="",
        audience="owner",
        level="warning",
        severity="warning",
        is_recovery=False,
        what="this is a test: nothing is broken",
        since=at,
        happened_at=at,
        who_is_hurt=("nobody",),
        probable_cause="somebody ran `platform alerts test`",
        next_step="nothing, alerts reach you",
        owner=f"{owner.team} <{owner.email}>",
        links={"dagster": recipients.dagster_url, "docs": "docs/alerts.md"},
    )
    addresses = recipients.of_owner(owner)
    content = msgspec.to_builtins(message)
    enqueue(ledger, [News(topic=TRIAL, address=where, message=content) for where in addresses], at)
    return addresses
