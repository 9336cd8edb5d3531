"""One small service that is ended after each test, however the test ends."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from platform_assets.processes.command_service import CommandService
from platform_assets.settings import Settings
from tests.unit.processes.service_samples import sample_settings, web_service


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings with their own home and free ports."""
    return sample_settings(tmp_path)


@pytest.fixture
def service(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[CommandService]:
    """Put a small web server in place of the catalogue, and end it after the test."""
    only = web_service(settings)
    monkeypatch.setattr("platform_assets.processes.control.services", lambda _settings, _only=(): (only,))
    yield only
    only.end()
