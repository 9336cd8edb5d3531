"""The pair in a real local MLflow: both halves under one version, the same scores, no pickle."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from platform_assets.contract import names
from platform_assets.errors import NotMaterializedError
from platform_assets.features.frames import to_frame
from platform_assets.inference.bundle import load_bundle
from platform_assets.inference.scoring import score
from platform_assets.registry.dataframes import without_zone
from platform_assets.registry.pair import HALVES, PAIR_TAG, RegisteredPair, point_alias, register_pair
from platform_assets.registry.tracking import tracking_client
from platform_assets.training.candidates import Candidate
from tests.unit.registry.registry_home import RegistryHome, registry_home

LOG_HALF = "_log_half"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> RegistryHome:
    return registry_home(tmp_path_factory.mktemp("registry"))


@pytest.fixture(scope="module")
def candidate(home: RegistryHome) -> Candidate:
    return home.train()


def versions(home: RegistryHome, half: str) -> list[Any]:
    return list(tracking_client(home.settings).search_model_versions(f"name = 'churn_{half}'"))


def test_both_halves_are_registered_from_one_run_under_one_platform_version(
    home: RegistryHome, candidate: Candidate
) -> None:
    found = [versions(home, half) for half in HALVES]
    assert [len(each) for each in found] == [1, 1]
    assert {each[0].tags[PAIR_TAG] for each in found} == {"1"}
    assert {each[0].run_id for each in found} == {candidate.manifest.training_run_id}


@pytest.mark.parametrize("half", HALVES)
def test_each_half_has_a_signature_an_input_example_and_an_alias(
    home: RegistryHome, candidate: Candidate, half: names.PairHalf
) -> None:
    import mlflow  # noqa: PLC0415 - several seconds to import

    point_alias(home.settings, "churn", candidate.manifest.model_version)
    model = mlflow.pyfunc.load_model(f"models:/{names.registered_model('churn', half)}@{names.ALIAS}")
    assert model.metadata.signature.inputs is not None
    assert model.metadata.signature.outputs is not None
    assert len(model.input_example) == 5


def test_the_two_loaded_halves_together_score_to_the_last_bit_as_the_platform_does(
    home: RegistryHome, candidate: Candidate
) -> None:
    import mlflow  # noqa: PLC0415 - several seconds to import

    rows = home.examples.slice(0, 200)
    tracking_client(home.settings)
    preprocessor, model = (mlflow.pyfunc.load_model(f"models:/churn_{half}/1") for half in HALVES)
    asked = rows.drop_columns(["row_id", "as_of", "label"]).to_pandas()
    answered = model.predict(preprocessor.predict(without_zone(asked)))
    expected = score(load_bundle(candidate.bundle), to_frame(home.product(), rows))
    assert answered["score"].to_numpy().tobytes() == expected.score.tobytes()
    assert np.array_equal(answered["uncertainty"].to_numpy(), expected.uncertainty, equal_nan=True)


def test_no_artifact_is_a_pickle(home: RegistryHome, candidate: Candidate) -> None:
    assert candidate.bundle.exists()
    files = [path for path in (home.settings.mlflow_dir / "artifacts").rglob("*") if path.is_file()]
    assert files
    assert [path.name for path in files if path.suffix in {".pkl", ".pickle", ".joblib"}] == []
    assert [path.name for path in files if path.read_bytes()[:2] in {b"\x80\x04", b"\x80\x05"}] == []


def test_training_the_same_again_makes_and_registers_nothing_new(home: RegistryHome, candidate: Candidate) -> None:
    history = metric_history(home, candidate)
    again = home.train()
    assert (again.is_new, again.digest, again.artifact) == (False, candidate.digest, candidate.artifact)
    assert [len(versions(home, half)) for half in HALVES] == [1, 1]
    assert metric_history(home, candidate) == history


def metric_history(home: RegistryHome, candidate: Candidate) -> list[int]:
    client, run_id = tracking_client(home.settings), candidate.manifest.training_run_id
    return [len(client.get_metric_history(run_id, name)) for name in sorted(client.get_run(run_id).data.metrics)]


def test_the_run_names_what_the_pair_was_made_from(home: RegistryHome, candidate: Candidate) -> None:
    run = tracking_client(home.settings).get_run(candidate.manifest.training_run_id)
    assert run.info.status == "FINISHED"
    assert run.data.tags["bundle_digest"] == candidate.digest
    assert run.data.tags["training_set_digest"] == candidate.manifest.training_set_digest
    assert run.data.metrics


class Killed(BaseException):
    """Stands for the end of the process."""


def test_a_registration_that_was_killed_after_one_half_is_completed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = registry_home(tmp_path / "killed")
    kill_at_the_second_half(monkeypatch)
    with pytest.raises(Killed):
        home.train()
    assert [len(versions(home, half)) for half in HALVES] == [1, 0]
    with pytest.raises(NotMaterializedError, match="churn_model"):
        point_alias(home.settings, "churn", 1)
    monkeypatch.undo()
    candidate = home.train()
    assert [len(versions(home, half)) for half in HALVES] == [1, 1]
    assert candidate.manifest.model_version == 1
    point_alias(home.settings, "churn", 1)


def kill_at_the_second_half(monkeypatch: pytest.MonkeyPatch) -> None:
    from platform_assets.registry import pair  # noqa: PLC0415 - patched here only

    really = getattr(pair, LOG_HALF)

    def log_half(told: RegisteredPair, half: names.PairHalf, *tables: Any) -> str:  # noqa: ANN401 - passed through
        if half == "model":
            raise Killed
        return str(really(told, half, *tables))

    monkeypatch.setattr(pair, LOG_HALF, log_half)


def test_two_homes_in_one_process_do_not_mix_their_registries(home: RegistryHome, tmp_path: Path) -> None:
    other = registry_home(tmp_path / "other")
    made = other.train()
    pair = RegisteredPair("churn", made.manifest.training_run_id, 1, made.bundle)
    tracking_client(home.settings)  # makes the first home MLflow's own
    told = register_pair(
        other.settings, pair, other.examples.slice(0, 5).drop_columns(["row_id", "as_of", "label"]).to_pandas()
    )
    assert told == {"preprocessor": "1", "model": "1"}
    assert [len(versions(other, half)) for half in HALVES] == [1, 1]
    assert [len(versions(home, half)) for half in HALVES] == [1, 1]
