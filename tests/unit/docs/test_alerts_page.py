"""The page of alerts shows messages as they are sent, and its recipe accepts what is signed and nothing else."""

import datetime as dt
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from platform_assets.ledger.database import open_ledger
from platform_assets.ledger.notifications import notifications
from platform_assets.ledger.promises import Observation, record_observations
from platform_assets.monitoring.alerts.channels.signature import secret_for, signed_headers
from platform_assets.monitoring.alerts.compose import notify
from platform_assets.monitoring.alerts.message import AlertMessage, as_text, bulletin_of
from platform_assets.monitoring.alerts.recipients import recipients_of
from platform_assets.monitoring.incidents.follow import follow_incidents
from platform_assets.products._discovery import discover_products
from platform_assets.settings import PROJECT_ROOT, Settings

PAGE = (PROJECT_ROOT / "docs" / "alerts.md").read_text()
NOW = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)
BODY = b'{"key": "k"}'


@pytest.fixture
def recipe() -> Any:  # noqa: ANN401 - a function that is read from the page
    names: dict[str, Any] = {}
    code = re.search(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    assert code
    exec(code[1], names)  # noqa: S102 - the page is ours, and this is its test
    return names["verify"]


@pytest.mark.parametrize("secret", ["x" * 24, secret_for("x" * 24, "crm")])
def test_the_recipe_accepts_a_signed_body_once_and_soon(recipe: Any, secret: str) -> None:  # noqa: ANN401 - see there
    headers, seconds = signed_headers(secret, "k", NOW, BODY), NOW.timestamp()
    seen: set[str] = set()
    assert not recipe(headers, BODY + b" ", secret, seen=seen, now=seconds)
    assert not recipe(headers, BODY, "y" * 24, seen=seen, now=seconds)
    assert not recipe({**headers, "webhook-id": "j"}, BODY, secret, seen=seen, now=seconds)
    assert not recipe({**headers, "webhook-timestamp": "1"}, BODY, secret, seen=seen, now=1.0)
    assert not recipe(headers, BODY, secret, seen=seen, now=seconds + 301)
    assert recipe(headers, BODY, secret, seen=seen, now=seconds + 299)
    assert not recipe(headers, BODY, secret, seen=seen, now=seconds)


def test_the_messages_of_the_page_are_those_that_a_broken_promise_makes(tmp_path: Path) -> None:
    settings, products = Settings(home=tmp_path), discover_products()
    ledger = open_ledger(settings.ledger_dsn)
    broken = Observation(product="churn", promise="data_age", state="broken", value=200.5, limit=192.0, unit="h")
    with ledger.transaction():
        changes = record_observations(ledger, [broken], NOW)
        moves = follow_incidents(ledger, products, changes, NOW)
        notify(ledger, recipients_of(settings, products), moves, changes, NOW)
    for row in notifications(ledger)[:2]:
        bulletin = bulletin_of("", row.address, NOW, [msgspec.convert(row.message, AlertMessage)])
        assert as_text(bulletin) in PAGE
