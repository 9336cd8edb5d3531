"""Signs bodies of webhooks as the Standard Webhooks specification says, so that existing libraries verify them."""

import base64
import datetime as dt
import hashlib
import hmac

from platform_assets.alert_settings import SECRET_PREFIX


def signed_headers(secret: str, key: str, at: dt.datetime, body: bytes) -> dict[str, str]:
    """Return the headers that prove who sent a body and when: HMAC-SHA256 over id, seconds since 1970 and body."""
    seconds = str(int(at.timestamp()))
    content = b".".join((key.encode(), seconds.encode(), body))
    digest = hmac.new(_key_of(secret), content, hashlib.sha256).digest()
    return {
        "webhook-id": key,
        "webhook-timestamp": seconds,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def secret_for(secret: str, consumer: str) -> str:
    """Return the secret of one consumer, derived so that none of them can sign for another, or for the operator."""
    derived = hmac.new(_key_of(secret), f"consumer:{consumer}".encode(), hashlib.sha256).digest()
    return SECRET_PREFIX + base64.b64encode(derived).decode()


def _key_of(secret: str) -> bytes:
    if secret.startswith(SECRET_PREFIX):
        return base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    return secret.encode()
