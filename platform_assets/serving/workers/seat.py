"""A worker's place among several."""

from typing import NamedTuple

from platform_assets.serving.telemetry.metrics import Board
from platform_assets.serving.telemetry.tallies import Tallies


class Seat(NamedTuple):
    """The number of a worker, where it tells its counts, and what the worker whose place it takes had counted."""

    number: int
    board: Board
    before: Tallies | None
