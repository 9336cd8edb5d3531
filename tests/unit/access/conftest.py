"""Access control over a home of its own, with a clock that a test sets."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from platform_assets.access.control import AccessControl
from platform_assets.access.key_store import KeyStore
from platform_assets.access.log_blocks import Access
from platform_assets.access.log_chain import Chain
from platform_assets.access.log_files import LogFiles
from platform_assets.access.log_writer import AccessLog
from platform_assets.access.policy_file import publish_policy
from platform_assets.access.source import AccessSource
from platform_assets.consumers import CONSUMERS
from platform_assets.products._discovery import discover_products
from platform_assets.settings import Settings

NOW = dt.datetime(2026, 3, 1, 9, 30, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


def access_number(number: int, *, is_allowed: bool = True) -> Access:
    """Return one access of a log; each number another one."""
    return Access(
        NOW + number * dt.timedelta(seconds=1),
        "consumer:retention_desk",
        "key 0123456789ab",
        "read",
        "churn/online_predictions",
        "1",
        "call_guidance",
        is_allowed,
        "a test",
        f"request-{number}",
    )


@dataclass
class Guard:
    """What decides, with everything around it that a test looks at."""

    settings: Settings
    at: dt.datetime = NOW
    log: AccessLog = field(init=False)
    control: AccessControl = field(init=False)

    def __post_init__(self) -> None:
        """Put the declared policy in force."""
        publish_policy(self.settings, CONSUMERS, discover_products())
        self.log = AccessLog(Chain(self.files, "test"))
        self.control = AccessControl(AccessSource(self.settings), self.log, lambda: self.at)
        self.control.refresh()

    @property
    def files(self) -> LogFiles:
        return LogFiles.of(self.settings)

    @property
    def keys(self) -> KeyStore:
        return KeyStore.of(self.settings)

    def key(self, actor: str, *purposes: str, lasts: dt.timedelta = DAY) -> str:
        """Return the text of a new key, which is in force already."""
        made = self.keys.create(subject=actor, actors=[actor], purposes=purposes, by="test", at=NOW, lasts=lasts)
        self.control.refresh()
        return made.text


@pytest.fixture
def guard(tmp_path: Path) -> Iterator[Guard]:
    guard = Guard(Settings(home=tmp_path, fsync=False))
    yield guard
    guard.log.close(10.0)


@pytest.fixture
def files(tmp_path: Path) -> LogFiles:
    return LogFiles.of(Settings(home=tmp_path, fsync=False))
