"""Imports Feast in half the time: without the run-time type checks that it compiles into itself at import."""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def import_feast() -> None:
    """Import Feast once per process; call it before any other import of Feast.

    About half of that import is `typeguard` compiling about twenty decorated classes. What they check is what our own
    types check already; their assertions stay. Where Feast is loaded already, nothing happens.
    """
    if "feast" in sys.modules:
        return
    with _no_typeguard():
        importlib.import_module("feast")


@contextmanager
def _no_typeguard() -> Iterator[None]:
    typeguard: Any = importlib.import_module("typeguard")
    original = typeguard.typechecked
    typeguard.typechecked = _unchecked
    try:
        yield
    finally:
        typeguard.typechecked = original


def _unchecked(target: object = None, **_: object) -> object:
    return _as_it_is if target is None else target


def _as_it_is(decorated: object) -> object:
    return decorated
