"""Alerts reach real receivers: signed, once where they answer, again where they do not, and never lost."""

import base64
import datetime as dt
import hashlib
import hmac
import json
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from platform_assets.alert_settings import AlertSettings
from platform_assets.ledger.database import Ledger, open_ledger
from platform_assets.ledger.notifications import (
    BACKOFF_S,
    LEASE,
    Address,
    Channel,
    News,
    enqueue,
    notifications,
    retry_notification,
)
from platform_assets.monitoring.alerts.deliver import deliver
from platform_assets.monitoring.alerts.message import AlertMessage
from platform_assets.processes.environment import environment_of
from platform_assets.settings import PROJECT_ROOT, Settings
from tests.conftest import kill
from tests.integration.alert_receivers import Behaviour, alert_receiver, mail_server

NOW = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)
SECRET = "a secret of the tests, long enough"  # noqa: S105 - no secret of anybody
MESSAGE = AlertMessage(
    product="churn",
    promise="data_age",
    subject="",
    audience="owner",
    level="major",
    severity="major",
    is_recovery=False,
    what="Churn: the published data are too old (200 h, limit 192 h)",
    since=NOW,
    happened_at=NOW,
    who_is_hurt=("Marketing automation (CRM)",),
    probable_cause="the run of Monday failed",
    next_step="score again",
    owner="customer-intelligence <customer-intelligence@example.com>",
    links={"docs": "docs/operations.md"},
)
Pair = tuple[Settings, Ledger]


@pytest.fixture
def home(tmp_path: Path) -> Pair:
    settings = Settings(home=tmp_path, fsync=False)
    return settings, open_ledger(settings.ledger_dsn)


def with_alerts(settings: Settings, **channels: str | None) -> Settings:
    return replace(settings, alerts=AlertSettings(secret=SECRET, **channels))  # type: ignore[arg-type]


def write(ledger: Ledger, channel: Channel = "webhook", recipient: str = "operator", what: str = MESSAGE.what) -> None:
    message = msgspec.to_builtins(msgspec.structs.replace(MESSAGE, what=what))
    address = Address(channel=channel, recipient=recipient)
    enqueue(ledger, [News(topic="churn/data_age/", address=address, message=message)], NOW)


def states(ledger: Ledger) -> list[str]:
    return [each.state for each in notifications(ledger)]


def later(seconds: float) -> dt.datetime:
    return NOW + dt.timedelta(seconds=seconds)


def is_signed(headers: dict[str, str], body: bytes) -> bool:
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = hmac.new(SECRET.encode(), content, hashlib.sha256).digest()
    return hmac.compare_digest(headers["webhook-signature"], "v1," + base64.b64encode(digest).decode())


def test_a_webhook_gets_a_signed_bulletin_that_says_what_to_do(home: Pair) -> None:
    settings, ledger = home
    write(ledger)
    with alert_receiver() as receiver:
        delivery = deliver(with_alerts(settings, webhook=receiver.url), ledger, NOW)
    headers, body = receiver.taken[0]
    assert is_signed(headers, body)
    assert not is_signed(headers, body.replace(b"200 h", b"100 h"))
    told = json.loads(body)
    assert told["key"] == headers["webhook-id"]
    assert told["alerts"][0]["probable_cause"] == "the run of Monday failed"
    assert abs(int(headers["webhook-timestamp"]) - NOW.timestamp()) < 60
    assert (delivery.failed, states(ledger)) == ((), ["sent"])


def test_a_receiver_that_fails_gets_the_same_bulletin_again_after_each_declared_wait(home: Pair) -> None:
    settings, ledger = home
    write(ledger)
    with alert_receiver("fail", "fail", "take") as receiver:
        configured = with_alerts(settings, webhook=receiver.url)
        assert len(deliver(configured, ledger, NOW).failed) == 1
        assert deliver(configured, ledger, later(BACKOFF_S[0] - 5)).sent == ()
        assert len(deliver(configured, ledger, later(20)).failed) == 1
        assert deliver(configured, ledger, later(100)).failed == ()
        assert deliver(configured, ledger, later(200)).sent == ()
    assert len({(headers["webhook-id"], body) for headers, body in receiver.seen}) == 1
    assert (len(receiver.seen), states(ledger)) == (3, ["sent"])


def test_a_receiver_that_hangs_or_trickles_holds_up_no_other_one(home: Pair) -> None:
    settings, ledger = home
    write(ledger)
    write(ledger, "slack")
    write(ledger, "log", "crm")
    with alert_receiver("hang") as hanging, alert_receiver("trickle") as trickling:
        configured = with_alerts(settings, webhook=hanging.url, slack=trickling.url)
        delivery = deliver(configured, ledger, NOW, within_s=0.5)
    assert states(ledger) == ["waiting", "waiting", "sent"]
    assert sorted(each.address.channel for each in delivery.failed) == ["slack", "webhook"]
    assert delivery.unfinished == 0
    assert (len(hanging.seen), len(trickling.seen)) == (1, 1)


def test_a_redirect_is_not_followed_and_its_target_not_told(home: Pair) -> None:
    settings, ledger = home
    write(ledger)
    with alert_receiver("redirect") as receiver:
        (failed,) = deliver(with_alerts(settings, webhook=receiver.url), ledger, NOW).failed
    assert len(receiver.seen) == 1
    assert "answered 307 (redirects are not followed" in str(failed.problem)


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/latest", "http://[fe80::1]/", "http://0.0.0.0/", "http://[::ffff:169.254.1.1]/"]
)
def test_addresses_of_metadata_services_are_never_called(home: Pair, url: str) -> None:
    settings, ledger = home
    write(ledger)
    (failed,) = deliver(with_alerts(settings, webhook=url), ledger, NOW).failed
    assert "never called" in str(failed.problem)
    assert "latest" not in str(failed.problem)


@pytest.mark.parametrize("url", ["https://x:99999/", "http://x:port/", "http://[", "ftp://x/", "http:///hook"])
def test_a_url_that_is_none_is_tried_like_a_receiver_that_takes_nothing(home: Pair, url: str) -> None:
    settings, ledger = home
    write(ledger)
    (failed,) = deliver(with_alerts(settings, webhook=url), ledger, NOW).failed
    assert failed.problem
    assert states(ledger) == ["waiting"]


def test_a_row_that_is_no_alert_of_this_version_holds_up_no_other_one(home: Pair) -> None:
    settings, ledger = home
    for recipient in ("one", "two"):
        address = Address(channel="log", recipient=recipient)
        message = msgspec.to_builtins(MESSAGE) if recipient == "two" else {"level": "ok"}
        enqueue(ledger, [News(topic="t", address=address, message=message)], NOW)
    assert "no alert of this version" in str(deliver(settings, ledger, NOW).failed[0].problem)
    assert states(ledger) == ["waiting", "sent"]


def test_slack_gets_blocks_with_a_plain_text_beside_them(home: Pair) -> None:
    settings, ledger = home
    write(ledger, "slack", what="a <b> & c")
    with alert_receiver() as receiver:
        deliver(with_alerts(settings, slack=receiver.url), ledger, NOW)
    payload = json.loads(receiver.taken[0][1])
    assert payload["text"] == "[MAJOR] a &lt;b&gt; &amp; c"
    assert [block["type"] for block in payload["blocks"]] == ["header", "section", "context"]
    assert "*next step*: score again" in payload["blocks"][1]["text"]["text"]


def test_a_mail_arrives_as_text_with_an_id_of_its_own_and_one_subject_line(home: Pair, own_port: int) -> None:
    settings, ledger = home
    write(ledger, "email", "crm@example.com", what="too old\r\nBcc: everybody@example.com")
    with mail_server(own_port) as mailbox:
        mailbox.refused.add("crm@example.com")
        configured = with_alerts(settings, smtp=f"127.0.0.1:{own_port}")
        assert "no such mailbox" in str(deliver(configured, ledger, NOW).failed[0].problem)
        mailbox.refused.clear()
        assert deliver(configured, ledger, later(60)).failed == ()
    (envelope,) = mailbox.mails
    assert envelope.rcpt_tos == ["crm@example.com"]
    assert isinstance(envelope.content, bytes)
    text = envelope.content.decode()
    head, _, rest = text.partition("\r\n\r\n")
    assert "Subject: [MAJOR] too old Bcc: everybody@example.com" in head
    assert "\r\nBcc:" not in head
    assert "Message-ID: <" in head
    assert "next step: score again" in rest


def test_a_mail_is_not_sent_where_encryption_is_required_and_not_offered(home: Pair, own_port: int) -> None:
    settings, ledger = home
    write(ledger, "email", "crm@example.com")
    with mail_server(own_port) as mailbox:
        configured = with_alerts(settings, smtp=f"127.0.0.1:{own_port}", smtp_tls="required")
        (failed,) = deliver(configured, ledger, NOW).failed
    assert "STARTTLS" in str(failed.problem)
    assert mailbox.mails == []


def test_a_mail_server_that_says_nothing_is_left_after_a_while(home: Pair, own_port: int) -> None:
    settings, ledger = home
    write(ledger, "email", "crm@example.com")
    with socket.create_server(("127.0.0.1", own_port)):
        configured = with_alerts(settings, smtp=f"127.0.0.1:{own_port}")
        (failed,) = deliver(configured, ledger, NOW, within_s=0.3).failed
    assert failed.problem is not None
    assert states(ledger) == ["waiting"]


def test_what_no_receiver_takes_is_given_up_into_the_file_and_sent_when_a_person_says_so(home: Pair) -> None:
    settings, ledger = home
    write(ledger)
    at = NOW
    failures: list[Behaviour] = ["fail"] * (len(BACKOFF_S) + 1)
    with alert_receiver(*failures, "take") as receiver:
        configured = with_alerts(settings, webhook=receiver.url)
        for wait in (*BACKOFF_S, 0):
            assert len(deliver(configured, ledger, at).failed) == 1
            at += dt.timedelta(seconds=wait + 5)
        assert states(ledger) == ["dead"]
        assert deliver(configured, ledger, at + dt.timedelta(days=9)).sent == ()
        line = json.loads((settings.logs_dir / "alerts.jsonl").read_text())
        assert line["bulletin"]["alerts"][0]["what"] == MESSAGE.what
        retry_notification(ledger, 1, at)
        assert deliver(configured, ledger, at).failed == ()
    assert len({headers["webhook-id"] for headers, _ in receiver.seen}) == 1
    assert states(ledger) == ["sent"]


def start_deliverers(settings: Settings, count: int) -> "Sequence[subprocess.Popen[bytes]]":
    environment = {"PATH": "/usr/bin:/bin", **environment_of(settings)}
    command = [sys.executable, "-m", "platform_assets.cli", "alerts", "deliver", "--json"]
    return [
        subprocess.Popen(command, env=environment, cwd=PROJECT_ROOT, stdout=subprocess.DEVNULL) for _ in range(count)
    ]


def test_two_deliverers_at_once_send_every_bulletin_once(home: Pair) -> None:
    settings, ledger = home
    for number in range(20):
        write(ledger, what=f"number {number}")
    with alert_receiver("slow") as receiver:
        running = start_deliverers(with_alerts(settings, webhook=receiver.url), 2)
        assert [each.wait(timeout=60) for each in running] == [0, 0]
    assert len(receiver.keys) == len(set(receiver.keys)) == 20
    assert states(ledger) == ["sent"] * 20


def test_a_deliverer_that_is_killed_in_the_middle_loses_nothing(home: Pair) -> None:
    settings, ledger = home
    for number in range(6):
        write(ledger, what=f"number {number}")
    with alert_receiver("take", "take", "hang", "take") as receiver:
        configured = with_alerts(settings, webhook=receiver.url)
        (running,) = start_deliverers(configured, 1)
        while len(receiver.seen) < 3:
            assert running.poll() is None
            time.sleep(0.02)
        kill(running.pid)
        running.wait()
        assert states(ledger).count("sent") == 2
        # Nobody else may take what the dead one had, as long as it could still be alive.
        in_work = next(each for each in notifications(ledger) if each.attempts == 1 and each.state == "waiting")
        after = in_work.next_attempt_at + dt.timedelta(seconds=1)
        assert len(deliver(configured, ledger, after - LEASE / 2).sent) == 3
        assert len(deliver(configured, ledger, after).sent) == 1
    assert states(ledger) == ["sent"] * 6
    assert len(set(receiver.keys)) == 6
    assert len(receiver.seen) == 7
