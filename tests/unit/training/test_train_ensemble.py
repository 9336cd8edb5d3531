"""Training of an ensemble: members to the byte what they are alone, and a mean that is calibrated and judged as one."""

import datetime as dt
from pathlib import Path

import lightgbm
import msgspec
import numpy as np
import pyarrow as pa
import pytest

from platform_assets.contract.product import Product
from platform_assets.contract.recipes import Calibration, Ensemble, GradientBoosting
from platform_assets.features.frames import to_frame
from platform_assets.inference.bundle import Bundle, load_bundle
from platform_assets.inference.scoring import prepare_matrix, score
from platform_assets.products._discovery import discover_products
from platform_assets.training.train import Trained, train_product
from tests.unit.inference.ensemble_samples import mean_by_hand
from tests.unit.training.conftest import MakeExamples

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
FIRST = GradientBoosting(
    objective="binary", rounds=12, learning_rate=0.1, leaves=7, min_rows_per_leaf=10, feature_fraction=0.6, seed=1
)
MEMBERS = (FIRST, msgspec.structs.replace(FIRST, seed=2), msgspec.structs.replace(FIRST, leaves=15, rounds=8))
WEIGHTS = (0.7, 0.2, 0.4)


def churn_by(recipe: Ensemble | GradientBoosting) -> Product:
    declared = next(product for product in discover_products() if product.name == "churn")
    split = msgspec.structs.replace(declared.split, step="month", test_days=0)
    return msgspec.structs.replace(declared, split=split, recipe=recipe, gates=())


def ensemble(calibration: Calibration = "none") -> Product:
    return churn_by(Ensemble(members=MEMBERS, weights=WEIGHTS, calibration=calibration))


@pytest.fixture(scope="module")
def examples(make_examples: MakeExamples) -> "pa.Table":
    return make_examples(ensemble())


def train(product: Product, examples: "pa.Table", directory: Path) -> Trained:
    return train_product(
        product,
        examples,
        trained_at=NOW,
        run_id="run-1",
        code_version="c" * 16,
        training_set_digest="d" * 64,
        model_version=1,
        known_until=NOW,
        features_json=b"{}",
        directory=directory,
        fsync=False,
    )


def model(directory: Path, number: int) -> bytes:
    return (directory / f"model_{number}.txt").read_bytes()


def test_the_same_examples_give_the_same_bytes(examples: "pa.Table", tmp_path: Path) -> None:
    product = ensemble("isotonic")
    first, second = train(product, examples, tmp_path / "a"), train(product, examples, tmp_path / "b")
    assert first.manifest == second.manifest
    assert first.evaluation == second.evaluation


def test_each_member_is_the_model_that_its_recipe_alone_gives(examples: "pa.Table", tmp_path: Path) -> None:
    train(ensemble(), examples, tmp_path / "all")
    for number, member in enumerate(MEMBERS, start=1):
        train(churn_by(member), examples, tmp_path / str(number))
        assert model(tmp_path / "all", number) == (tmp_path / str(number) / "model.txt").read_bytes()
    assert len({model(tmp_path / "all", number) for number in (1, 2, 3)}) == 3


def test_the_bundle_scores_the_mean_of_members_computed_independently(examples: "pa.Table", tmp_path: Path) -> None:
    product = ensemble()
    train(product, examples, tmp_path / "1")
    bundle, frame = load_bundle(tmp_path / "1"), to_frame(product, examples)
    boosters = [lightgbm.Booster(model_file=str(tmp_path / "1" / f"model_{number}.txt")) for number in (1, 2, 3)]
    matrix = prepare_matrix(bundle, frame)
    scores = [np.asarray(booster.predict(matrix, num_threads=1)) for booster in boosters]
    assert score(bundle, frame).score.tobytes() == mean_by_hand(scores, WEIGHTS).tobytes()


def test_what_is_calibrated_is_the_mean(examples: "pa.Table", tmp_path: Path) -> None:
    train(ensemble("isotonic"), examples, tmp_path / "shown")
    train(ensemble(), examples, tmp_path / "raw")
    frame = to_frame(ensemble(), examples)
    shown, raw = load_bundle(tmp_path / "shown"), load_bundle(tmp_path / "raw")
    assert raw.calibration is None
    assert shown.calibration is not None
    assert score(shown, frame).score.tobytes() == shown.calibration.apply(score(raw, frame).score).tobytes()


def test_the_uncertainty_is_that_of_the_mean_and_of_no_member(examples: "pa.Table", tmp_path: Path) -> None:
    train(ensemble(), examples, tmp_path / "all")
    tables = {uncertainty(load_bundle(tmp_path / "all"))}
    for number, member in enumerate(MEMBERS, start=1):
        train(churn_by(member), examples, tmp_path / str(number))
        tables.add(uncertainty(load_bundle(tmp_path / str(number))))
    assert len(tables) == 4


def uncertainty(bundle: Bundle) -> tuple[float, ...]:
    assert bundle.uncertainty is not None
    return bundle.uncertainty.y


def test_the_run_keeps_the_parameters_of_every_member(examples: "pa.Table", tmp_path: Path) -> None:
    told = train(ensemble(), examples, tmp_path / "1").parameters
    assert (told["ensemble"], told["members"]) == ("weighted mean", "3")
    assert [told[f"member_{number}.weight"] for number in (1, 2, 3)] == ["0.7", "0.2", "0.4"]
    assert [told[f"member_{number}.num_leaves"] for number in (1, 2, 3)] == ["7", "7", "15"]
    assert [told[f"member_{number}.rounds"] for number in (1, 2, 3)] == ["12", "12", "8"]
    plain = churn_by(Ensemble(members=MEMBERS))
    assert train(plain, examples, tmp_path / "2").parameters["ensemble"] == "mean"
