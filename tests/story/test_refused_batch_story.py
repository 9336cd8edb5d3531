"""Half of the customers are lost on the way: the batch goes to quarantine and nothing that readers see changes."""

import datetime as dt
import shutil
from collections.abc import Callable

import duckdb
import pytest

from platform_assets.batch.consumers import follow_publication
from platform_assets.batch.quarantine_decisions import find_quarantined, release_quarantined
from platform_assets.ledger.decisions import Mandate
from platform_assets.ledger.publications import current_publication
from platform_assets.ledger.quarantined import QuarantineRecord, quarantined_batches
from platform_assets.ledger.run_facts import RunFacts
from platform_assets.monitoring.incidents.draft import probable_cause
from platform_assets.published.rows import published_path, read_published_rows
from platform_assets.settings import Settings
from tests.story.promise_watch_home import Readers, WatchedHome, home_before

FIRST, NEXT = dt.date(2011, 11, 28), dt.date(2011, 12, 5)
RUN_AT, BAD_AT = (dt.datetime(2011, month, day, 4, 15, tzinfo=dt.UTC) for month, day in ((11, 28), (12, 5)))
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
# The batch of the week before is eight days and five hours old.
STALE_AT = dt.datetime(2011, 12, 6, 5, tzinfo=dt.UTC)
OWNER, DESK = "customer-intelligence@example.com", "customer-care@example.com"


def lose_half(home: WatchedHome) -> None:
    """Let a staging file hold the orders of every other customer alone, as after half a raw file."""
    orders = home.settings.staging_dir / "orders.parquet"
    whole = orders.with_suffix(".whole")
    shutil.copy2(orders, whole)
    duckdb.sql(f"from read_parquet('{whole}') where hash(customer_id) % 2 = 0").write_parquet(str(orders))


def replace_it(home: WatchedHome, at: dt.datetime) -> None:
    """Mend the staging file and score the day again."""
    orders = home.settings.staging_dir / "orders.parquet"
    shutil.copy2(orders.with_suffix(".whole"), orders)
    assert home.score(NEXT, at).published is not None


def release_it(home: WatchedHome, at: dt.datetime) -> None:
    """Publish exactly what was refused, on somebody's word."""
    word = Mandate(by="ann", at=at, reason="half of the shops were sold")
    batch = find_quarantined(home.ledger, waiting(home).quarantine_id)
    release_quarantined(home.settings, home.ledger, home.product, batch, word, RunFacts("release", at, "c" * 16))
    follow_publication(home.settings, home.ledger, home.product, at=at)


def waiting(home: WatchedHome) -> QuarantineRecord:
    (batch,) = quarantined_batches(home.ledger, "clv")
    return batch


@pytest.mark.parametrize("decide", [replace_it, release_it])
def test_a_refused_batch_changes_nothing_makes_nothing_younger_and_waits_for_a_decision(
    settings: Settings,
    online_store: Settings,
    told: Readers,
    decide: Callable[[WatchedHome, dt.datetime], None],
) -> None:
    home = home_before(settings, online_store, "clv", told, day=FIRST, at=RUN_AT)
    home.look(RUN_AT + HOUR)
    before = published_path(home.settings, "clv").read_bytes()
    lose_half(home)
    outcome = home.score(NEXT, BAD_AT)
    assert outcome.published is None
    assert {"row_count_change", "lost_entities"} <= {one.guardrail for one in outcome.guardrails if not one.is_passed}
    home.look(BAD_AT + HOUR)
    assert published_path(home.settings, "clv").read_bytes() == before
    owner_alone_is_told(home)

    home.look(STALE_AT)  # a refused batch is no publication
    the_age_goes_on(home)
    decide(home, STALE_AT + HOUR)
    home.look(STALE_AT + 2 * HOUR)
    it_is_over(home)


def owner_alone_is_told(home: WatchedHome) -> None:
    """Consumers go on reading the last good batch within its age, so they hear nothing."""
    incident = home.incident("guardrails")
    assert (incident.severity, incident.state) == ("minor", "open")
    assert "read the last good batch: as of 2011-11-28" in incident.fallback
    (posted,) = home.readers.posted("guardrails")
    assert posted.who_is_hurt == ("nobody yet: consumers still get something sound",)
    assert "platform quarantine list clv" in posted.next_step
    assert any("the newest batch was refused by a guardrail" in mail for mail in home.readers.mailed(OWNER))
    assert home.readers.mailed(DESK) == []


def the_age_goes_on(home: WatchedHome) -> None:
    rows = read_published_rows(home.settings, home.product, at=STALE_AT, columns=["as_of"])
    assert set(rows.table["as_of"].to_pylist()) == {dt.datetime(2011, 11, 28, tzinfo=dt.UTC)}
    assert set(rows.table["is_stale"].to_pylist()) == {True}
    drafted = probable_cause(home.ledger, home.incident("data_age").incident_id)
    assert drafted is not None
    assert "the batch as of 2011-12-05 was refused by" in drafted
    assert any("is older than promised" in mail for mail in home.readers.mailed(DESK))


def it_is_over(home: WatchedHome) -> None:
    shown = current_publication(home.ledger, "clv")
    assert shown is not None
    assert shown.as_of == "2011-12-05"
    rows = read_published_rows(home.settings, home.product, at=STALE_AT + 2 * HOUR, columns=["as_of"])
    assert set(rows.table["action_allowed"].to_pylist()) == {True}
    for promise in ("guardrails", "data_age"):
        assert home.incident(promise).state == "recovered"
        assert len(home.readers.posted(promise, is_recovery=True)) == 1
    assert "is as promised again" in home.readers.mailed(DESK)[-1]
