"""A version that is trained again from its records gives the identical files."""

import shutil
from dataclasses import replace
from pathlib import Path

import msgspec
import pyarrow.parquet as pq
import pytest

from platform_assets.code_version import code_version
from platform_assets.contract.compile import product_digest
from platform_assets.errors import InputsUnusableError, NotMaterializedError
from platform_assets.ledger.database import open_ledger
from platform_assets.registry.pair import OpenRun
from platform_assets.registry.versions import TrainingKey, bundle_dir
from platform_assets.settings import Settings
from platform_assets.training.candidates import _Origin, _train, read_judgement
from platform_assets.training.examples import newest_training_set
from platform_assets.training.packages import package_versions
from platform_assets.training.retrain import retrain
from tests.unit.batch.batch_home import facts
from tests.unit.registry.registry_home import RegistryHome, registry_home

RUN = facts()
CODE_THEN = f"code {RUN.code_version} then, {code_version()} now"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> RegistryHome:
    made = registry_home(tmp_path_factory.mktemp("retrain"))
    product, known = made.product(), newest_training_set(made.ledger, made.product())
    key = TrainingKey(known.digest, product_digest(product), RUN.code_version)
    origin = _Origin(known, key, 1, OpenRun("run-1", RUN.at), bundle_dir(made.settings, "churn", 1))
    _train(made.settings, product, made.examples, origin, RUN)
    return made


@pytest.fixture
def copied(trained: RegistryHome, tmp_path: Path) -> Settings:
    """Give the bundles and the ledger in a directory of their own, to be damaged."""
    shutil.copytree(trained.settings.bundles_dir, tmp_path / "bundles")
    shutil.copy(trained.settings.home / "ledger.db", tmp_path / "ledger.db")
    return replace(trained.settings, home=tmp_path)


def rewrite_judgement(settings: Settings, **changes: object) -> None:
    directory = bundle_dir(settings, "churn", 1)
    changed = msgspec.structs.replace(read_judgement(directory), **changes)
    directory.with_name("1.judgement.json").write_bytes(msgspec.json.encode(changed))


def test_training_again_with_the_recorded_configuration_gives_the_identical_bundle(trained: RegistryHome) -> None:
    told = retrain(trained.settings, trained.ledger, "churn", 1)
    assert (told.is_identical, told.is_same_bundle, told.same_measurements, told.note) == (True, True, True, CODE_THEN)
    assert {"model.txt", "preprocessor.json", "calibration.json", "score_reference.json"} <= {
        file.name for file in told.files
    }


def test_a_version_records_until_when_labels_counted_and_which_packages_trained_it(trained: RegistryHome) -> None:
    judgement = read_judgement(bundle_dir(trained.settings, "churn", 1))
    assert judgement.known_until is not None
    assert judgement.packages == package_versions()
    assert {"python", "lightgbm", "numpy"} <= judgement.packages.keys()


def test_a_package_that_has_changed_since_is_named(copied: Settings) -> None:
    rewrite_judgement(copied, packages={"lightgbm": "0.1"})
    told = retrain(copied, open_ledger(copied.ledger_dsn), "churn", 1)
    assert told.is_identical
    assert told.note == f"{CODE_THEN}; lightgbm 0.1 then, {package_versions()['lightgbm']} now"


def test_a_version_of_before_that_was_recorded_is_trained_by_the_clock_of_its_data(copied: Settings) -> None:
    rewrite_judgement(copied, known_until=None, packages={})
    assert retrain(copied, open_ledger(copied.ledger_dsn), "churn", 1).is_same_bundle


def test_a_training_set_with_other_rows_is_not_trained_on(trained: RegistryHome) -> None:
    path = next((trained.settings.training_dir / "churn").glob("*.parquet"))
    content = path.read_bytes()
    try:
        pq.write_table(pq.read_table(path).slice(1), path)
        with pytest.raises(InputsUnusableError, match="its rows have digest"):
            retrain(trained.settings, trained.ledger, "churn", 1)
        path.write_bytes(content[: len(content) // 2])
        with pytest.raises(InputsUnusableError, match="cannot be read"):
            retrain(trained.settings, trained.ledger, "churn", 1)
    finally:
        path.write_bytes(content)


def test_a_version_that_was_never_trained_cannot_be_trained_again(trained: RegistryHome) -> None:
    with pytest.raises(NotMaterializedError):
        retrain(trained.settings, trained.ledger, "churn", 9)
