"""A request becomes rows of the release that answers it."""

from typing import NamedTuple

from platform_assets.serving.live_release import LiveRelease
from platform_assets.serving.releases import Releases
from platform_assets.serving.rows import Rows, product_name, read_plain_rows, read_rows
from platform_assets.serving.wire import PredictRequest, read_plain_request, read_request


class Asked(NamedTuple):
    """What is asked of which release. `is_single` tells that the single form was used, whose answer is flat."""

    live: LiveRelease
    rows: Rows
    is_single: bool


def ask(releases: Releases, request: PredictRequest) -> Asked:
    """Return what a request asks.

    Raises RequestError for what the caller can correct, NoReleaseError where nothing is released.
    """
    live = releases.current(product_name(request))
    return Asked(live, read_rows(live.schema, request), request.features is not None)


def ask_body(releases: Releases, body: bytes) -> Asked:
    """Return what a JSON body asks: a plain one is decoded by the type of its rows, any other read value by value.

    Raises RequestError with the path of what is wrong, NoReleaseError where nothing is released.
    """
    return ask_plainly(releases, body) or ask(releases, read_request(body))


def ask_plainly(releases: Releases, body: bytes) -> Asked | None:
    """Return what a plain JSON body asks; None for one that has to be read value by value, because it may be wrong."""
    request = read_plain_request(body)
    product = request and request.only_product
    state = releases.states.get(product) if product else None
    if request is None or state is None or state.live is None:
        return None
    rows = read_plain_rows(state.live.schema, request)
    return None if rows is None else Asked(state.live, rows, bool(request.features))
