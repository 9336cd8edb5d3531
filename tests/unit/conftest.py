"""What unit tests of every package share."""

import gc

import pytest


@pytest.fixture(scope="session", autouse=True)
def _collections_skip_what_came_before() -> None:
    """Leave millions of objects of the tests before to themselves: each full collection takes seconds with them."""
    gc.collect()
    gc.freeze()
