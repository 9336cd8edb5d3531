"""The policy and the credentials in force, as one value that is replaced when a file changes."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from platform_assets.access.api_keys import ApiKey, is_key_of, key_id_of
from platform_assets.access.identity import Identity, Unproven, identity_of
from platform_assets.access.policy import Policy

if TYPE_CHECKING:
    from platform_assets.access.issuer import Issuer

_BEARER = "bearer "


@dataclass(frozen=True, slots=True)
class InForce:
    """What decides now. A part that cannot be read opens nothing, and `problem` says why."""

    policy: Policy
    keys: Mapping[str, ApiKey] = field(default_factory=dict)
    issuer: "Issuer | None" = None
    problem: str | None = None

    def prove(self, authorization: str, at: dt.datetime) -> Identity | Unproven:
        """Return whom the header Authorization proves: a key of ours, or a token of the trusted issuer."""
        if not authorization:
            return Unproven("no credential was sent", is_missing=True)
        if authorization[: len(_BEARER)].lower() != _BEARER:
            return Unproven("the credential is no bearer token")
        text = authorization[len(_BEARER) :].strip()
        key_id = key_id_of(text)
        if key_id is not None:
            kept = self.keys.get(key_id)
            if not is_key_of(text, kept) or kept is None:
                return Unproven("the key is unknown")
            return identity_of(kept, at)
        if self.issuer is None:
            return Unproven("the credential is no key, and tokens are not accepted here")
        return self.issuer.prove(text, at.timestamp())
