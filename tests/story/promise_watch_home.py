"""A platform that is watched at instants of the test's choosing, and whose alerts real receivers take."""

import datetime as dt
import email
import email.policy
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from platform_assets.alert_settings import AlertSettings
from platform_assets.batch.consumers import follow_publication
from platform_assets.batch.flow import BatchOutcome, release_to_score, run_batch
from platform_assets.batch.publication import BatchRun
from platform_assets.clock import midnight
from platform_assets.contract.product import Product
from platform_assets.ledger.database import Ledger, open_ledger
from platform_assets.ledger.incidents import Incident, IncidentState, incidents
from platform_assets.ledger.run_facts import RunFacts
from platform_assets.monitoring.alerts.deliver import deliver
from platform_assets.monitoring.alerts.message import AlertMessage, Bulletin
from platform_assets.monitoring.watch import Watched, watch_promises
from platform_assets.settings import Settings
from tests.conftest import free_port
from tests.integration.alert_receivers import AlertReceiver, Mailbox, alert_receiver, mail_server

EVERY: tuple[IncidentState, ...] = ("open", "acknowledged", "recovered", "resolved")
# Sockets, locks and process ids are those of the running platform.
_NOT_COPIED = shutil.ignore_patterns("run", "logs", "scratch", "*.sock", "*.lock")


@dataclass(frozen=True)
class Readers:
    """Everybody who is told: whoever listens at the webhook, and every mailbox."""

    webhook: AlertReceiver
    mailbox: Mailbox
    settings: AlertSettings

    def posted(self, promise: str, *, is_recovery: bool = False) -> list[AlertMessage]:
        """Return what the webhook took about a promise."""
        bulletins = [msgspec.json.decode(body, type=Bulletin) for _, body in self.webhook.taken]
        told = [message for bulletin in bulletins for message in bulletin.alerts]
        return [one for one in told if (one.promise, one.is_recovery) == (promise, is_recovery)]

    def mailed(self, address: str) -> list[str]:
        """Return the texts of the mails that an address got, each on one line."""
        return [_text(mail.content) for mail in self.mailbox.mails if address in mail.rcpt_tos]


def _text(content: object) -> str:
    assert isinstance(content, bytes)
    return " ".join(email.message_from_bytes(content, policy=email.policy.default).get_content().split())


@contextmanager
def readers() -> Iterator[Readers]:
    """Listen as a webhook and as a mail server until the block ends."""
    port = free_port()
    with ExitStack() as stack:
        webhook, mailbox = stack.enter_context(alert_receiver()), stack.enter_context(mail_server(port))
        secret = "a secret of the webhook of the stories"  # noqa: S105 - of this test
        yield Readers(webhook, mailbox, AlertSettings(webhook=webhook.url, secret=secret, smtp=f"127.0.0.1:{port}"))


@dataclass(frozen=True)
class WatchedHome:
    """A platform of one product under watch."""

    settings: Settings
    product: Product
    readers: Readers

    @property
    def ledger(self) -> Ledger:
        return open_ledger(self.settings.ledger_dsn)

    def look(self, at: dt.datetime) -> Watched:
        """Do what the two sensors do: look at every promise at an instant, and send what is due."""
        watched = watch_promises(self.settings, self.ledger, [self.product], at)
        self.send(at)
        return watched

    def send(self, at: dt.datetime) -> None:
        """Send what is due; everything is taken."""
        assert deliver(self.settings, self.ledger, at).failed == ()

    def score(self, day: dt.date, at: dt.datetime) -> BatchOutcome:
        """Score a day with the release in force, as its run does at an instant, and show readers what is published."""
        release = release_to_score(self.settings, self.product, 1)
        run = BatchRun(self.product, midnight(day), release, RunFacts(f"score-{day}-{at:%d%H%M}", at, "c" * 16))
        outcome = run_batch(self.settings, self.ledger, run)
        if outcome.published is not None:
            follow_publication(self.settings, self.ledger, self.product, at=at)
        return outcome

    def incidents(self, promise: str, states: Sequence[IncidentState] = EVERY) -> list[Incident]:
        """Return the incidents about a promise, the oldest first."""
        found = incidents(self.ledger, self.product.name, states=states)
        return sorted((one for one in found if one.promise == promise), key=lambda one: one.incident_id)

    def incident(self, promise: str, states: Sequence[IncidentState] = EVERY) -> Incident:
        """Return the one incident about a promise."""
        (found,) = self.incidents(promise, states)
        return found


def copied_home(settings: Settings, home: Path, product: Product, told: Readers) -> WatchedHome:
    """Return a copy of a platform with a live clock, whose alerts the given readers get."""
    shutil.copytree(settings.home, home, ignore=_NOT_COPIED, dirs_exist_ok=True)
    copy = replace(settings, home=home, clock_mode="live", alerts=told.settings, fsync=False)
    return WatchedHome(copy, product, told)
