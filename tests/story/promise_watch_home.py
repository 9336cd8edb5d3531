"""A platform that is watched at instants of the test's choosing, and whose alerts real receivers take."""

import datetime as dt
import email
import email.policy
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property

import msgspec

from platform_assets.alert_settings import AlertSettings
from platform_assets.batch.consumers import follow_publication
from platform_assets.batch.flow import BatchOutcome, release_to_score, run_batch
from platform_assets.batch.publication import BatchRun
from platform_assets.batch.withdrawal import withdraw
from platform_assets.clock import midnight
from platform_assets.contract.product import Product
from platform_assets.ledger.database import Ledger, open_ledger
from platform_assets.ledger.decisions import Mandate
from platform_assets.ledger.incidents import Incident, IncidentState, incidents
from platform_assets.ledger.publications import current_publication
from platform_assets.ledger.run_facts import RunFacts
from platform_assets.monitoring.alerts.deliver import deliver
from platform_assets.monitoring.alerts.message import AlertMessage, Bulletin
from platform_assets.monitoring.watch import Watched, watch_promises
from platform_assets.settings import Settings
from tests.conftest import free_port
from tests.integration.alert_receivers import AlertReceiver, Mailbox, alert_receiver, mail_server
from tests.story.sample_platform import sample_products

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

    @cached_property
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


def copied_home(sample: Settings, online_store: Settings, product: str, told: Readers) -> WatchedHome:
    """Return a copy of the platform with a live clock and an online store of its own; the given readers get its alerts.

    A product of it is watched, and the instants are those of the data.
    """
    shutil.copytree(sample.home, online_store.home, ignore=_NOT_COPIED, dirs_exist_ok=True)
    copy = replace(
        sample,
        home=online_store.home,
        redis_url=online_store.redis_url,
        endpoint_port=free_port(),
        clock_mode="live",
        alerts=told.settings,
        fsync=False,
    )
    declared = {one.name: one for one in sample_products()}
    return WatchedHome(copy, declared[product], told)


def home_before(
    sample: Settings, online_store: Settings, product: str, told: Readers, *, day: dt.date, at: dt.datetime
) -> WatchedHome:
    """Return a copy in which the batch of an earlier day is the newest, published at an instant."""
    home = copied_home(sample, online_store, product, told)
    newest = current_publication(home.ledger, product)
    assert newest is not None
    assert home.score(day, at).published is not None
    later = dt.date.fromisoformat(newest.as_of)
    withdraw(home.ledger, home.product, later, Mandate(by="story", at=at, reason="that day has not come"))
    follow_publication(home.settings, home.ledger, home.product, at=at)
    return home
