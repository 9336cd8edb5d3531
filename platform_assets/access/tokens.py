"""Tokens of the trusted issuer (JWT): what they prove, and every way in which they prove nothing."""

from collections.abc import Iterable, Mapping
from typing import Any

import jwt
import msgspec

from platform_assets.access.identity import Identity, Unproven
from platform_assets.access.oidc_trust import Trust
from platform_assets.errors import IssuerKeysUnavailableError

MOST_TOKEN_CHARACTERS = 16 * 1024
_MOST_SUBJECT_CHARACTERS = 200
_REQUIRED = ["exp", "iat", "iss", "aud", "sub"]
KeysById = Mapping[str, jwt.PyJWK]


def read_key_set(content: bytes, trust: Trust) -> KeysById:
    """Return the keys that may sign, by id; keys of another kind or use are left out.

    Raises IssuerKeysUnavailableError when that leaves none.
    """
    try:
        told = msgspec.json.decode(content, type=dict[str, Any]).get("keys")
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise IssuerKeysUnavailableError(place=trust.jwks, problem=f"no key set ({error})") from error
    keys = dict(_signing_keys(told if isinstance(told, list) else [], trust))
    if not keys:
        raise IssuerKeysUnavailableError(place=trust.jwks, problem="no key in it may sign with a trusted algorithm")
    return keys


def prove(token: str, trust: Trust, keys: KeysById, now: float) -> Identity | Unproven:
    """Return whom a token proves at an instant (epoch seconds).

    The key is the trusted one of the token's `kid`, and the algorithm that of the key: whatever else the token says
    about keys or algorithms is not looked at, or a reason to refuse.
    """
    if len(token) > MOST_TOKEN_CHARACTERS:
        return Unproven("the token is too long")
    try:
        head = jwt.get_unverified_header(token)
    except jwt.PyJWTError:
        return Unproven("the token cannot be read")
    key = keys.get(head.get("kid", ""))
    if key is None:
        return Unproven("the token is signed by an unknown key")
    if head.get("alg") != key.algorithm_name or "crit" in head:
        return Unproven("the token is not signed by a trusted algorithm")
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=[key.algorithm_name],
            audience=trust.audience,
            issuer=trust.issuer,
            leeway=trust.leeway_s,
            # The clock is ours: the library would ask the system's.
            options={"require": _REQUIRED, "verify_exp": False, "verify_nbf": False, "verify_iat": False},
        )
    except jwt.PyJWTError as error:
        return Unproven(f"the token is refused ({type(error).__name__})")
    return _in_time(claims, trust, now) or _identity(claims, trust)


def _signing_keys(told: Iterable[object], trust: Trust) -> Iterable[tuple[str, jwt.PyJWK]]:
    for one in told:
        if not isinstance(one, dict) or not isinstance(one.get("kid"), str) or one.get("use", "sig") != "sig":
            continue
        try:
            key = jwt.PyJWK(one)
        except (jwt.PyJWTError, LookupError, TypeError, ValueError):  # the library trusts the fields of a key
            continue
        if key.algorithm_name in trust.algorithms:
            yield one["kid"], key


def _in_time(claims: Mapping[str, Any], trust: Trust, now: float) -> Unproven | None:
    times = {name: claims[name] for name in ("exp", "nbf", "iat") if name in claims}
    if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in times.values()):
        return Unproven("the token has a time that is no number")
    if now >= times["exp"] + trust.leeway_s:
        return Unproven("the token has expired")
    if now < max(times["iat"], times.get("nbf", times["iat"])) - trust.leeway_s:
        return Unproven("the token is not valid yet")
    return None


def _identity(claims: Mapping[str, Any], trust: Trust) -> Identity | Unproven:
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= _MOST_SUBJECT_CHARACTERS or not subject.isprintable():
        return Unproven("the token names no usable subject")
    told = claims.get(trust.roles_claim, [])
    values = [told] if isinstance(told, str) else told if isinstance(told, list) else []
    actors = {trust.actors[each] for each in values if isinstance(each, str) and each in trust.actors}
    purpose = claims.get(trust.purpose_claim) if trust.purpose_claim else None
    if purpose is not None and not isinstance(purpose, str):
        return Unproven("the token is bound to a purpose that is no text")
    until = float(claims["exp"]) + trust.leeway_s
    purposes = () if purpose is None else (purpose,)
    return Identity(f"token:{subject}", tuple(sorted(actors)), "token", purposes, until)
