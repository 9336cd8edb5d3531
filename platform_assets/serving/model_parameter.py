"""POST /v1/predict?model=...: the address that a deployment gives names its product, so the body need not (R405)."""

from urllib.parse import parse_qsl

import msgspec

from platform_assets.errors import MalformedRequestError
from platform_assets.serving.limits import MAX_NAME_LENGTH
from platform_assets.serving.wire import PredictRequest, read_request

PARAMETER = "model"


def named_by_address(body: bytes, query: bytes) -> PredictRequest | None:
    """Return the request of a body that names no product, for the one in the address; None where the body tells.

    Raises UnreadableBodyError and MalformedRequestError as reading any request does.
    """
    named = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True)).get(PARAMETER)
    if named is None:
        return None
    if not 0 < len(named) <= MAX_NAME_LENGTH:
        raise MalformedRequestError(where=PARAMETER, problem=f"1 to {MAX_NAME_LENGTH} characters are a name")
    request = read_request(body)
    if request.product is not None or request.model is not None:
        return None
    return msgspec.structs.replace(request, product=named)
