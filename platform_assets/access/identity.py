"""Who calls: what a credential proves, whatever kind it is."""

import datetime as dt
from typing import NamedTuple

from platform_assets.access.api_keys import ApiKey


class Identity(NamedTuple):
    """A proven subject. `actors` are its names in policies, `credential` names what proved it without any secret.

    `purposes` are those that the credential is bound to; none leaves the choice to each call. It holds until `until`
    (epoch seconds).
    """

    subject: str
    actors: tuple[str, ...]
    credential: str
    purposes: tuple[str, ...]
    until: float


class Unproven(NamedTuple):
    """Why nobody is proven; `is_missing` tells that no credential came at all."""

    why: str
    is_missing: bool = False


def identity_of(key: ApiKey, at: dt.datetime) -> Identity | Unproven:
    """Return whom a key proves at an instant."""
    if key.revoked_at is not None:
        return Unproven(f"key {key.key_id} is revoked")
    if at >= key.expires_at:
        return Unproven(f"key {key.key_id} has expired")
    return Identity(key.subject, key.actors, f"key {key.key_id}", key.purposes, key.expires_at.timestamp())
