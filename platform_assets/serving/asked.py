"""A request becomes rows of the release in force, next to all that decides whether another one answers them."""

from typing import NamedTuple

from platform_assets.contract.experiments import Assigned
from platform_assets.serving.live_release import LiveRelease
from platform_assets.serving.releases import Releases
from platform_assets.serving.rows import Rows, product_name, read_plain_rows, read_rows
from platform_assets.serving.traffic.split import Split
from platform_assets.serving.wire import PlainRequest, PredictRequest, read_plain_request


class Asked(NamedTuple):
    """What is asked of which release. `is_single` tells that the single form was used, whose answer is flat.

    `split` is None where the control answers everything. `assigned` is why `live` answers where others could have, and
    with `is_off` its fallbacks do.
    """

    live: LiveRelease
    rows: Rows
    is_single: bool
    request: PredictRequest | PlainRequest
    split: Split | None = None
    assigned: Assigned | None = None
    is_off: bool = False

    @property
    def wants_explanation(self) -> bool:
        """Whether the caller asks why. A plain request cannot, so no quick answer is ever held up by it."""
        return isinstance(self.request, PredictRequest) and self.request.explain


def ask(releases: Releases, request: PredictRequest) -> Asked:
    """Return what a request asks.

    Raises RequestError for what the caller can correct, NoReleaseError where nothing is released.
    """
    product = product_name(request)
    live = releases.current(product)
    rows = read_rows(live.schema, request)
    return Asked(live, rows, request.features is not None, request, releases.split(product))


def ask_plainly(releases: Releases, body: bytes) -> Asked | None:
    """Return what a plain JSON body asks; None for one that has to be read value by value, because it may be wrong."""
    request = read_plain_request(body)
    product = request and request.only_product
    state = releases.states.get(product) if product else None
    if request is None or state is None or state.live is None:
        return None
    rows = read_plain_rows(state.live.schema, request)
    return None if rows is None else Asked(state.live, rows, bool(request.features), request, state.split)
