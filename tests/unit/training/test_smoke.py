"""The smoke test: a bundle on disk answers the known examples to the bit, or names the first that it does not."""

import datetime as dt
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pytest

from platform_assets.contract.product import Product
from platform_assets.inference.bundle import Bundle, load_bundle
from platform_assets.training.gates import GateResult
from platform_assets.training.smoke import KnownScore, judge_smoke, known_scores
from platform_assets.training.splits import split_examples
from platform_assets.training.train import Trained, train_product
from tests.unit.training.conftest import MakeExamples

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@pytest.fixture
def held_out(product: Product, make_examples: MakeExamples) -> pa.Table:
    return split_examples(product, make_examples(product), known_until=NOW).test


@pytest.fixture
def trained(product: Product, make_examples: MakeExamples, tmp_path: Path) -> Trained:
    return train_product(
        product,
        make_examples(product),
        trained_at=NOW,
        run_id="run-1",
        code_version="c" * 16,
        training_set_digest="d" * 64,
        model_version=1,
        known_until=NOW,
        features_json=b"{}",
        directory=tmp_path / "1",
        fsync=False,
    )


@pytest.fixture
def bundle(trained: Trained, tmp_path: Path) -> Bundle:
    assert trained.manifest.model_version == 1
    return load_bundle(tmp_path / "1")


def judged(bundle: Bundle, rows: pa.Table, known: list[KnownScore]) -> GateResult:
    return judge_smoke(bundle, rows, known)[0]


def test_a_bundle_on_disk_answers_what_the_trained_pair_answered(
    bundle: Bundle, trained: Trained, held_out: pa.Table
) -> None:
    assert len(trained.known) == 8
    result = judged(bundle, held_out, trained.known)
    assert result.is_passed, str(result)
    assert (result.kind, result.value, result.bound) == ("smoke", 8.0, 8.0)
    assert trained.known == known_scores(bundle, held_out)


def test_a_score_that_differs_in_its_last_bit_is_refused_and_named(
    bundle: Bundle, trained: Trained, held_out: pa.Table
) -> None:
    third = trained.known[2]
    other = msgspec.structs.replace(third, score=float(np.nextafter(third.score, np.inf)))
    result = judged(bundle, held_out, [*trained.known[:2], other])
    assert not result.is_passed
    assert (result.value, result.bound) == (2.0, 3.0)
    assert f"row {third.row_id} scores {third.score!r}, not {other.score!r}" in str(result)


def test_an_example_that_is_no_test_row_any_more_is_refused(
    bundle: Bundle, trained: Trained, held_out: pa.Table
) -> None:
    result = judged(bundle, held_out.slice(0, 1), trained.known)
    assert "is no test row any more" in str(result)
    assert not result.is_passed


def test_without_any_example_nothing_is_shown(bundle: Bundle, held_out: pa.Table) -> None:
    result = judged(bundle, held_out, [])
    assert not result.is_passed
    assert "no example has a valid score" in str(result)
    assert known_scores(bundle, held_out.slice(0, 0)) == []
