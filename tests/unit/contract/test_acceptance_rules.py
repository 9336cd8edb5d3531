"""What a product may ask of its candidates: a comparison by a metric that means something for its score."""

import msgspec
import pytest

from platform_assets.contract.compile import compile_product, read_product
from platform_assets.contract.evaluation import COMPARED_BY, Acceptance, Metric
from platform_assets.contract.product import Product
from platform_assets.contract.rules import broken_rules
from platform_assets.products._discovery import discover_products

CHURN, SEGMENTS = (
    next(product for product in discover_products() if product.name == name) for name in ("churn", "segments")
)


def asking(product: Product, metric: Metric) -> Product:
    return msgspec.structs.replace(product, acceptance=Acceptance(metric=metric))


@pytest.mark.parametrize("metric", COMPARED_BY["probability"])
def test_a_probability_is_compared_by_any_of_its_metrics(metric: Metric) -> None:
    assert not list(broken_rules(asking(CHURN, metric), file_stem="churn"))


@pytest.mark.parametrize(("product", "metric"), [(CHURN, "mae"), (CHURN, "agreement"), (SEGMENTS, "spearman")])
def test_a_metric_that_says_nothing_about_a_score_is_refused(product: Product, metric: Metric) -> None:
    (broken,) = broken_rules(asking(product, metric), file_stem=product.name)
    assert broken.where == "acceptance.metric"
    assert COMPARED_BY[product.score.kind][0] in broken.remedy


@pytest.mark.parametrize("wrong", [{"allowed_loss": 1.5}, {"min_slice_rows": 0}, {"max_calibration_error": -0.1}])
def test_a_bound_that_cannot_be_one_is_refused_with_its_path(wrong: dict[str, float]) -> None:
    (name,) = wrong
    document = compile_product(msgspec.structs.replace(CHURN, acceptance=Acceptance(**wrong)))  # type: ignore[arg-type]
    with pytest.raises(msgspec.ValidationError, match=rf"\$\.acceptance\.{name}"):
        read_product(document)


def test_a_declaration_from_before_there_were_bounds_gets_the_usual_ones() -> None:
    told = msgspec.json.decode(compile_product(CHURN))
    del told["acceptance"]
    assert read_product(msgspec.json.encode(told)).acceptance == Acceptance()
