"""What Prometheus reads: right counts, sums over workers that never go backwards, no label that a caller invents."""

import datetime as dt
from dataclasses import dataclass, field

import pytest
from prometheus_client.parser import text_string_to_metric_families

from platform_assets.contract.latency_bounds import SECONDS
from platform_assets.contract.prediction_log import PredictionLogEntry, Reason
from platform_assets.serving.telemetry.budget import STAGE_BUDGET_S
from platform_assets.serving.telemetry.exposition import render
from platform_assets.serving.telemetry.gpu_figures import GpuFigures, read_gpus
from platform_assets.serving.telemetry.metrics import Metrics
from platform_assets.serving.telemetry.tallies import Tallies

AT = dt.datetime(2011, 12, 9, tzinfo=dt.UTC)


@dataclass
class Wall:
    """A board in memory: what each worker told last."""

    told: dict[str, Tallies] = field(default_factory=dict)

    def tell(self, tallies: Tallies) -> None:
        self.told[tallies.worker] = copy_of(tallies)


@dataclass
class Place:
    """The board as one worker sees it."""

    wall: Wall
    worker: str

    def tell(self, tallies: Tallies) -> None:
        self.wall.tell(tallies)

    def others(self) -> list[Tallies]:
        return [copy_of(tallies) for worker, tallies in self.wall.told.items() if worker != self.worker]


class FullDisk:
    """A board that cannot be written."""

    def tell(self, tallies: Tallies) -> None:
        raise OSError(28, "No space left on device", tallies.worker)

    def others(self) -> list[Tallies]:
        return []


def copy_of(tallies: Tallies) -> Tallies:
    alike = Tallies.empty(tallies.worker)
    alike.continue_from(tallies)
    alike.gauges = {name: dict(values) for name, values in tallies.gauges.items()}
    alike.told_at = tallies.told_at
    alike.windows = {labels: list(cell) for labels, cell in tallies.windows.items()}
    return alike


def entry(
    *, score: float | None = 0.5, label: str | None = "stays", reason: Reason | None = None
) -> PredictionLogEntry:
    return PredictionLogEntry(
        prediction_id="p",
        request_id="r",
        product="demo",
        entity_id="customer-77",
        row_keys={"customer_id": "customer-77"},
        event_at=AT,
        as_of=AT,
        predicted_at=AT,
        score=score,
        label=label,
        uncertainty=None,
        confidence=None,
        engine="lightgbm",
        device="cpu",
        is_valid=True,
        release_id="release-1",
        model_version=1,
        feature_version="1",
        output_schema_version=1,
        bundle_digest="d",
        snapshot_id=None,
        snapshot_epoch=None,
        features=[],
        request={},
        fallback="none" if reason is None else "default_score",
        reason=reason,
        is_stale=False,
        action_allowed=True,
        latency_ms=1.0,
    )


def samples(text: bytes) -> dict[tuple[str, tuple[str, ...]], float]:
    """Return what a real Prometheus parser reads: value by name and sorted label values."""
    found = {}
    for metric in text_string_to_metric_families(text.decode()):
        for sample in metric.samples:
            found[sample.name, tuple(value for _, value in sorted(sample.labels.items()))] = sample.value
    return found


def value(metrics: Metrics, name: str, *labels: str) -> float:
    return samples(metrics.render())[name, labels]


def workers(wall: Wall, number: int) -> list[Metrics]:
    every = [Metrics() for _ in range(number)]
    for worker, metrics in enumerate(every):
        metrics.share(Place(wall, str(worker)), worker=worker, before=None)
    return every


def test_a_duration_is_in_every_bucket_that_it_fits_into() -> None:
    metrics = Metrics()
    for seconds in (0.00004, 0.00005, 0.003, 9.0):
        metrics.observe_request(route="/v1/predict", status=200, seconds=seconds)
    seen = samples(metrics.render())
    buckets = [seen["platform_request_seconds_bucket", (le, "/v1/predict", "200")] for le in ("5e-05", "0.0025")]
    assert buckets == [2.0, 2.0]
    assert seen["platform_request_seconds_bucket", ("0.005", "/v1/predict", "200")] == 3.0
    assert seen["platform_request_seconds_bucket", ("+Inf", "/v1/predict", "200")] == 4.0
    assert seen["platform_request_seconds_sum", ("/v1/predict", "200")] == pytest.approx(9.00309)


def test_the_buckets_resolve_fifty_microseconds_to_two_and_a_half_seconds() -> None:
    assert (SECONDS[0], SECONDS[-1]) == (0.00005, 2.5)
    assert list(SECONDS) == sorted(set(SECONDS))


def test_each_stage_of_a_call_is_counted_beside_its_declared_budget() -> None:
    metrics = Metrics()
    metrics.observe_call("demo", [("validate", 0.0001), ("lookup", 0.002), ("score", 0.00003)])
    metrics.observe_call("demo", [("validate", 0.0001)])
    seen = samples(metrics.render())
    assert seen["platform_stage_seconds_count", ("demo", "validate")] == 2.0
    assert seen["platform_stage_seconds_sum", ("demo", "lookup")] == 0.002
    shown = {labels[0]: number for (name, labels), number in seen.items() if name == "platform_stage_budget_seconds"}
    assert shown == STAGE_BUDGET_S
    assert seen["platform_latency_budget_seconds", ("0.99",)] == 0.09


def test_predictions_are_counted_by_release_fallback_reason_and_label_and_never_by_entity() -> None:
    metrics = Metrics()
    metrics.count_predictions([entry(), entry(score=0.25), entry(score=None, label=None, reason="unknown_entity")])
    text = metrics.render()
    seen = samples(text)
    assert seen["platform_predictions_total", ("none", "demo", "release-1")] == 2.0
    assert seen["platform_predictions_total", ("default_score", "demo", "release-1")] == 1.0
    assert seen["platform_degraded_predictions_total", ("demo", "unknown_entity")] == 1.0
    assert seen["platform_predicted_labels_total", ("stays", "demo")] == 2.0
    assert (seen["platform_score_count", ("demo",)], seen["platform_score_sum", ("demo",)]) == (2.0, 0.75)
    assert b"customer-77" not in text


def test_the_reused_share_counts_each_row_once_over_both_tiers_of_the_cache() -> None:
    metrics = Metrics()
    metrics.count_cache(product="demo", tier="process", result="hit", rows=5)
    metrics.count_cache(product="demo", tier="process", result="shared", rows=1)
    metrics.count_cache(product="demo", tier="process", result="miss", rows=4)
    metrics.count_cache(product="demo", tier="redis", result="hit", rows=2)
    metrics.count_cache(product="demo", tier="redis", result="miss", rows=2)
    assert value(metrics, "platform_prediction_cache_reused_ratio", "demo") == 0.8


def test_rows_by_calls_of_an_engine_is_the_mean_batch() -> None:
    metrics = Metrics()
    for rows in (1, 31):
        metrics.count_scored(product="demo", engine="lightgbm", rows=rows)
    scored, calls = (value(metrics, f"platform_engine_{n}_total", "lightgbm", "demo") for n in ("rows", "calls"))
    assert scored / calls == 16.0


def test_a_breaker_shows_the_one_state_that_it_is_in() -> None:
    metrics = Metrics()
    metrics.show_breaker("online_store", "open")
    metrics.show_breaker("online_store", "half_open")
    states = ("closed", "open", "half_open")
    seen = [value(metrics, "platform_circuit_breaker_state", "online_store", state) for state in states]
    assert seen == [0.0, 0.0, 1.0]


def test_memory_processor_time_and_open_files_of_the_process_are_shown() -> None:
    metrics = Metrics()
    assert value(metrics, "platform_resident_memory_bytes", "0") > 1_000_000
    assert value(metrics, "platform_process_cpu_seconds_total") > 0
    assert value(metrics, "platform_open_files", "0") >= 3


def test_gpu_figures_are_shown_for_each_gpu_and_are_absent_without_one() -> None:
    with_one = samples(render(Tallies.empty(), [GpuFigures("0", 0.85, 2e9, 8e9)]))
    assert with_one["platform_gpu_utilisation_ratio", ("0",)] == 0.85
    assert b"platform_gpu" not in render(Tallies.empty(), ())
    shown = [name for name, _ in samples(Metrics().render()) if name == "platform_gpu_utilisation_ratio"]
    assert len(shown) == len(read_gpus())


def test_any_worker_answers_with_the_sums_over_all_of_them() -> None:
    first, second = workers(Wall(), 2)
    first.count_predictions([entry()] * 3)
    second.count_predictions([entry()])
    second.observe_request(route="/v1/predict", status=200, seconds=0.001)
    second.tell()
    seen = samples(first.render())
    assert seen["platform_predictions_total", ("none", "demo", "release-1")] == 4.0
    assert seen["platform_request_seconds_count", ("/v1/predict", "200")] == 1.0
    assert seen["platform_workers", ()] == 2.0
    assert {labels for name, labels in seen if name == "platform_resident_memory_bytes"} == {("0",), ("1",)}


def test_what_one_worker_has_told_prometheus_is_never_taken_back_by_another() -> None:
    first, second = workers(Wall(), 2)
    first.count_predictions([entry()] * 5)
    told = value(first, "platform_predictions_total", "none", "demo", "release-1")
    assert value(second, "platform_predictions_total", "none", "demo", "release-1") == told == 5.0


def test_a_worker_that_takes_a_dead_ones_place_goes_on_from_its_counts() -> None:
    wall = Wall()
    first, second = workers(wall, 2)
    first.count_predictions([entry()] * 5)
    first.observe_call("demo", [("score", 0.001)])
    first.in_flight = 7
    first.tell()
    used = value(first, "platform_process_cpu_seconds_total")
    again = Metrics()
    again.share(Place(wall, "0"), worker=0, before=copy_of(wall.told["0"]))
    again.count_predictions([entry()])
    again.observe_call("demo", [("score", 0.001)])
    again.tell()
    seen = samples(second.render())
    assert seen["platform_predictions_total", ("none", "demo", "release-1")] == 6.0
    assert seen["platform_stage_seconds_count", ("demo", "score")] == 2.0
    assert seen["platform_process_cpu_seconds_total", ()] >= used
    assert seen["platform_requests_in_flight", ()] == 0.0


def test_the_gauges_of_a_worker_that_has_gone_silent_are_left_out_and_its_counts_stay() -> None:
    wall, now = Wall(), [100.0]
    first, second = Metrics(monotonic=lambda: now[0]), Metrics(monotonic=lambda: now[0])
    first.share(Place(wall, "0"), worker=0, before=None)
    second.share(Place(wall, "1"), worker=1, before=None)
    first.in_flight = 7
    first.count_predictions([entry()])
    first.tell()
    assert value(second, "platform_requests_in_flight") == 7.0
    now[0] = 160.0
    seen = samples(second.render())
    assert (seen["platform_requests_in_flight", ()], seen["platform_workers", ()]) == (0.0, 1.0)
    assert seen["platform_predictions_total", ("none", "demo", "release-1")] == 1.0


def test_a_full_disk_costs_the_siblings_their_news_and_nothing_else() -> None:
    metrics = Metrics()
    metrics.share(FullDisk(), worker=0, before=None)
    metrics.count_predictions([entry()])
    seen = samples(metrics.render())
    assert seen["platform_predictions_total", ("none", "demo", "release-1")] == 1.0
    assert seen["platform_metrics_unwritten_total", ()] >= 1.0
