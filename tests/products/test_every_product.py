"""What holds for every declared product, whichever is added: these tests run over all of them."""

import math

import pytest

from platform_assets.batch.guarding.judge import judge_batch
from platform_assets.contract.compile import compile_product, product_digest, read_product
from platform_assets.contract.guardrails import GuardrailName
from platform_assets.contract.product import Product
from platform_assets.contract.rules import broken_rules
from platform_assets.features.view_contracts import check_product, load_views
from platform_assets.inference.scoring import label_of
from platform_assets.orchestration.dependencies import staging_of
from platform_assets.products._discovery import discover_products
from platform_assets.settings import PROJECT_ROOT
from tests.unit.batch.guard_samples import sound_evidence
from tests.unit.batch.poisons import poisons_of

PRODUCTS = discover_products()
# What a batch is judged by when there is neither an earlier batch nor a training reference.
_OF_ONE_BATCH: tuple[GuardrailName, ...] = (
    "schema",
    "identity",
    "value_range",
    "null_ratio",
    "row_count",
    "coverage",
    "foreign_rows",
    "unique_rows",
    "same_score",
)
each_product = pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: product.name)


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
    assert {str(result) for result in judge_batch(sound_evidence(product)) if not result.is_passed} == set()


@each_product
def test_each_guardrail_that_is_on_refuses_a_batch_at_the_declared_level(product: Product) -> None:
    sound = sound_evidence(product)
    poisoned = [judge_batch(poison.poison(sound)) for poison in poisons_of(product.score.kind)]
    tripped = {result.guardrail for results in poisoned for result in results if not result.is_passed}
    due = {result.guardrail for result in judge_batch(sound) if result.unjudged is None and result.fail is not None}
    if not product.guardrails.min_rows:
        due.discard("row_count")
    assert due - tripped == set()


@each_product
def test_the_first_batch_ever_says_that_there_is_nothing_to_compare_it_with(product: Product) -> None:
    results = judge_batch(sound_evidence(product, has_last=False, has_reference=False))
    assert {str(result) for result in results if not result.is_passed} == set()
    silent = {result.guardrail for result in results if result.unjudged is None}
    assert silent == {name for name in _OF_ONE_BATCH if product.guardrails.off_reason(name) is None}
    assert all(result.found for result in results)


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
