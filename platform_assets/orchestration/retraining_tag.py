"""The tag by which a training run carries out a request for a new model."""

import dagster as dg

REQUEST_TAG = "platform/retraining_request"


def request_of(context: dg.AssetExecutionContext) -> int | None:
    """Return the number of the request that the running step is for, or None for an ordinary run."""
    told = context.run.tags.get(REQUEST_TAG, "")
    return int(told) if told.isdecimal() else None
