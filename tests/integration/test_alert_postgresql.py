"""The outbox on a real PostgreSQL server: who is told what, and each message for one sender at a time."""

import datetime as dt
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from platform_assets.ledger.database import Ledger, open_ledger
from platform_assets.ledger.decisions import Mandate
from platform_assets.ledger.notifications import LEASE, Address, claim_next, due_addresses, mark_failed, mark_sent
from platform_assets.ledger.silences import add_silence
from platform_assets.monitoring.alerts.compose import notify
from platform_assets.monitoring.alerts.holding import tell_held
from platform_assets.monitoring.alerts.recipients import recipients_of
from platform_assets.products._discovery import discover_products
from platform_assets.settings import Settings
from tests.integration.postgresql_server import PROGRAMS_ARE_HERE, postgresql_server
from tests.unit.monitoring.alert_cases import NOW, change, later, outbox

pytest.importorskip("psycopg", reason="PostgreSQL needs the driver psycopg")
if not PROGRAMS_ARE_HERE:
    pytest.skip("the programs initdb and postgres are not on the path", allow_module_level=True)

RECIPIENTS = recipients_of(Settings(home=Path("/nowhere")), discover_products(), ())
OWNER = Address(channel="log", recipient="customer-intelligence")


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with postgresql_server() as server:
        yield open_ledger(server.dsn)


def test_news_are_told_held_and_sent_on_postgresql_as_on_sqlite(ledger: Ledger) -> None:
    mandate = Mandate(by="ann", at=NOW, reason="known")
    add_silence(ledger, "silence", mandate, starts_at=later(hours=1), ends_at=later(hours=2))
    for minute in range(4):
        notify(ledger, RECIPIENTS, [], [change(subject=f"{minute}")], later(minutes=minute))
    notify(ledger, RECIPIENTS, [], [change(subject="silenced")], later(minutes=90))
    with ThreadPoolExecutor(4) as senders:
        claimed = list(senders.map(lambda _: claim_next(ledger, OWNER, later(minutes=90)), range(5)))
    assert sorted(each.message["subject"] for batch in claimed for each in batch) == ["0", "1", "2", "3"]
    first, second, *_ = sorted((batch for batch in claimed if batch), key=lambda batch: batch[0].notification_id)
    mark_sent(ledger, first, later(minutes=90))
    mark_failed(ledger, second, "no", later(minutes=90))
    assert tell_held(ledger, later(hours=3)) == 1
    assert due_addresses(ledger, later(hours=3) + LEASE) == [OWNER]
    assert [each.state for each in outbox(ledger)] == ["sent", "waiting", "waiting", "waiting", "waiting"]
    assert outbox(ledger)[0].sent_at == later(minutes=90)
    assert (outbox(ledger)[1].next_attempt_at.tzinfo, outbox(ledger)[1].attempts) == (dt.UTC, 1)
