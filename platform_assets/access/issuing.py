"""New keys for whom the declarations know: a consumer for its own purposes, or a person or service in a role."""

import datetime as dt
from collections.abc import Sequence
from typing import cast

from platform_assets.access.api_keys import NewKey
from platform_assets.access.key_store import KeyStore
from platform_assets.access.words import ROLE_PURPOSES, Role, consumer_actor, role_actor
from platform_assets.contract.consumers import Consumer
from platform_assets.errors import UnknownSubjectError


def issue_for_consumer(
    keys: KeyStore,
    consumers: Sequence[Consumer],
    name: str,
    purposes: Sequence[str],
    *,
    by: str,
    at: dt.datetime,
    lasts: dt.timedelta,
) -> NewKey:
    """Return a key of a declared consumer, bound to some of its purposes; none leaves the choice to each call.

    Raises UnknownSubjectError.
    """
    found = next((each for each in consumers if each.name == name), None)
    if found is None:
        raise UnknownSubjectError(what="consumer", value=name, known=", ".join(each.name for each in consumers))
    known = {purpose for reading in found.reads for purpose in reading.purposes}
    for purpose in purposes:
        if purpose not in known:
            raise UnknownSubjectError(what="purpose", value=purpose, known=", ".join(sorted(known)))
    actor = consumer_actor(name)
    return keys.create(subject=actor, actors=[actor], purposes=tuple(purposes), by=by, at=at, lasts=lasts)


def issue_for_role(keys: KeyStore, role: str, person: str, *, by: str, at: dt.datetime, lasts: dt.timedelta) -> NewKey:
    """Return a key of a person or service in one role, bound to the purpose of the role; raises UnknownSubjectError."""
    if role not in ROLE_PURPOSES:
        raise UnknownSubjectError(what="role", value=role, known=", ".join(ROLE_PURPOSES))
    known = cast("Role", role)
    return keys.create(
        subject=f"{role}:{person}",
        actors=[role_actor(known)],
        purposes=[ROLE_PURPOSES[known]],
        by=by,
        at=at,
        lasts=lasts,
    )
