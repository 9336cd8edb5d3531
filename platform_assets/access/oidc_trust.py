"""Which issuer of tokens is trusted, by which keys, and what its claims mean here; one file declares it."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec

from platform_assets.access.words import ROLE_PURPOSES
from platform_assets.errors import TrustUnusableError

# Signatures by a private key alone: with a shared secret whoever checks a token could also make one.
Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
_ACTOR = re.compile(rf"consumer:[a-z][a-z0-9_]{{0,62}}|role:({'|'.join(ROLE_PURPOSES)})")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Trust(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One trusted issuer. `jwks` is an https URL or the path of a file; what a token says about keys is never used.

    `actors` maps values of `roles_claim` (a text or a list of texts) to the names of policies: `role:auditor`,
    `consumer:retention_desk`. A value that is not in it means nothing. `purpose_claim` names the claim that binds a
    token to a purpose, if there is one.
    """

    issuer: _Text
    audience: _Text
    jwks: _Text
    actors: Mapping[str, str]
    algorithms: tuple[Algorithm, ...] = ("RS256", "ES256")
    roles_claim: _Text = "roles"
    purpose_claim: _Text | None = None
    leeway_s: Annotated[int, msgspec.Meta(ge=0, le=120)] = 30

    @property
    def is_remote(self) -> bool:
        """Whether the keys are fetched."""
        return "://" in self.jwks


def read_trust(path: Path) -> Trust:
    """Return what a file declares; raises TrustUnusableError with what is wrong in it."""
    try:
        trust = msgspec.json.decode(path.read_bytes(), type=Trust)
    except (OSError, msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise TrustUnusableError(path=str(path), problem=str(error)) from error
    for problem in _problems(trust):
        raise TrustUnusableError(path=str(path), problem=problem)
    return trust


def _problems(trust: Trust) -> list[str]:
    wrong = [
        f"actors: {actor!r} is no role and no consumer"
        for actor in trust.actors.values()
        if not _ACTOR.fullmatch(actor)
    ]
    if not trust.algorithms:
        wrong.append("algorithms: name at least one")
    if trust.is_remote and not _is_safe(trust.jwks):
        wrong.append("jwks: use https without a user name (http on this machine alone), or the path of a file")
    if not trust.is_remote and not Path(trust.jwks).is_absolute():
        wrong.append("jwks: give the path of a file from the root")
    return wrong


def _is_safe(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    is_plain_local = parts.scheme == "http" and host in _LOOPBACK
    return bool(host) and parts.username is None and (parts.scheme == "https" or is_plain_local)
