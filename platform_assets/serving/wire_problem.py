"""What travels as an error: RFC 9457 problem details."""

import msgspec

MEDIA_TYPE = "application/problem+json"


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One problem; `detail` ends in the remedy, `code` and `type` are stable."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    request_id: str
    retryable: bool
