"""What holds for every declared product, whichever is added: these tests run over all of them."""

import math

import pyarrow as pa
import pytest

from platform_assets.batch.guardrails import GUARDRAILS, judge_batch
from platform_assets.contract.compile import compile_product, product_digest, read_product
from platform_assets.contract.product import Product
from platform_assets.contract.rules import broken_rules
from platform_assets.features.view_contracts import check_product, load_views
from platform_assets.inference.scoring import label_of
from platform_assets.orchestration.dependencies import staging_of
from platform_assets.products._discovery import discover_products
from platform_assets.settings import PROJECT_ROOT

PRODUCTS = discover_products()
each_product = pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: product.name)


def _batch(scores: list[float | None], keys: list[str] | None = None) -> pa.Table:
    """Return the columns of a batch that guardrails look at."""
    names = keys or [f"row-{number}" for number in range(len(scores))]
    return pa.table({"score": pa.array(scores, pa.float64()), "row_key": names})


def _good_scores(product: Product) -> list[float | None]:
    return [product.score.low] * max(product.guardrails.min_rows, 10)


def _failed(product: Product, rows: pa.Table, previous_rows: int | None = None) -> set[str]:
    return {one.guardrail for one in judge_batch(product, rows, previous_rows=previous_rows) if not one.is_passed}


@each_product
def test_a_declaration_survives_the_round_trip_through_json(product: Product) -> None:
    assert read_product(compile_product(product)) == product
    assert product_digest(read_product(compile_product(product))) == product_digest(product)


@each_product
def test_a_declaration_breaks_no_rule_and_uses_known_features_and_tables(product: Product) -> None:
    assert not list(broken_rules(product, file_stem=product.name))
    check_product(product, load_views(PROJECT_ROOT))
    assert staging_of(product)


@each_product
def test_a_good_batch_passes_every_guardrail(product: Product) -> None:
    scores = _good_scores(product)
    assert not _failed(product, _batch(scores), previous_rows=len(scores))


@each_product
def test_each_guardrail_refuses_the_batch_that_it_is_for(product: Product) -> None:
    scores = _good_scores(product)
    far_fewer = int(len(scores) * (product.guardrails.max_row_change_ratio + 2))
    tripped = {
        "value_range": _failed(product, _batch([*scores, product.score.high + 1])),
        "null_ratio": _failed(product, _batch([None] * len(scores))),
        "row_count_change": _failed(product, _batch(scores * 30), previous_rows=max(far_fewer // 30, 1)),
        "unique_rows": _failed(product, _batch(scores, ["same"] * len(scores))),
    }
    if product.guardrails.min_rows:
        tripped["row_count"] = _failed(product, _batch(scores[: product.guardrails.min_rows - 1]))
    for guardrail, failed in tripped.items():
        assert guardrail in failed
    assert set(tripped) >= set(GUARDRAILS) - {"row_count"}


@each_product
def test_a_score_outside_its_range_has_no_label(product: Product) -> None:
    for score in (product.score.low - 1, product.score.high + 1, math.nan):
        assert label_of(product, score) is None


@each_product
def test_an_online_product_always_has_an_answer_to_fall_back_on(product: Product) -> None:
    if product.online is None:
        assert product.batch.cadence
        return
    assert product.online.fallbacks[-1] in {"skip_action", "default_score"}
    assert product.score.low <= product.online.default_score <= product.score.high


@each_product
def test_the_meaning_and_the_limits_of_a_score_are_told(product: Product) -> None:
    assert product.score.meaning
    assert product.score.intended_use
    assert product.score.known_limitations
    assert product.owner.email
