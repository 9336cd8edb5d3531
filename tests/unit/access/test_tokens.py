"""Tokens of the trusted issuer: what they prove, and attacks that prove nothing."""

import base64
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from platform_assets.access.identity import Identity, Unproven
from platform_assets.access.issuer import Issuer
from platform_assets.access.jwks_fetch import fetch_keys
from platform_assets.access.oidc_trust import Trust, read_trust
from platform_assets.access.tokens import prove, read_key_set
from platform_assets.errors import IssuerKeysUnavailableError, TrustUnusableError
from tests.unit.access.conftest import NOW

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | bytes
NOW_S = NOW.timestamp()
OURS = rsa.generate_private_key(public_exponent=65537, key_size=2048)
THEIRS = rsa.generate_private_key(public_exponent=65537, key_size=2048)
CURVE = ec.generate_private_key(ec.SECP256R1())
PUBLIC_PEM = OURS.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
JWKS = msgspec.json.encode(
    {
        "keys": [
            {**jwt.algorithms.RSAAlgorithm.to_jwk(OURS.public_key(), as_dict=True), "kid": "rsa", "use": "sig"},
            {**jwt.algorithms.ECAlgorithm.to_jwk(CURVE.public_key(), as_dict=True), "kid": "ec"},
            {"kty": "oct", "k": base64.urlsafe_b64encode(b"s" * 32).decode(), "kid": "shared", "alg": "HS256"},
            {"kid": "odd", "kty": "none"},
        ]
    }
)
TRUST = Trust(
    issuer="https://login.example.com",
    audience="platform",
    jwks="https://login.example.com/keys",
    actors={"auditors": "role:auditor", "crm": "consumer:marketing_automation"},
    purpose_claim="purpose",
)
CLAIMS = {
    "iss": TRUST.issuer,
    "aud": TRUST.audience,
    "sub": "alice",
    "iat": NOW_S - 60,
    "exp": NOW_S + 600,
    "roles": ["auditors", "wizards"],
}
KEYS = read_key_set(JWKS, TRUST)


@pytest.mark.parametrize(
    "odd",
    [{"kty": "oct"}, {"kty": "RSA"}, {"kty": "RSA", "n": 3, "e": "AQAB"}, {"kty": ["RSA"]}, {"alg": ["RS256"]}, {}],
)
def test_a_key_set_with_a_key_that_is_none_gives_the_others(odd: dict[str, object]) -> None:
    sound = msgspec.json.decode(JWKS)["keys"]
    content = msgspec.json.encode({"keys": [{"kid": "odd", **odd}, *sound]})
    assert read_key_set(content, TRUST).keys() == KEYS.keys()


@pytest.mark.parametrize("content", [b"\xff", b'{"\xff": 1}', b"[" * 100_000, b"[]", b"{}"])
def test_a_key_set_that_cannot_be_read_is_told_and_no_other_error(content: bytes) -> None:
    with pytest.raises(IssuerKeysUnavailableError):
        read_key_set(content, TRUST)


def token(
    *, key: PrivateKey = OURS, algorithm: str = "RS256", kid: str | None = "rsa", head: object = None, **claims: object
) -> str:
    """Return a signed token; a claim of None is left out."""
    told = {name: value for name, value in {**CLAIMS, **claims}.items() if value is not None}
    headers = {**({} if kid is None else {"kid": kid}), **(head if isinstance(head, dict) else {})}
    return jwt.encode(told, key, algorithm=algorithm, headers=headers)


def unsigned(head: dict[str, Any], signature: str = "") -> str:
    parts = [base64.urlsafe_b64encode(msgspec.json.encode(each)).rstrip(b"=").decode() for each in (head, CLAIMS)]
    return ".".join([*parts, signature])


def test_a_token_proves_its_subject_with_the_actors_that_its_roles_mean_here() -> None:
    for told in (token(), token(key=CURVE, algorithm="ES256", kid="ec")):
        assert prove(told, TRUST, KEYS, NOW_S) == Identity(
            "token:alice", ("role:auditor",), "token", (), NOW_S + 600 + TRUST.leeway_s
        )
    bound = prove(token(roles="crm", purpose="audiences"), TRUST, KEYS, NOW_S)
    assert bound[1:4] == (("consumer:marketing_automation",), "token", ("audiences",))


def test_keys_that_are_no_public_signing_keys_are_not_trusted() -> None:
    assert sorted(KEYS) == ["ec", "rsa"]


ATTACKS = {
    "algorithm none": unsigned({"alg": "none", "kid": "rsa"}),
    "algorithm none in other letters": unsigned({"alg": "nOnE", "kid": "rsa"}),
    "the public key as a shared secret": unsigned({"alg": "HS256", "kid": "rsa"}, "c2lnbmF0dXJl"),
    "a shared secret of the key set": token(key=b"s" * 32, algorithm="HS256", kid="shared"),
    "another algorithm of the same key": token(algorithm="RS512"),
    "another signer under a known id": token(key=THEIRS),
    "an unknown key": token(key=THEIRS, kid="theirs"),
    "no key named": token(kid=None),
    "a key of its own in the token": token(
        key=THEIRS, head={"jwk": jwt.algorithms.RSAAlgorithm.to_jwk(THEIRS.public_key(), as_dict=True)}
    ),
    "a key set of its own": token(key=THEIRS, kid="theirs", head={"jku": "https://evil.example/keys"}),
    "a certificate of its own": token(key=THEIRS, kid="theirs", head={"x5u": "https://evil.example/c", "x5c": ["x"]}),
    "a critical extension": token(head={"crit": ["x"], "x": 1}),
    "another issuer": token(iss="https://login.example.com.evil.example"),
    "no issuer": token(iss=None),
    "another audience": token(aud="warehouse"),
    "no audience": token(aud=None),
    "no subject": token(sub=None),
    "a subject with a line break": token(sub="alice\nadmin"),
    "expired": token(exp=NOW_S - TRUST.leeway_s),
    "no end": token(exp=None),
    "an end that is no number": token(exp=True),
    "not valid yet": token(nbf=NOW_S + TRUST.leeway_s + 1),
    "issued in the future": token(iat=NOW_S + TRUST.leeway_s + 1),
    "a bent signature": token()[:-6] + "AAAAAA",
    "no token": "a.b.c",
    "nothing": "",
    "a huge token": token(pad="x" * 20_000),
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_an_attack_proves_nothing_and_its_reason_holds_nothing_of_the_token(attack: str) -> None:
    refused = prove(attack, TRUST, KEYS, NOW_S)
    assert isinstance(refused, Unproven)
    assert "evil" not in refused.why
    assert "alice" not in refused.why


def test_the_public_key_as_a_secret_of_hs256_opens_nothing() -> None:
    import hashlib  # noqa: PLC0415 - the library itself refuses to sign like this
    import hmac  # noqa: PLC0415

    body = unsigned({"alg": "HS256", "kid": "rsa"}).rstrip(".")
    signature = base64.urlsafe_b64encode(hmac.digest(PUBLIC_PEM, body.encode(), hashlib.sha256)).rstrip(b"=").decode()
    assert isinstance(prove(f"{body}.{signature}", TRUST, KEYS, NOW_S), Unproven)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("jwks", "http://login.example.com/keys"),
        ("jwks", "file:///etc/passwd"),
        ("jwks", "https://user:secret@login.example.com/keys"),
        ("jwks", "keys.json"),
        ("jwks", "ftp://login.example.com/keys"),
        ("algorithms", ["HS256"]),
        ("algorithms", ["none"]),
        ("algorithms", []),
        ("actors", {"admins": "everybody"}),
        ("actors", {"admins": "role:root"}),
        ("surprise", 1),
    ],
)
def test_a_declaration_that_trusts_too_much_is_refused(tmp_path: Path, field: str, value: object) -> None:
    path = tmp_path / "oidc.json"
    path.write_bytes(msgspec.json.encode({**msgspec.to_builtins(TRUST), field: value}))
    with pytest.raises(TrustUnusableError, match=r"oidc\.json"):
        read_trust(path)


@dataclass
class Place:
    """A server of keys; a test sets what it answers."""

    url: str = ""
    status: int = 200
    content: bytes = JWKS
    location: str = ""
    asked: int = 0


@contextmanager
def place_of_keys() -> Iterator[Place]:
    place = Place()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            place.asked += 1
            self.send_response(place.status)
            if place.location:
                self.send_header("Location", place.location)
            self.end_headers()
            self.wfile.write(place.content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    place.url = f"http://127.0.0.1:{server.server_port}/keys"
    try:
        yield place
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_keys_are_fetched_from_the_configured_place_and_a_redirect_leads_nowhere() -> None:
    with place_of_keys() as place, place_of_keys() as inner:
        trust = msgspec.structs.replace(TRUST, jwks=place.url)
        assert fetch_keys(trust) == JWKS
        place.status, place.location = 302, inner.url
        with pytest.raises(IssuerKeysUnavailableError, match="answers 302"):
            fetch_keys(trust)
        assert inner.asked == 0
        place.status, place.location, place.content = 200, "", b"x" * (300 * 1024)
        with pytest.raises(IssuerKeysUnavailableError, match="larger"):
            fetch_keys(trust)


def test_keys_come_from_a_file_as_well_and_an_unknown_one_is_asked_for_soon_but_not_often(tmp_path: Path) -> None:
    path, clock = tmp_path / "keys.json", [0.0]
    path.write_bytes(b'{"keys": []}')
    issuer = Issuer(msgspec.structs.replace(TRUST, jwks=str(path)), monotonic=lambda: clock[0])
    assert not issuer.refresh()
    assert "no key in it" in (issuer.problem or "")
    path.write_bytes(JWKS)
    assert not issuer.refresh()  # too soon
    clock[0] += 11.0
    assert issuer.refresh()
    assert issuer.problem is None
    assert isinstance(issuer.prove(token(), NOW_S), Identity)
    clock[0] += 20.0
    path.unlink()
    assert not issuer.refresh()  # nobody asked for an unknown key
    assert isinstance(issuer.prove(token(key=THEIRS, kid="theirs"), NOW_S), Unproven)
    assert not issuer.refresh()
    assert issuer.problem is not None
    assert isinstance(issuer.prove(token(), NOW_S), Identity)  # the last keys stay
