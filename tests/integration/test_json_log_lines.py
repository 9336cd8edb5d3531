"""The log of a real endpoint as JSON."""

import json
from pathlib import Path

import httpx
import pytest

from platform_assets.settings import Settings
from tests.integration.endpoint_servers import served
from tests.unit.serving.conftest import Publisher


def test_every_line_that_an_endpoint_logs_is_one_json_object(
    online_store: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLATFORM_LOG_FORMAT", "json")
    Publisher(online_store.home).publish("churn")
    log = tmp_path / "endpoint.log"
    with served(online_store, log) as endpoint:
        assert httpx.get(f"{endpoint.url}/livez").status_code == 200
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert {"at", "level", "logger", "message"} <= set.intersection(*map(set, lines))
    assert any("startup complete" in line["message"] for line in lines)
