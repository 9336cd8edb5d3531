"""What the endpoint shows besides counts of calls: distributions of scores, newest features, figures of others."""

import datetime as dt
import math
from pathlib import Path

import msgspec
import numpy as np
import pytest

from platform_assets.contract import shown_figures as shown
from platform_assets.contract.shown_figures import ShownFile, ShownValue
from platform_assets.serving.telemetry.metric_families import SCORE_BOUNDS
from platform_assets.serving.telemetry.metrics import Metrics
from tests.unit.serving.conftest import product_named
from tests.unit.serving.test_endpoint_metrics import Place, Wall, samples, value

CHURN = product_named("churn")
NAMES = CHURN.stored_columns
AT = dt.datetime(2026, 3, 1, tzinfo=dt.UTC).timestamp()


def rows(seed: int, count: int) -> list[list[float]]:
    drawn: list[list[float]] = np.random.default_rng(seed).normal(1e6, 3.0, (count, len(NAMES))).tolist()
    return drawn


def shown_files(directory: Path, *values: ShownValue) -> Metrics:
    file = ShownFile(written_at=AT, values=list(values))
    (directory / shown.FIGURES_FILE).write_bytes(msgspec.json.encode(file))
    metrics = Metrics()
    metrics.show_files_of(directory)
    return metrics


@pytest.mark.parametrize("count", [7, 500])
def test_each_score_is_in_every_bucket_that_it_fits_into(count: int) -> None:
    scores = [*np.random.default_rng(count).uniform(-0.5, 3.0, count).tolist(), 0.1, 1e9]
    metrics = Metrics()
    metrics.count_scores("demo", scores)
    metrics.count_scores("demo", [0.3])
    seen = samples(metrics.render())
    for bound in SCORE_BOUNDS:
        below = sum(score <= bound for score in [*scores, 0.3])
        assert seen["platform_score_bucket", (str(bound), "demo")] == below
    assert seen["platform_score_bucket", ("+Inf", "demo")] == count + 3
    assert seen["platform_score_sum", ("demo",)] == pytest.approx(sum(scores) + 0.3)


def test_mean_deviation_and_missing_share_are_those_of_the_newest_rows() -> None:
    metrics, first, newest = Metrics(), rows(1, 50), rows(2, 256)
    newest[3][0] = math.nan
    metrics.keep_features(CHURN, first)
    metrics.keep_features(CHURN, newest)
    seen, known = samples(metrics.render()), np.array(newest)[:, 0]
    labels = (NAMES[0], "churn")
    assert seen["platform_feature_mean", labels] == pytest.approx(np.nanmean(known))
    assert seen["platform_feature_standard_deviation", labels] == pytest.approx(np.nanstd(known))
    assert seen["platform_feature_missing_ratio", labels] == pytest.approx(1 / 256)
    assert len([name for name, _ in seen if name == "platform_feature_mean"]) == len(NAMES)


def test_the_windows_of_two_workers_are_one() -> None:
    wall = Wall()
    first, second = Metrics(), Metrics()
    for worker, metrics in enumerate((first, second)):
        metrics.share(Place(wall, str(worker)), worker=worker, before=None)
    first.keep_features(CHURN, rows(1, 100))
    second.keep_features(CHURN, rows(2, 30))
    second.tell()
    seen, whole = samples(first.render()), np.array(rows(1, 100) + rows(2, 30))[:, 1]
    assert seen["platform_feature_standard_deviation", (NAMES[1], "churn")] == pytest.approx(whole.std())


def test_the_features_are_looked_at_every_few_seconds_and_not_at_every_telling() -> None:
    now = [100.0]
    metrics = Metrics(monotonic=lambda: now[0])
    metrics.keep_features(CHURN, [[1.0] * len(NAMES)])
    assert value(metrics, "platform_feature_mean", NAMES[0], "churn") == 1.0
    metrics.keep_features(CHURN, [[3.0] * len(NAMES)])
    assert value(metrics, "platform_feature_mean", NAMES[0], "churn") == 1.0
    now[0] = 105.0
    assert value(metrics, "platform_feature_mean", NAMES[0], "churn") == 2.0


def test_a_release_with_other_features_begins_a_new_window() -> None:
    metrics = Metrics()
    metrics.keep_features(CHURN, rows(1, 10))
    metrics.keep_features(product_named("churn"), rows(2, 10))  # the same declaration, read again
    other = product_named("clv")
    renamed = msgspec.structs.replace(other, name="churn")
    metrics.keep_features(renamed, [[2.0] * len(renamed.stored_columns)])
    assert value(metrics, "platform_feature_mean", renamed.stored_columns[0], "churn") == 2.0


def test_processor_time_goes_to_the_products_that_kept_the_worker_busy() -> None:
    metrics = Metrics()
    metrics.render()
    metrics.observe_call("much", [("score", 0.3), ("lookup", 50.0)])
    metrics.observe_call("little", [("score", 0.1), ("queue", 50.0)])
    sum(range(200_000))
    seen = samples(metrics.render())
    much, little = (seen["platform_product_cpu_seconds_total", (name,)] for name in ("much", "little"))
    assert much == pytest.approx(3.0 * little)
    assert 0.0 < much + little <= seen["platform_process_cpu_seconds_total", ()]
    metrics.render()
    assert samples(metrics.render())["platform_product_cpu_seconds_total", ("much",)] == much


def test_what_others_left_is_shown_with_the_time_of_its_file(tmp_path: Path) -> None:
    metrics = shown_files(tmp_path, ShownValue(shown.PARITY.name, ("churn",), 0.999))
    seen = samples(metrics.render())
    assert seen["platform_parity_ratio", ("churn",)] == 0.999
    assert seen["platform_figures_written_timestamp_seconds", ("figures",)] == AT


@pytest.mark.parametrize(
    "wrong", [ShownValue("platform_predictions", ("churn",), 1.0), ShownValue(shown.PARITY.name, ("a", "b"), 1.0)]
)
def test_a_value_of_no_such_family_is_passed_over(tmp_path: Path, wrong: ShownValue) -> None:
    text = shown_files(tmp_path, wrong).render().decode()
    assert "platform_parity_ratio{" not in text
    assert "platform_predictions_total{" not in text


def test_a_file_that_is_none_shows_nothing_and_a_new_one_is_read_again(tmp_path: Path) -> None:
    metrics = shown_files(tmp_path, ShownValue(shown.PARITY.name, ("churn",), 0.5))
    assert value(metrics, "platform_parity_ratio", "churn") == 0.5
    draft = tmp_path / "draft"
    draft.write_bytes(b"half a")
    draft.replace(tmp_path / shown.FIGURES_FILE)
    assert b"platform_parity_ratio{" not in metrics.render()
    draft.write_bytes(msgspec.json.encode(ShownFile(AT, [ShownValue(shown.PARITY.name, ("churn",), 0.75)])))
    draft.replace(tmp_path / shown.FIGURES_FILE)
    assert value(metrics, "platform_parity_ratio", "churn") == 0.75
