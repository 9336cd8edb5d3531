"""The drift of a product in Dagster: its checks, their severity, its figures and when it is asked for."""

from pathlib import Path

import dagster as dg
import msgspec
import pytest

from platform_assets.orchestration.drift_assets import drift_assets
from platform_assets.settings import Settings
from tests.unit.monitoring.drift.drift_home import MOVED, DriftHome
from tests.unit.serving.conftest import product_named


@pytest.fixture
def home(tmp_path: Path) -> DriftHome:
    return DriftHome(tmp_path)


def materialized(home: DriftHome) -> dg.ExecuteInProcessResult:
    return dg.materialize(drift_assets(home.product, home.settings))


def checks_of(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    return {one.check_name: one for one in result.get_asset_check_evaluations()}


def test_without_anything_to_compare_the_checks_pass_and_say_so(home: DriftHome) -> None:
    result = materialized(home)
    assert result.success
    checks = checks_of(result)
    assert set(checks) == {"data_drift", "prediction_drift", "live_from_batch"}
    assert {(one.passed, one.description) for one in checks.values()} == {(True, "nothing to judge: not enough rows")}


def test_a_batch_that_moved_fails_its_check_and_its_figures_are_recorded(home: DriftHome) -> None:
    home.batch(shift=3.8)
    result = materialized(home)
    assert result.success
    check = checks_of(result)["data_drift"]
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert f"batch_from_training: {MOVED}: the mean is" in (check.description or "")
    metadata = result.asset_materializations_for_node("churn__drift")[0].metadata
    assert float(str(metadata["batch_from_training/drift_rate"].value)) > 0.5
    assert "data:image/svg+xml" in str(metadata["batch_from_training"].value)
    assert "batch_from_training" in str(metadata["history"].value)
    assert int(str(metadata["dagster/row_count"].value)) > 20


def test_a_product_without_an_online_block_has_no_check_of_live_inputs(home: DriftHome) -> None:
    (asset,) = drift_assets(msgspec.structs.replace(home.product, online=None), home.settings)
    assert {spec.name for spec in asset.check_specs} == {"data_drift", "prediction_drift"}


def test_a_published_batch_asks_for_drift_and_new_answers_alone_do_not(tmp_path: Path) -> None:
    published, answers = dg.AssetKey(["churn", "published_predictions"]), dg.AssetKey("prediction_log")
    (asset,) = drift_assets(product_named("churn"), Settings(home=tmp_path))
    definitions = dg.Definitions(assets=[asset, dg.AssetSpec(published), dg.AssetSpec(answers)])
    drift = dg.AssetSelection.assets(asset.key)
    cursor, asked = None, []
    with dg.DagsterInstance.ephemeral() as instance:
        for key in (None, answers, published):
            if key is not None:
                instance.report_runless_asset_event(dg.AssetMaterialization(key))
            result = dg.evaluate_automation_conditions(
                defs=definitions, instance=instance, asset_selection=drift, cursor=cursor
            )
            cursor = result.cursor
            asked.append(result.total_requested)
    assert asked == [0, 0, 1]
