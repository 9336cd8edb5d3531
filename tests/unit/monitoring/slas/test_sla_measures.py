"""What is counted for an SLA: requests, probes, publications and quarter hours, each once."""

import datetime as dt
from pathlib import Path

import msgspec
import pytest

from platform_assets.contract.promises import PromiseState
from platform_assets.ledger.database import Ledger, open_ledger
from platform_assets.ledger.promises import Observation, record_observations
from platform_assets.ledger.sla_counts import Objected, Units, units_since
from platform_assets.monitoring.slas.coverage import count_coverage
from platform_assets.monitoring.slas.endpoint import Away, ProductSeen, Seen, samples_of, seen_in
from platform_assets.monitoring.slas.freshness import Freshness, keep_first_age
from platform_assets.monitoring.slas.observe import count_units, sla_standings
from tests.unit.batch.batch_home import make_home
from tests.unit.serving.conftest import product_named

AT = dt.datetime(2026, 3, 1, 12, 30, tzinfo=dt.UTC)
TICK, QUARTER, DAY = dt.timedelta(seconds=30), dt.timedelta(minutes=15), dt.timedelta(days=1)
CHURN = product_named("churn")
AWAY = Away("no endpoint answers")


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")


def seen(answered: float, *, failed: float = 0.0, fast: float | None = None, is_answering: bool = True) -> Seen:
    fast = answered if fast is None else fast
    within = {0.05: fast / 2, 0.1: fast, 0.12: answered}
    told = ProductSeen(is_answering=is_answering, answered=answered, failed=failed, within=within)
    return Seen(at=AT, products={"churn": told})


def watch(ledger: Ledger, *looks: Seen | Away | None, start: dt.datetime = AT) -> None:
    for number, look in enumerate(looks):
        at = start + number * TICK
        count_units(ledger, CHURN, msgspec.structs.replace(look, at=at) if isinstance(look, Seen) else look, at)


def counted(ledger: Ledger, measure: str) -> Units:
    return units_since(ledger, Objected("churn", "online", measure), AT, AT + DAY)  # type: ignore[arg-type]


def test_requests_count_by_what_is_new_since_the_last_look(ledger: Ledger) -> None:
    watch(ledger, seen(100, failed=2, fast=90), seen(150, failed=2, fast=130), seen(150, failed=2, fast=130))
    assert counted(ledger, "latency") == Units(130, 150)
    assert counted(ledger, "error_rate") == Units(150, 152)


def test_an_endpoint_that_began_anew_loses_and_repeats_no_request(ledger: Ledger) -> None:
    watch(ledger, seen(100), seen(20), seen(30))
    assert counted(ledger, "error_rate") == Units(130, 130)


def test_only_what_is_surely_within_the_promise_counts_as_fast(ledger: Ledger) -> None:
    strict = msgspec.structs.replace(
        CHURN, online=msgspec.structs.replace(CHURN.online, latency_p95_ms=99.0) if CHURN.online else None
    )
    count_units(ledger, strict, seen(100, fast=80), AT)
    assert counted(ledger, "latency") == Units(40, 100)  # within 50 ms; how many within 99 ms nobody counted


def test_every_probe_is_a_unit_and_one_that_nobody_answers_is_bad(ledger: Ledger) -> None:
    watch(ledger, seen(1), seen(1, is_answering=False), AWAY, seen(1))
    assert counted(ledger, "availability") == Units(2, 4)


def test_an_endpoint_that_was_never_there_is_not_away(ledger: Ledger) -> None:
    watch(ledger, AWAY, AWAY, None)
    assert counted(ledger, "availability") == Units()


def test_two_who_probe_at_once_are_one_probe(ledger: Ledger) -> None:
    watch(ledger, seen(1))
    watch(ledger, seen(1), start=AT + dt.timedelta(seconds=3))
    assert counted(ledger, "availability") == Units(1, 1)


def test_a_product_that_the_endpoint_does_not_serve_has_no_units(ledger: Ledger) -> None:
    watch(ledger, Seen(at=AT, products={}))
    assert counted(ledger, "availability") == Units()


def test_the_text_of_the_endpoint_is_read_by_product() -> None:
    text = """# TYPE platform_product_request_seconds histogram
platform_product_request_seconds_bucket{le="0.1",outcome="answered",product="churn"} 7.0
platform_product_request_seconds_bucket{le="+Inf",outcome="answered",product="churn"} 9.0
platform_product_request_seconds_count{outcome="answered",product="churn"} 9.0
platform_product_request_seconds_sum{outcome="answered",product="churn"} 0.5
platform_product_request_seconds_bucket{le="0.1",outcome="failed",product="churn"} 1.0
platform_product_request_seconds_bucket{le="+Inf",outcome="failed",product="churn"} 1.0
platform_product_request_seconds_count{outcome="failed",product="churn"} 1.0
platform_product_request_seconds_sum{outcome="failed",product="churn"} 0.5
# TYPE platform_engine_events counter
platform_engine_events_total{kind="out_of_memory",product="clv"} 2.0
# TYPE platform_gpu_memory_bytes gauge
platform_gpu_memory_bytes{gpu="0"} 1.0
"""
    told = seen_in(samples_of(text), {"churn": "serving", "clv": "failed", "segments": "batch_only"}, AT)
    assert told.of("churn") == ProductSeen(is_answering=True, answered=9.0, failed=1.0, within={0.1: 7.0})
    assert (told.of("clv").is_answering, told.of("clv").out_of_memory) == (False, 2.0)
    assert (told.of("segments").is_answering, told.has_gpu) == (None, True)


def test_a_publication_counts_once_beside_its_population(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home")
    home.run()
    for _ in range(2):
        count_coverage(home.ledger, home.product.name)
    what = Objected(home.product.name, "batch", "coverage")
    assert units_since(home.ledger, what, AT - 365 * DAY, AT + 365 * DAY) == Units(5, 5)


def age(ledger: Ledger, state: PromiseState, at: dt.datetime, subject: str = "") -> None:
    found = Observation(product="churn", promise="data_age", subject=subject, state=state)
    record_observations(ledger, [found], at)


def test_quarters_are_good_while_the_age_is_kept_and_none_before_it_was_known(ledger: Ledger) -> None:
    age(ledger, "kept", AT)
    keep_first_age(ledger, "churn", "batch")
    age(ledger, "at_risk", AT + 4 * QUARTER)
    age(ledger, "broken", AT + 8 * QUARTER)
    age(ledger, "kept", AT + 10 * QUARTER)
    freshness = Freshness(ledger, "churn", "batch")
    assert freshness.first == AT
    assert freshness.units(AT - DAY, AT + 11 * QUARTER) == Units(10, 12)
    assert freshness.units(AT + 8 * QUARTER, AT + 9 * QUARTER) == Units(0, 2)


def test_one_broken_subject_makes_a_quarter_bad_and_an_unknown_age_is_no_unit(ledger: Ledger) -> None:
    age(ledger, "kept", AT)
    age(ledger, "broken", AT, subject="2026-02-01")
    keep_first_age(ledger, "churn", "batch")
    assert Freshness(ledger, "churn", "batch").units(AT, AT + QUARTER) == Units(0, 2)
    age(ledger, "unknown", AT + QUARTER)
    age(ledger, "unknown", AT + QUARTER, subject="2026-02-01")
    assert Freshness(ledger, "churn", "batch").units(AT, AT + 3 * QUARTER) == Units(0, 1)
    assert Freshness(ledger, "clv", "batch").units(AT, AT + QUARTER) == Units()


def test_an_age_of_nothing_counts_only_once_something_was_made(ledger: Ledger) -> None:
    age(ledger, "unknown", AT)
    age(ledger, "broken", AT + DAY)  # nobody has made anything for too long: that is no old batch
    keep_first_age(ledger, "churn", "batch")
    assert Freshness(ledger, "churn", "batch").units(AT, AT + 2 * DAY) == Units()
    age(ledger, "kept", AT + 2 * DAY)
    keep_first_age(ledger, "churn", "batch")
    age(ledger, "broken", AT + 3 * DAY)  # every batch was withdrawn: consumers had one
    assert Freshness(ledger, "churn", "batch").units(AT, AT + 3 * DAY + QUARTER) == Units(96, 98)


def test_every_objective_has_an_owner_and_is_unknown_before_anything_was_counted(ledger: Ledger) -> None:
    standings = sla_standings(ledger, CHURN, AT)
    assert CHURN.online is not None
    owners = {one.held.mode: one.held.owner for one in standings}
    assert owners == {"batch": CHURN.owner, "online": CHURN.online.owner}
    assert {one.held.objective.measure for one in standings if one.held.mode == "online"} >= {"latency", "error_rate"}
    assert {one.budget.state for one in standings} == {"unknown"}
