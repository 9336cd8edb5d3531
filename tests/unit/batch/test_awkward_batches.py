"""Batches that come late, early or twice, by a wrong clock, on odd days, or spoilt: nothing wrong is published."""

import datetime as dt
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from platform_assets.batch.flow import BatchOutcome, run_batch
from platform_assets.batch.published_view import current, read_published, write_published_view
from platform_assets.clock import ClockMode
from platform_assets.contract.guardrails import GuardrailName
from platform_assets.errors import FutureAsOfError
from platform_assets.ledger.publications import publications
from platform_assets.ledger.quarantined import quarantined_batches
from tests.unit.batch.batch_home import AS_OF, WALL, BatchHome, facts, make_home
from tests.unit.features.feature_samples import write_build

DAY = dt.timedelta(days=1)
MANY = tuple(f"c{number}" for number in range(60))
SPREAD = np.linspace(-2.0, 2.0, len(MANY))  # where the small model tells values apart
ODD_DAYS = [
    pytest.param(dt.datetime(2012, 2, 29, tzinfo=dt.UTC), "America/New_York", id="leap day, five hours behind"),
    pytest.param(
        dt.datetime(2016, 2, 29, tzinfo=dt.UTC), "Asia/Kathmandu", id="leap day, five and three quarters ahead"
    ),
    pytest.param(dt.datetime(2016, 10, 30, tzinfo=dt.UTC), "Europe/London", id="summer time ends"),
    pytest.param(dt.datetime(2017, 3, 26, tzinfo=dt.UTC), "Europe/London", id="summer time begins"),
]


@pytest.fixture
def home(tmp_path: Path) -> BatchHome:
    made = make_home(tmp_path)
    made.write_customers(MANY)
    return made


def fill(home: BatchHome, as_of: dt.datetime, values: Sequence[float] | None = None) -> None:
    """Let the customers have features of the day before an as-of: the usual ones in another order each day."""
    shuffled = np.random.default_rng(as_of.toordinal()).permutation(SPREAD).tolist()
    day = as_of - DAY
    home.write_features(dict(zip(MANY, values or shuffled, strict=True)), day=day, known_at=day)


def order(home: BatchHome, at: dt.datetime) -> None:
    """Let every customer have ordered at an instant, and never else."""
    rows = [{"order_id": f"o-{name}", "customer_id": name, "ordered_at": at} for name in MANY]
    write_build(home.settings.staging_dir / "orders.parquet", rows)


def score(home: BatchHome, as_of: dt.datetime, *, at: dt.datetime = WALL, run_id: str = "run-1") -> BatchOutcome:
    run = replace(home.batch_run(as_of), facts=replace(facts(run_id), at=at))
    return run_batch(replace(home.settings, clock_mode="live"), home.ledger, run)


def stored(home: BatchHome) -> object:
    """Return everything that consumers and the next batch go by."""
    return (read_published(home.settings, home.product), publications(home.ledger, "churn"))


@pytest.mark.parametrize(("as_of", "zone"), ODD_DAYS)
def test_a_batch_of_an_odd_day_says_the_same_in_every_time_zone(
    home: BatchHome, as_of: dt.datetime, zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    order(home, as_of - 9 * DAY)
    fill(home, as_of)
    here = score(home, as_of)
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", zone)
        time.tzset()
        there = score(home, as_of, run_id="run-2")
        shown = current(home.ledger, home.product)
    time.tzset()
    assert here.published is not None
    assert there.published is not None
    assert (shown.as_of, shown.row_count) == (as_of.date().isoformat(), len(MANY))
    assert (there.published.is_new, there.published.record) == (False, here.published.record)
    assert set(read_published(home.settings, home.product).column("prediction_date").to_pylist()) == {as_of.date()}


@pytest.mark.parametrize("order", [(0, 2, 1), (2, 1, 0), (1, 0, 2)], ids=str)
def test_batches_in_any_order_leave_the_newest_published_each_compared_with_the_one_before_it(
    home: BatchHome, order: tuple[int, ...]
) -> None:
    done: list[int] = []
    for day in order:
        fill(home, AS_OF + day * DAY)
        outcome = score(home, AS_OF + day * DAY, run_id=f"run-{day}")
        earlier = [other for other in done if other < day]
        (compared,) = (one for one in outcome.guardrails if one.guardrail == "psi_from_last")
        assert compared.numbers.get("days_since_last") == (day - max(earlier) if earlier else None)
        done.append(day)
        view = write_published_view(home.settings, home.product, at=WALL)
        assert view.publication.run_id == current(home.ledger, home.product).run_id == f"run-{max(done)}"
        assert view.age.as_of == AS_OF + max(done) * DAY


def test_a_backfill_of_an_old_day_does_not_make_the_newest_batch_fresh(home: BatchHome) -> None:
    for days_ago in (9, 20):
        fill(home, AS_OF - days_ago * DAY)
    score(home, AS_OF - 9 * DAY)
    before = write_published_view(home.settings, home.product, at=WALL)
    score(home, AS_OF - 20 * DAY, at=WALL + DAY, run_id="backfill")
    after = write_published_view(home.settings, home.product, at=WALL + DAY)
    assert after.publication == before.publication
    assert after.age == before.age
    assert after.age.is_stale


@pytest.mark.parametrize("jump", [-400 * DAY, 3650 * DAY], ids=["back", "forward"])
def test_a_jump_of_the_clock_between_two_runs_leaves_the_later_revision_published(
    home: BatchHome, jump: dt.timedelta
) -> None:
    fill(home, AS_OF)
    score(home, AS_OF)
    home.write_features(dict(zip(MANY, SPREAD.tolist(), strict=True)), day=AS_OF - DAY, known_at=AS_OF - DAY / 2)
    score(home, AS_OF, at=WALL + jump, run_id="run-2")
    shown = current(home.ledger, home.product)
    assert (shown.revision, shown.run_id, shown.published_at) == (2, "run-2", WALL + jump)
    assert set(read_published(home.settings, home.product).column("run_id").to_pylist()) == {"run-2"}


@pytest.mark.parametrize(
    ("mode", "as_of"), [("replay", AS_OF + DAY), ("live", WALL + DAY / 2)], ids=["replayed data", "live data"]
)
def test_a_batch_whose_as_of_has_not_come_is_refused_before_anything_is_written(
    home: BatchHome, mode: ClockMode, as_of: dt.datetime
) -> None:
    fill(home, AS_OF)
    score(home, AS_OF)
    before = stored(home)
    with pytest.raises(FutureAsOfError, match="set the clock of this machine"):
        run_batch(replace(home.settings, clock_mode=mode), home.ledger, home.batch_run(as_of))
    assert stored(home) == before
    assert quarantined_batches(home.ledger, "churn") == []


def nobody(home: BatchHome) -> None:
    order(home, WALL)


def yesterdays(home: BatchHome) -> None:
    values = np.random.default_rng(AS_OF.toordinal()).permutation(SPREAD).tolist()
    fill(home, AS_OF + DAY, values)


SPOILT: list[tuple[str, Callable[[BatchHome], None], GuardrailName]] = [
    ("empty", nobody, "row_count"),
    ("half of the customers", lambda home: home.write_customers(MANY[:29]), "row_count_change"),
    ("shifted", lambda home: fill(home, AS_OF + DAY, (SPREAD + 1.5).tolist()), "quantiles_from_last"),
    ("no number", lambda home: fill(home, AS_OF + DAY, [float("nan")] * len(MANY)), "same_score"),
    ("the same as the day before", yesterdays, "unmoved_scores"),
]


@pytest.mark.parametrize(("spoil", "guardrail"), [each[1:] for each in SPOILT], ids=[each[0] for each in SPOILT])
def test_a_batch_from_spoilt_inputs_is_refused_whole_and_what_was_published_stays(
    home: BatchHome, spoil: Callable[[BatchHome], None], guardrail: GuardrailName
) -> None:
    fill(home, AS_OF)
    score(home, AS_OF)
    before = stored(home)
    spoil(home)
    outcome = score(home, AS_OF + DAY, run_id="run-2")
    assert guardrail in {result.guardrail for result in outcome.guardrails if not result.is_passed}
    assert stored(home) == before
    (kept,) = quarantined_batches(home.ledger, "churn")
    assert (kept.as_of, kept.run_id) == ((AS_OF + DAY).date().isoformat(), "run-2")


def test_a_customer_whose_orders_arrived_twice_is_scored_once(home: BatchHome) -> None:
    home.write_customers((*MANY, *MANY))
    fill(home, AS_OF)
    score(home, AS_OF)
    assert sorted(read_published(home.settings, home.product).column("row_key").to_pylist()) == sorted(MANY)
