"""Churn on the full real data: released where it is better than the baselines, refused where a baseline wins."""

import datetime as dt
from pathlib import Path

import msgspec
import pytest

from platform_assets.clock import wall_now
from platform_assets.contract.datasets import DATASETS
from platform_assets.contract.product import Product
from platform_assets.errors import DownloadFailedError
from platform_assets.features.contracts_raw import validate_raw
from platform_assets.features.dbt_build import dbt_variables, run_dbt
from platform_assets.features.history import append_history
from platform_assets.features.raw_files import fetch_raw
from platform_assets.features.snapshot import feature_manifest
from platform_assets.features.training_set import build_training_set
from platform_assets.products._discovery import discover_products
from platform_assets.settings import Settings
from platform_assets.training.splits import as_of_grid, split_at
from platform_assets.training.train import Trained, train_product

CHURN = next(product for product in discover_products() if product.name == "churn")
KNOWN_UNTIL = DATASETS["online_retail"].replay_now
GOOD, BAD = dt.date(2011, 9, 10), dt.date(2011, 3, 10)


@pytest.fixture(scope="module")
def real_data(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Give a home with the customers' feature history of the full data; without a network the tests are skipped."""
    settings = Settings(home=tmp_path_factory.mktemp("real"), fsync=False)
    try:
        raw = fetch_raw("online_retail", settings, fetched_at=wall_now())
    except DownloadFailedError as error:
        pytest.skip(str(error))
    validate_raw(raw, settings)
    build, scratch = settings.scratch_dir / "build", settings.scratch_dir / "dbt"
    # Both cut-offs train on the tenth of each month, so the history of those days is all that is needed.
    variables = dbt_variables(settings, as_of_from=dt.date(2010, 6, 10), as_of_to=GOOD, build_dir=build)
    run_dbt(settings, ["run", "--select", "+customer_orders", "net_spend"], scratch=scratch, variables=variables)
    append_history(settings, "customer_orders", build / "customer_orders.parquet", known_at=None)
    return settings


def _train_at(settings: Settings, cutoff: dt.date, directory: Path) -> Trained:
    product: Product = msgspec.structs.replace(CHURN, split=split_at(CHURN.split, cutoff))
    as_ofs = as_of_grid(product.split, horizon_hours=product.label.horizon_hours)
    made = build_training_set(settings, product, as_ofs=as_ofs, known_until=KNOWN_UNTIL)
    return train_product(
        product,
        made.table,
        trained_at=KNOWN_UNTIL,
        run_id="story",
        code_version="story",
        training_set_digest=made.digest,
        model_version=1,
        known_until=KNOWN_UNTIL,
        features_json=msgspec.json.encode(feature_manifest(settings, product)),
        directory=directory,
        fsync=False,
    )


@pytest.mark.filterwarnings("ignore:sqlglotrs is deprecated:DeprecationWarning")
@pytest.mark.filterwarnings(r"ignore:fetch_arrow_table\(\) is deprecated:DeprecationWarning")
def test_churn_passes_its_gates_at_the_declared_cutoff(real_data: Settings, tmp_path: Path) -> None:
    trained = _train_at(real_data, GOOD, tmp_path / "bundle")

    assert trained.may_be_released, [str(gate) for gate in trained.gates]
    calibration = trained.evaluation.calibration
    assert calibration is not None
    assert calibration.error_after < calibration.error_before


@pytest.mark.filterwarnings("ignore:sqlglotrs is deprecated:DeprecationWarning")
@pytest.mark.filterwarnings(r"ignore:fetch_arrow_table\(\) is deprecated:DeprecationWarning")
def test_churn_is_refused_at_the_cutoff_where_the_logistic_baseline_wins(real_data: Settings, tmp_path: Path) -> None:
    trained = _train_at(real_data, BAD, tmp_path / "bundle")

    assert not trained.may_be_released
    failed = [gate.gate for gate in trained.gates if not gate.is_passed]
    assert "auc on all is better than logistic_rfm" in failed
