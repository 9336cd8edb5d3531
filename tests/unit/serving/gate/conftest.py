"""An endpoint with access control: the declared policy, and a client for each kind of caller."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

from platform_assets.access.log_blocks import Access
from platform_assets.access.log_read import read_accesses
from platform_assets.access.words import ROLE_PURPOSES
from platform_assets.serving.published.batches import PublishedBatches
from platform_assets.settings import Settings
from tests.unit.access.conftest import Guard
from tests.unit.serving.conftest import WALL, Endpoint

CONSUMER = "consumer:retention_desk"  # reads churn online for call_guidance, and clv as published
OTHER = "consumer:parking_pricing"  # reads parking_demand, and may submit files
PURPOSES = {CONSUMER: "call_guidance", OTHER: "pricing"}


@dataclass
class Guarded:
    """The endpoint with what decides about its callers."""

    endpoint: Endpoint
    guard: Guard

    def headers(self, actor: str) -> dict[str, str]:
        """Return the headers of a caller: a consumer, or the name of a role."""
        named = actor if ":" in actor else f"role:{actor}"
        purpose = PURPOSES.get(actor) or dict[str, str](ROLE_PURPOSES)[actor]  # type: ignore[arg-type] # by any text
        return {"Authorization": f"Bearer {self.guard.key(named, purpose)}"}

    def client(self, actor: str | None = None) -> httpx.AsyncClient:
        """Return a client of a caller; nobody without one."""
        client = self.endpoint.client(raise_app_exceptions=False)
        client.headers.update({} if actor is None else self.headers(actor))
        return client

    def accesses(self) -> list[Access]:
        """Return what the log says; nothing is logged after this."""
        assert self.guard.log.close(10.0)
        return list(read_accesses(self.guard.files))


@pytest.fixture
async def guarded(endpoint: Endpoint, tmp_path: Path) -> Iterator[Guarded]:  # type: ignore[misc] # anyio runs it
    settings = Settings(home=tmp_path, fsync=False)
    guard = Guard(settings, WALL)
    for product in ("churn", "parking_demand"):
        endpoint.publisher.publish(product)
    heart = replace(endpoint.parts.heart, access=guard.control)
    published = PublishedBatches(settings, lambda: WALL)
    endpoint.parts = replace(endpoint.parts, heart=heart, published=published)
    await endpoint.parts.refresh()
    yield Guarded(endpoint, guard)
    guard.log.close(10.0)
