"""How many things a list tells: the query parameter `limit`."""

import re

from starlette.requests import Request

from platform_assets.errors import MalformedRequestError

_NUMBER = re.compile(r"[0-9]{1,4}")


def asked_limit(request: Request, *, default: int, most: int) -> int:
    """Return how many a caller wants to see, from 1 to `most`; raises MalformedRequestError."""
    text = request.query_params.get("limit", str(default))
    if not _NUMBER.fullmatch(text) or not 1 <= int(text) <= most:
        raise MalformedRequestError(where="limit", problem=f"expected 1 to {most}")
    return int(text)
