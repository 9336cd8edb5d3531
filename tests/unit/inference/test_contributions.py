"""Contributions add up to the margin of the trees, and are those of the training package to the bit."""

from pathlib import Path

import lightgbm
import msgspec
import numpy as np
import pytest

from platform_assets.contract.explanation import Explanation, Reason
from platform_assets.contract.product import Product
from platform_assets.contract.recipes import RfmSegments, SegmentRule
from platform_assets.errors import DigestMismatchError, NotExplainableError
from platform_assets.inference.bundle import Bundle, load_bundle, write_bundle
from platform_assets.inference.bundle_manifest import BundleOrigin
from platform_assets.inference.contributions import Explainer, load_explainer
from platform_assets.inference.explained import tell
from platform_assets.inference.frame import Floats
from platform_assets.inference.preprocess import InputColumn, Preprocessor
from platform_assets.inference.scoring import score_matrix
from tests.unit.inference.ensemble_samples import (
    WEIGHTS,
    ensemble_files,
    ensemble_origin,
    ensemble_product,
    member_texts,
    rows,
)

BOUND = 1e-9  # of the margin, relative above 1
EXPLAINED = Explanation(
    reasons=(Reason(feature="order_count", higher="Orders speak for it", lower="Orders speak against it"),), top_k=2
)


@pytest.fixture
def bundle(tmp_path: Path, origin: BundleOrigin, pair_files: dict[str, bytes]) -> Bundle:
    write_bundle(tmp_path / "bundle", origin=origin, files=pair_files, fsync=False)
    return load_bundle(tmp_path / "bundle")


@pytest.fixture
def ensemble(tmp_path: Path, churn: Product, origin: BundleOrigin, pair_files: dict[str, bytes]) -> Bundle:
    product = ensemble_product(churn)
    files = ensemble_files(product, pair_files)
    write_bundle(tmp_path / "ensemble", origin=ensemble_origin(product, origin), files=files, fsync=False)
    return load_bundle(tmp_path / "ensemble")


def off_by(actual: Floats, expected: Floats) -> float:
    return float(np.max(np.abs(actual - expected) / np.maximum(1.0, np.abs(expected))))


def test_contributions_and_baseline_add_up_to_the_margin_that_the_trees_sum_up(
    bundle: Bundle, booster: lightgbm.Booster
) -> None:
    matrix = rows(len(bundle.product.model_inputs))
    told = load_explainer(bundle).explain(matrix)
    assert off_by(told.margin, np.asarray(booster.predict(matrix, raw_score=True))) <= BOUND


def test_the_margin_through_link_calibration_and_guard_is_the_score(bundle: Bundle) -> None:
    matrix = rows(len(bundle.product.model_inputs))
    margin = load_explainer(bundle).explain(matrix).margin
    assert bundle.calibration is not None
    from_margin = bundle.calibration.apply(1.0 / (1.0 + np.exp(-margin)))
    assert off_by(from_margin, score_matrix(bundle, matrix).score) <= BOUND


def test_contributions_are_those_of_the_training_package_to_the_bit(bundle: Bundle, booster: lightgbm.Booster) -> None:
    matrix = rows(len(bundle.product.model_inputs))
    expected = np.asarray(booster.predict(matrix, pred_contrib=True, num_threads=1))
    told = load_explainer(bundle).explain(matrix)
    assert told.by_input.tobytes() == np.ascontiguousarray(expected[:, :-1]).tobytes()
    assert told.baseline.tobytes() == np.ascontiguousarray(expected[:, -1]).tobytes()


def test_a_row_has_the_same_contributions_alone_and_among_others(bundle: Bundle) -> None:
    matrix, explainer = rows(len(bundle.product.model_inputs)), load_explainer(bundle)
    together = explainer.explain(matrix).by_input
    assert all(explainer.explain(matrix[at : at + 1]).by_input.tobytes() == together[at].tobytes() for at in range(20))


def test_no_row_at_all_has_no_contributions(bundle: Bundle) -> None:
    empty = load_explainer(bundle).explain(rows(len(bundle.product.model_inputs))[:0])
    assert (empty.by_input.shape, empty.margin.shape) == ((0, len(bundle.product.model_inputs)), (0,))


def test_contributions_of_an_ensemble_add_up_to_the_weighted_mean_of_the_margins(ensemble: Bundle) -> None:
    inputs = len(ensemble.product.model_inputs)
    matrix = rows(inputs)
    each = [lightgbm.Booster(model_str=text.decode()).predict(matrix, raw_score=True) for text in member_texts(inputs)]
    mean = np.average(np.array(each), axis=0, weights=WEIGHTS)
    assert off_by(load_explainer(ensemble).explain(matrix).margin, mean) <= BOUND


def test_rules_have_no_contributions_and_say_so(bundle: Bundle) -> None:
    rule = SegmentRule(name="all")
    recipe = RfmSegments(recency="a", frequency="b", monetary="c", rules=(rule,))
    product = msgspec.structs.replace(bundle.product, recipe=recipe)
    with pytest.raises(NotExplainableError, match="rules, not trees"):
        load_explainer(_with_product(bundle, product))


def test_a_model_file_that_changed_since_the_bundle_was_loaded_explains_nothing(bundle: Bundle) -> None:
    path = bundle.directory / "model.txt"
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(DigestMismatchError):
        load_explainer(bundle)


def test_the_largest_contributions_are_told_first_and_the_rest_makes_up_the_margin(bundle: Bundle) -> None:
    matrix = rows(len(bundle.product.model_inputs), 50)
    made = load_explainer(bundle).explain(matrix)
    for at, told in enumerate(tell(EXPLAINED, bundle.preprocessor, matrix, made)):
        sizes = np.abs(made.by_input[at])
        assert [abs(reason.contribution) for reason in told.reasons] == sorted(sizes.tolist(), reverse=True)[:2]
        summed = told.baseline + sum(reason.contribution for reason in told.reasons) + told.others
        assert abs(summed - told.margin) <= BOUND * max(1.0, abs(told.margin))


def test_reasons_are_in_the_words_of_the_product_and_in_plain_ones_where_it_has_none() -> None:
    inputs = (InputColumn(name="order_count"), InputColumn(name="country", categories=("France", "Spain")))
    preprocessor = Preprocessor(product="churn", inputs=inputs)
    explainer = Explainer([_small_model()], (1.0,))
    matrix = np.array([[5.0, 1.0], [-5.0, 0.0], [np.nan, np.nan]])
    told = list(tell(EXPLAINED, preprocessor, matrix, explainer.explain(matrix)))
    by_feature = [{reason.feature: reason for reason in each.reasons} for each in told]
    assert by_feature[0]["order_count"].text == "Orders speak for it"
    assert by_feature[1]["order_count"].text == "Orders speak against it"
    assert by_feature[0]["country"].value == "Spain"
    assert by_feature[0]["country"].text in {"country raises the score", "country lowers the score"}
    assert by_feature[2]["order_count"].value is None


def _with_product(bundle: Bundle, product: Product) -> Bundle:
    return Bundle(
        product=product,
        preprocessor=bundle.preprocessor,
        predictor=bundle.predictor,
        calibration=None,
        uncertainty=None,
        directory=bundle.directory,
        manifest=bundle.manifest,
        digest=bundle.digest,
        features=b"",
    )


def _small_model() -> bytes:
    random = np.random.default_rng(5)
    matrix = np.column_stack([random.normal(size=600) * 3, random.integers(0, 2, 600)])
    label = (matrix[:, 0] + matrix[:, 1] > 0.5).astype(float)
    parameters = {"objective": "binary", "verbosity": -1, "num_threads": 1, "num_leaves": 6}
    data = lightgbm.Dataset(matrix, label, categorical_feature=[1])
    return str(lightgbm.train(parameters, data, num_boost_round=10).model_to_string()).encode()
