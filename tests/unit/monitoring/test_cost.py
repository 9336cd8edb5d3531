"""What was used is measured, priced and kept once; an endpoint's counters become sums of a day over its restarts."""

import datetime as dt
import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from platform_assets.cost_settings import CostSettings
from platform_assets.ledger.database import Ledger, open_ledger
from platform_assets.monitoring.cost.meter import Meter, metered
from platform_assets.monitoring.cost.online_use import OnlineDay, count_use, newest_day, online_day
from platform_assets.monitoring.cost.runs import keep_run, past_runs, run_use
from platform_assets.monitoring.cost.use import Use, cost_of, per_thousand, storage_cost
from platform_assets.monitoring.figures.figures import batch_cost, cache_saved, online_cost
from platform_assets.monitoring.slas.endpoint import ProductSeen, Seen, samples_of, seen_in
from platform_assets.serving.telemetry.metrics import Metrics
from platform_assets.settings import Settings

PRICES = CostSettings(currency="EUR", cpu_core_hour=0.36, memory_gib_hour=0.072, gpu_hour=3.6, storage_gib_month=0.02)
AT = dt.datetime(2026, 3, 1, 23, 59, 30, tzinfo=dt.UTC)
GIB = 2.0**30


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")


def seen(at: dt.datetime, **counted: float) -> Seen:
    product = ProductSeen(is_answering=True, within={0.1: counted.get("answered", 0.0)}, **counted)  # type: ignore[arg-type]
    return Seen(at=at, products={"churn": product}, workers=2.0, memory_bytes=2 * GIB, gpus=1.0)


def test_each_thing_that_was_used_has_its_price() -> None:
    assert cost_of(Use(cpu_seconds=100.0), PRICES) == pytest.approx(0.01)
    assert cost_of(Use(memory_byte_seconds=500.0 * GIB), PRICES) == pytest.approx(0.01)
    assert cost_of(Use(gpu_seconds=10.0), PRICES) == pytest.approx(0.01)
    whole = Use(cpu_seconds=100.0) + Use(memory_byte_seconds=500.0 * GIB) + Use(gpu_seconds=10.0)
    assert cost_of(whole, PRICES) == pytest.approx(0.03)
    assert storage_cost(50 * GIB, PRICES) == pytest.approx(1.0)
    assert per_thousand(0.02, 4000.0) == pytest.approx(0.005)
    assert per_thousand(0.02, 0.0) is None


def test_a_meter_reads_the_processor_time_of_its_own_work_and_of_its_children() -> None:
    before = os.times()
    with metered() as meter:
        math.factorial(30_000)
        subprocess.run([sys.executable, "-c", "import math; math.factorial(30_000)"], check=True)
    after = os.times()
    outer = sum(after[:4]) - sum(before[:4])
    assert 0.0 < meter.cpu_seconds <= outer + 0.02  # os.times counts in hundredths
    assert meter.use.memory_byte_seconds == meter.peak_memory_bytes * meter.seconds
    assert meter.peak_memory_bytes > 10_000_000


def fail(readings: list[Meter]) -> None:
    with metered() as meter:
        readings.append(meter)
        raise ZeroDivisionError


def test_a_meter_is_read_also_where_the_work_fails() -> None:
    readings: list[Meter] = []
    with pytest.raises(ZeroDivisionError):
        fail(readings)
    assert readings[0].seconds > 0.0


def test_a_run_is_kept_once_and_its_cost_is_by_thousand_rows(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, fsync=False, costs=PRICES)
    meter = Meter(seconds=10.0, cpu_seconds=100.0, peak_memory_bytes=0.0)
    use = run_use(meter, PRICES, product="churn", mode="batch", run_id="r", at=AT, rows=4000)
    assert past_runs(settings, "churn", "batch") == []
    for _ in range(2):
        keep_run(settings, use)
    keep_run(settings, msgspec.structs.replace(use, mode="training"))
    runs = past_runs(settings, "churn", "batch")
    assert runs == [use]
    assert batch_cost(runs, "EUR").value == pytest.approx(0.0025)
    assert batch_cost(runs, "USD").value is None


def test_the_growth_of_counters_is_added_to_the_day_of_the_look(ledger: Ledger) -> None:
    count_use(ledger, "churn", seen(AT, predictions=1000.0, answered=100.0, cpu_seconds=50.0, busy_seconds=40.0))
    minute = dt.timedelta(minutes=1)
    count_use(
        ledger, "churn", seen(AT + minute, predictions=1500.0, answered=150.0, cpu_seconds=60.0, busy_seconds=45.0)
    )
    first, second = (online_day(ledger, "churn", day) for day in (AT.date(), (AT + minute).date()))
    assert first is not None
    assert second is not None
    assert (first.predictions, second.predictions) == (1000.0, 500.0)
    assert (second.cpu_seconds, second.busy_seconds, second.within) == (10.0, 5.0, {0.1: 50.0})
    assert (second.memory_byte_seconds, second.gpu_seconds) == (5.0 * GIB, 5.0)
    assert newest_day(ledger, "churn", AT + minute) == second


def test_a_restart_and_a_second_look_at_the_same_moment_count_nothing_twice(ledger: Ledger) -> None:
    looks = [(0, 100.0), (0, 100.0), (5, 130.0), (10, 20.0), (15, 25.0)]  # began anew before the fourth
    for seconds, predictions in looks:
        count_use(ledger, "churn", seen(AT + dt.timedelta(seconds=seconds), predictions=predictions))
    day = online_day(ledger, "churn", AT.date())
    assert day is not None
    assert day.predictions == 155.0


def test_a_product_that_nobody_asked_for_has_no_day(ledger: Ledger) -> None:
    count_use(ledger, "churn", seen(AT))
    assert online_day(ledger, "churn", AT.date()) is None
    assert newest_day(ledger, "churn", AT) is None


def test_the_cost_of_a_day_is_that_of_all_it_used_and_the_cache_saved_what_the_same_rows_would_have_cost() -> None:
    day = OnlineDay(
        day=AT.date(), predictions=4000.0, answered=40.0, cpu_seconds=100.0, busy_seconds=80.0, score_seconds=40.0,
        looked_up=4000.0, reused=3000.0,
    )  # fmt: skip
    assert online_cost(day, PRICES).value == pytest.approx(0.0025)
    assert cache_saved(day, PRICES) == pytest.approx(0.01 * 0.5 / 1000 * 3000)
    assert cache_saved(msgspec.structs.replace(day, reused=4000.0), PRICES) is None
    assert online_cost(None, PRICES).value is None


def test_what_is_read_of_an_endpoint_is_what_it_counted() -> None:
    metrics = Metrics()
    metrics.render()
    metrics.observe_call("churn", [("score", 0.5), ("cache", 0.25), ("lookup", 3.0)])
    metrics.count_cache(product="churn", tier="process", result="hit", rows=3)
    metrics.count_cache(product="churn", tier="process", result="miss", rows=2)
    metrics.count_cache(product="churn", tier="redis", result="hit", rows=1)
    found = seen_in(samples_of(metrics.render().decode()), {"churn": "serving"}, AT)
    churn = found.of("churn")
    assert (churn.busy_seconds, churn.score_seconds) == (0.75, 0.5)
    assert (churn.looked_up, churn.reused) == (5.0, 4.0)
    assert churn.cpu_seconds > 0.0
    assert (found.workers, found.gpus) == (1.0, float(found.has_gpu))
    assert found.memory_bytes > 1_000_000


def test_other_prices_are_other_costs() -> None:
    dear = replace(PRICES, cpu_core_hour=3.6)
    assert cost_of(Use(cpu_seconds=100.0), dear) == pytest.approx(10 * cost_of(Use(cpu_seconds=100.0), PRICES))
