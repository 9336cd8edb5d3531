"""A real endpoint process with three products, stored features and a last batch: what tests of the outside share."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from platform_assets.online.connection import connect
from platform_assets.settings import Settings
from tests.integration.test_endpoint_online_store import publish_batch, publish_customers
from tests.integration.test_endpoint_process import running
from tests.unit.serving.conftest import Publisher

PRODUCTS = ("churn", "cancellation_risk", "parking_demand")
KNOWN = "13085"


@dataclass(frozen=True)
class WholeEndpoint:
    """Where it listens, where its state is and what it wrote to its standard error."""

    url: str
    settings: Settings
    log: Path

    @property
    def publisher(self) -> Publisher:
        return Publisher(self.settings.home)


@contextmanager
def whole_endpoint(online_url: str, home: Path) -> Iterator[WholeEndpoint]:
    """Serve until the end of the block; the online store is emptied first."""
    settings = Settings(home=home, redis_url=online_url, fsync=False)
    for product in PRODUCTS:
        Publisher(home).publish(product)
    with connect(online_url) as store:
        store.flushall()
        publish_customers(store, settings)
        publish_batch(store, settings, entity=KNOWN)
    log = home / "endpoint.log"
    with running(settings, log) as (url, _):
        yield WholeEndpoint(url, settings, log)
