"""`platform access keys`: make, list, rotate and revoke API keys."""

import datetime as dt
from typing import Annotated

import typer

from platform_assets.access.api_keys import NewKey
from platform_assets.access.issuing import issue_for_consumer, issue_for_role
from platform_assets.access.key_store import KeyStore
from platform_assets.clock import wall_now
from platform_assets.commands.access_tables import keys_table
from platform_assets.commands.operator import ByOption, ReasonOption, actor_named
from platform_assets.commands.terminal import JsonFlag, facts_table, show
from platform_assets.consumers import CONSUMERS
from platform_assets.settings import Settings

keys = typer.Typer(no_args_is_help=True, help="Make, list, rotate and revoke API keys.")

KeyArgument = Annotated[str, typer.Argument(metavar="KEY_ID", help="Id of a key, as `list` shows it.")]
DaysOption = Annotated[int, typer.Option("--days", help="How long the key is good.", min=1, max=366)]


@keys.command("create")
def create(
    *,
    consumer: Annotated[str | None, typer.Option(help="A consumer of consumers.py.")] = None,
    purpose: Annotated[list[str] | None, typer.Option(help="A purpose to bind the key to; several times.")] = None,
    role: Annotated[str | None, typer.Option(help="auditor, operator, engineer, service, scraper or admin.")] = None,
    person: Annotated[str | None, typer.Option("--for", help="Who gets the key of a role.")] = None,
    days: DaysOption = 90,
    by: ByOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Make a key and show it this once: for a consumer, or for somebody in a role."""
    settings, at, lasts = Settings.from_environment(), wall_now(), dt.timedelta(days=days)
    store, actor = KeyStore.of(settings), actor_named(settings, by)
    if consumer is not None and role is None and person is None:
        made = issue_for_consumer(store, CONSUMERS, consumer, purpose or (), by=actor, at=at, lasts=lasts)
    elif consumer is None and role is not None and person and not purpose:
        made = issue_for_role(store, role, person, by=actor, at=at, lasts=lasts)
    else:
        problem = "give --consumer, with --purpose if the key is to be bound; or --role with --for"
        raise typer.BadParameter(problem)
    _show_new(made, store, as_json=as_json)


@keys.command("list")
def list_keys(*, as_json: JsonFlag = False) -> None:
    """List every key with its subject and until when it is good; never its text, which nobody has."""
    found = list(KeyStore.of(Settings.from_environment()).read().values())
    shown = [{name: getattr(key, name) for name in key.__struct_fields__ if name != "digest"} for key in found]
    show(shown, as_json=as_json, render=lambda: keys_table(found, wall_now()))


@keys.command("rotate")
def rotate(
    key_id: KeyArgument,
    *,
    overlap_hours: Annotated[int, typer.Option(help="How long the old key works beside the new one.", min=0)] = 24,
    days: DaysOption = 90,
    by: ByOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Make the successor of a key; the old one works for a while, so that nobody has to hurry."""
    settings, at = Settings.from_environment(), wall_now()
    store, overlap = KeyStore.of(settings), dt.timedelta(hours=overlap_hours)
    actor = actor_named(settings, by)
    made = store.rotate(key_id, by=actor, at=at, lasts=dt.timedelta(days=days), overlap=overlap)
    _show_new(made, store, as_json=as_json)


@keys.command("revoke")
def revoke(key_id: KeyArgument, reason: ReasonOption, *, by: ByOption = None, as_json: JsonFlag = False) -> None:
    """Let a key open nothing any more; a running endpoint heeds it within two seconds."""
    settings = Settings.from_environment()
    store = KeyStore.of(settings)
    revoked = store.revoke(key_id, by=actor_named(settings, by), at=wall_now(), reason=reason)
    told = {"key_id": key_id, "subject": revoked.subject, "revoked_at": revoked.revoked_at}
    show(told, as_json=as_json, render=lambda: facts_table(told))


def _show_new(made: NewKey, store: KeyStore, *, as_json: bool) -> None:
    kept = store.read()[made.key_id]
    told = {
        "key": made.text,
        "key_id": made.key_id,
        "subject": kept.subject,
        "purposes": kept.purposes,
        "expires_at": kept.expires_at,
    }
    note = {"": "the key is shown this once and kept nowhere"}
    show(told, as_json=as_json, render=lambda: facts_table({**told, **note}))
