"""What /livez, /readyz and /health tell: alive, ready for traffic, and which part is degraded."""

from typing import Literal

import msgspec

Standing = Literal["ok", "degraded", "failing"]
State = Literal["serving", "serving_previous", "failed", "batch_only"]


class Component(msgspec.Struct, frozen=True, kw_only=True):
    """One part of the endpoint and what is the matter with it."""

    status: Standing
    detail: str


class ProductHealth(Component, frozen=True, kw_only=True):
    """One product: the release that answers and whether it is the one that was released last."""

    state: State
    release_id: str | None


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """The whole endpoint. `is_ready` is false only when some released product cannot be answered at all."""

    status: Standing
    is_ready: bool
    products: dict[str, ProductHealth]
    components: dict[str, Component]


class Alive(msgspec.Struct, frozen=True):
    """The process answers."""

    status: str = "alive"


class Readiness(msgspec.Struct, frozen=True):
    """Whether traffic may come, and the products that prevent it."""

    is_ready: bool
    failing: list[str]
