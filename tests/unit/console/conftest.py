"""A console over a home with batches and answers, and keys of the roles that look at it."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from starlette.testclient import TestClient

from platform_assets.access.issuing import issue_for_consumer, issue_for_role
from platform_assets.access.key_store import KeyStore
from platform_assets.access.log_blocks import Access
from platform_assets.access.log_files import LogFiles
from platform_assets.access.log_read import read_accesses
from platform_assets.access.policy_file import publish_policy
from platform_assets.clock import wall_now
from platform_assets.console.app import create_app
from platform_assets.consumers import CONSUMERS
from platform_assets.ledger.incidents import Incident, open_incident
from platform_assets.products._discovery import discover_products
from platform_assets.settings import Settings
from tests.unit.audit.audit_home import two_days
from tests.unit.batch.batch_home import BatchHome

DAY = dt.timedelta(days=1)
PAGE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
DATA = {"Accept": "application/json"}


@dataclass
class Looked:
    """A console with what tests look at behind it."""

    client: TestClient
    settings: Settings
    home: BatchHome

    def key(self, role: str) -> str:
        """Return a key of a person in a role."""
        made = issue_for_role(KeyStore.of(self.settings), role, "ann", by="test", at=wall_now(), lasts=DAY)
        self._refresh()
        return made.text

    def consumer_key(self, name: str, *purposes: str) -> str:
        """Return a key of a declared consumer."""
        store = KeyStore.of(self.settings)
        made = issue_for_consumer(store, CONSUMERS, name, purposes, by="test", at=wall_now(), lasts=DAY)
        self._refresh()
        return made.text

    def as_role(self, role: str) -> dict[str, str]:
        """Return the headers of a program that works in a role."""
        return {**DATA, "Authorization": f"Bearer {self.key(role)}"}

    def open_incident(self, *, title: str) -> Incident:
        """Return a broken promise of churn, as the watch records it."""
        incident, _ = open_incident(
            self.home.ledger,
            product="churn",
            promise="data_age",
            subject="",
            severity="major",
            title=title,
            owner="customer-intelligence",
            fallback="the last good batch",
            impact={},
            opened_at=wall_now(),
        )
        return incident

    def accesses(self) -> list[Access]:
        """Return what the access log holds when everything is written."""
        assert self.client.app.state.console.access.log.close(10.0)  # type: ignore[attr-defined] # a Starlette app
        return list(read_accesses(LogFiles.of(self.settings)))

    def _refresh(self) -> None:
        self.client.app.state.console.access.refresh()  # type: ignore[attr-defined] # the same


@pytest.fixture(scope="package")
def audited(tmp_path_factory: pytest.TempPathFactory) -> BatchHome:
    """Return a home with batches of two days and logged answers; tests only look at it."""
    return two_days(tmp_path_factory.mktemp("console"))


@pytest.fixture
def console(audited: BatchHome) -> Iterator[Looked]:
    settings = audited.settings
    publish_policy(settings, CONSUMERS, discover_products())
    with TestClient(create_app(settings), base_url="http://127.0.0.1:8010", follow_redirects=False) as client:
        yield Looked(client, settings, audited)
