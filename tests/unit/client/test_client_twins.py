"""The two clients are one: the same methods with the same parameters and answers."""

import inspect
from collections.abc import Callable

from platform_assets.client.async_client import AsyncClient
from platform_assets.client.client import Client


def methods_of(kind: type) -> dict[str, Callable[..., object]]:
    return {name: method for name, method in inspect.getmembers(kind, inspect.isfunction) if not name.startswith("_")}


def test_every_method_of_one_client_is_a_method_of_the_other_with_the_same_signature() -> None:
    plain, awaited = methods_of(Client), methods_of(AsyncClient)
    assert {name: inspect.signature(method) for name, method in plain.items()} == {
        name: inspect.signature(method) for name, method in awaited.items()
    }
    assert all(inspect.iscoroutinefunction(method) for method in awaited.values())
