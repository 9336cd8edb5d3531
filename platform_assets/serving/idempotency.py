"""The header Idempotency-Key: under one key, a repeated request is the same thing and not a second one."""

import re

from starlette.requests import Request

from platform_assets.errors import MalformedRequestError

MAX_KEY_LENGTH = 200
_KEY = re.compile(rf"[!-~]{{1,{MAX_KEY_LENGTH}}}")


def idempotency_key(request: Request) -> str | None:
    """Return the key that a caller sent, if any; raises MalformedRequestError for what is no key."""
    key = request.headers.get("idempotency-key")
    if key is not None and not _KEY.fullmatch(key):
        problem = f"1 to {MAX_KEY_LENGTH} visible ASCII characters are a key"
        raise MalformedRequestError(where="Idempotency-Key", problem=problem)
    return key
