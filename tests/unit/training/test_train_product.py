"""Training of every product: from examples to a judged bundle, and the same scores in batch and one by one."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platform_assets.contract.product import Product
from platform_assets.errors import MissingInputError
from platform_assets.features.frames import to_frame
from platform_assets.inference.bundle import load_bundle
from platform_assets.inference.frame import take_rows
from platform_assets.inference.scoring import score
from platform_assets.training.evaluation import Evaluation
from platform_assets.training.train import Trained, train_product

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
MakeExamples = Callable[[Product], "pa.Table"]


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


def test_the_same_examples_give_the_same_bytes(product: Product, make_examples: MakeExamples, tmp_path: Path) -> None:
    examples = make_examples(product)
    first, second = train(product, examples, tmp_path / "a"), train(product, examples, tmp_path / "b")
    assert first.manifest == second.manifest
    assert first.evaluation == second.evaluation


def test_a_trained_product_is_measured_and_every_gate_judged(
    product: Product, make_examples: MakeExamples, tmp_path: Path
) -> None:
    trained = train(product, make_examples(product), tmp_path / "1")
    assert len(trained.gates) == len(product.gates)
    assert trained.may_be_released == all(result.is_passed for result in trained.gates)
    assert {m.scorer for m in trained.evaluation.measurements} == {"model", *(b.name for b in product.baselines)}
    assert trained.evaluation.metrics()
    assert msgspec_round_trip(trained.evaluation) == trained.evaluation


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chosen=st.lists(st.integers(0, 200), min_size=1, max_size=25))
def test_any_choice_of_rows_scores_the_same_bits_as_one_by_one(
    product: Product, make_examples: MakeExamples, tmp_path: Path, chosen: list[int]
) -> None:
    examples = make_examples(product)
    directory = tmp_path / "1"
    if not directory.exists():
        train(product, examples, directory)
    bundle, frame = load_bundle(directory), to_frame(product, examples)
    everything, together = score(bundle, frame), score(bundle, take_rows(frame, np.array(chosen)))
    for place, row in enumerate(chosen):
        alone = score(bundle, take_rows(frame, slice(row, row + 1)))
        for found in (alone.score[0], together.score[place]):
            assert np.array_equal(found, everything.score[row], equal_nan=True)
        assert np.array_equal(alone.uncertainty[0], everything.uncertainty[row], equal_nan=True)


def test_an_absent_stored_feature_is_named(product: Product, make_examples: MakeExamples, tmp_path: Path) -> None:
    needed = next(name for name in product.model_inputs if name in product.stored_columns)
    with pytest.raises(MissingInputError, match=needed):
        train(product, make_examples(product).drop_columns([needed]), tmp_path / "1")


def msgspec_round_trip(evaluation: Evaluation) -> Evaluation:

    return msgspec.json.decode(msgspec.json.encode(evaluation), type=Evaluation)
