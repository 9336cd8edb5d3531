"""The assets of batches run by Dagster itself: what a good and a refused batch leave in its records."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from platform_assets.batch.published_view import read_published
from platform_assets.contract.guardrails import GUARDRAILS
from platform_assets.monitoring.cost.runs import past_runs
from platform_assets.orchestration.partitions import prediction_key
from platform_assets.orchestration.promises import FRESHNESS_CHECK
from platform_assets.orchestration.reader_checks import READERS_CHECK
from platform_assets.orchestration.scoring_assets import scoring_assets
from tests.unit.batch.batch_home import AS_OF, CUSTOMERS, BatchHome, make_home

BATCHES = dg.AssetKey(["churn", "predictions"])
PUBLISHED = dg.AssetKey(["churn", "published_predictions"])


@pytest.fixture
def home(tmp_path: Path) -> BatchHome:
    return make_home(tmp_path)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        made.add_dynamic_partitions("churn_model_versions", ["1", "2"])
        yield made


def run(
    home: BatchHome, instance: dg.DagsterInstance, key: dg.AssetKey, version: int | None = None
) -> dg.ExecuteInProcessResult:
    return dg.materialize(
        scoring_assets(home.product, home.settings),
        selection=dg.AssetSelection.assets(key),
        partition_key=prediction_key(AS_OF.date(), version) if version else None,
        instance=instance,
        raise_on_error=False,
    )


def verdicts(result: dg.ExecuteInProcessResult) -> dict[str, bool]:
    return {each.check_name: each.passed for each in result.get_asset_check_evaluations()}


def test_a_good_batch_is_materialized_with_a_verdict_of_every_guardrail(
    home: BatchHome, instance: dg.DagsterInstance
) -> None:
    result = run(home, instance, BATCHES, 1)
    assert result.success
    assert verdicts(result) == {f"guardrail_{name}": True for name in GUARDRAILS}
    (event,) = result.asset_materializations_for_node("churn__predictions")
    assert event.metadata["dagster/row_count"].value == len(CUSTOMERS)
    assert read_published(home.settings, home.product).column("run_id").to_pylist() == [result.run_id] * len(CUSTOMERS)


def test_a_refused_batch_fails_its_run_without_a_materialization(home: BatchHome, instance: dg.DagsterInstance) -> None:
    home.release(model_version=2, constant=1.5)
    result = run(home, instance, BATCHES, 2)
    assert not result.success
    assert [name for name, is_passed in verdicts(result).items() if not is_passed] == ["guardrail_value_range"]
    assert result.asset_materializations_for_node("churn__predictions") == []
    assert not instance.fetch_materializations(BATCHES, limit=1).records


def test_a_partition_of_a_version_that_is_not_in_force_is_refused(
    home: BatchHome, instance: dg.DagsterInstance
) -> None:
    result = run(home, instance, BATCHES, 2)
    assert not result.success
    assert not home.settings.predictions_dir.exists()


def test_the_published_view_comes_with_the_check_of_its_freshness(
    home: BatchHome, instance: dg.DagsterInstance
) -> None:
    run(home, instance, BATCHES, 1)
    result = run(home, instance, PUBLISHED)
    assert result.success
    assert verdicts(result) == {FRESHNESS_CHECK: True, READERS_CHECK: True}
    assert (home.settings.published_dir / "churn.parquet").exists()


def test_an_old_batch_that_is_published_again_fails_the_check_and_is_still_published(
    home: BatchHome, instance: dg.DagsterInstance
) -> None:
    home.run(AS_OF - dt.timedelta(days=9))
    result = run(home, instance, PUBLISHED)
    assert result.success
    assert verdicts(result) == {FRESHNESS_CHECK: False, READERS_CHECK: True}


def test_what_a_batch_used_is_kept_and_told_also_where_a_guardrail_refuses_it(
    home: BatchHome, instance: dg.DagsterInstance
) -> None:
    result = run(home, instance, BATCHES, 1)
    (event,) = result.asset_materializations_for_node("churn__predictions")
    home.release(model_version=2, constant=1.5)
    assert not run(home, instance, BATCHES, 2).success
    first, refused = past_runs(home.settings, "churn", "batch")
    assert (first.run_id, first.rows, refused.rows) == (result.run_id, len(CUSTOMERS), len(CUSTOMERS))
    assert event.metadata["cost"].value == round(first.cost, 9)
    assert min(first.cpu_seconds, refused.cpu_seconds, first.seconds, first.peak_memory_bytes) > 0.0
