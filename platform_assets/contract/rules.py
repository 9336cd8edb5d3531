"""What a declaration must satisfy beyond its types: each rule names the place, the problem and the remedy."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from platform_assets.contract.evaluation import COMPARED_BY
from platform_assets.contract.experiment_rules import broken_product_experiment_rules
from platform_assets.contract.explanation import broken_explanation_rules
from platform_assets.contract.guardrail_rules import broken_guardrail_rules
from platform_assets.contract.product import Product
from platform_assets.contract.promise_rules import broken_promise_rules
from platform_assets.contract.recipe_rules import broken_recipe_rules
from platform_assets.contract.recipes import RfmSegments
from platform_assets.contract.rollout_rules import broken_plan_rules
from platform_assets.contract.streaming import broken_streaming_rules
from platform_assets.contract.version_rules import broken_version_rules

# Feast's DuckDB join drops or confuses columns of these names.
FORBIDDEN_COLUMN = re.compile(r"^(rn|entity_row_id|row_id|label|.*_y)$")


class BrokenRule(NamedTuple):
    """One contradiction in a declaration."""

    where: str
    problem: str
    remedy: str


def broken_rules(product: Product, *, file_stem: str) -> Iterator[BrokenRule]:
    """Yield every broken rule of a declaration, the most basic first."""
    yield from _name_rules(product, file_stem)
    yield from _column_rules(product)
    yield from _score_rules(product)
    yield from _recipe_rules(product)
    yield from _evaluation_rules(product)
    yield from map(BrokenRule._make, broken_guardrail_rules(product.guardrails))
    yield from map(BrokenRule._make, broken_version_rules(product))
    yield from map(BrokenRule._make, broken_promise_rules(product))
    yield from _online_rules(product)


def _name_rules(product: Product, file_stem: str) -> Iterator[BrokenRule]:
    if product.name != file_stem:
        yield BrokenRule("name", f"{product.name!r} is not the file's name", f"Rename one of them to {file_stem!r}.")
    if not re.fullmatch(r"[a-z][a-z0-9_]{1,40}", product.name):
        yield BrokenRule("name", f"{product.name!r} is not lower_snake_case", "Use letters, digits and underscores.")


def _column_rules(product: Product) -> Iterator[BrokenRule]:
    columns = [*product.stored_columns, *(field.name for field in product.request)]
    for name in columns:
        if columns.count(name) > 1:
            yield BrokenRule("features", f"column {name!r} appears twice", "Name each column once.")
        if FORBIDDEN_COLUMN.match(name):
            yield BrokenRule("features", f"column name {name!r} is reserved", "Rename the column.")
    known = {*columns, *product.entity.row_keys, "event_at"}
    for feature in product.on_demand:
        for needed in feature.inputs:
            if needed not in known:
                yield BrokenRule(
                    f"on_demand.{feature.name}", f"input {needed!r} is not known there", "Declare it before its use."
                )
        known.add(feature.name)
    for name in (*product.not_inputs, *product.categories):
        if name not in known:
            yield BrokenRule("not_inputs or categories", f"{name!r} is no column", "Remove it or declare the column.")


def _score_rules(product: Product) -> Iterator[BrokenRule]:
    score = product.score
    if not score.low < score.high:
        yield BrokenRule("score", f"low {score.low} is not below high {score.high}", "Give a valid range.")
    if score.kind == "class" and score.high != len(score.classes) - 1:
        yield BrokenRule("score.classes", "the range does not match the classes", "Set high to the last position.")


def _recipe_rules(product: Product) -> Iterator[BrokenRule]:
    if isinstance(product.recipe, RfmSegments):
        names = tuple(rule.name for rule in product.recipe.rules)
        if names != product.score.classes:
            yield BrokenRule("recipe.rules", "their names differ from score.classes", "List the same names in order.")
    for where, problem, remedy in broken_recipe_rules(product.recipe):
        yield BrokenRule(f"recipe.{where}", problem, remedy)
    for broken in broken_explanation_rules(product.explanation, product.recipe, product.model_inputs):
        yield BrokenRule(*broken)


def _evaluation_rules(product: Product) -> Iterator[BrokenRule]:
    baselines = {baseline.name for baseline in product.baselines}
    slices = {"all", *(part.name for part in product.slices)}
    for position, gate in enumerate(product.gates):
        where = f"gates[{position}]"
        if sum(bound is not None for bound in (gate.minimum, gate.maximum, gate.better_than)) != 1:
            yield BrokenRule(where, "it does not have exactly one bound", "Give minimum, maximum or better_than.")
        if gate.better_than is not None and gate.better_than not in baselines:
            yield BrokenRule(where, f"baseline {gate.better_than!r} is not declared", "Add it to baselines.")
        if gate.slice not in slices:
            yield BrokenRule(where, f"slice {gate.slice!r} is not declared", "Add it to slices.")
    by, allowed = product.acceptance.metric, COMPARED_BY[product.score.kind]
    if by is not None and by not in allowed:
        problem = f"a {product.score.kind} is not compared by {by}"
        yield BrokenRule("acceptance.metric", problem, f"Take one of {', '.join(allowed)}.")
    if product.batch.freshness.warn_hours > product.batch.freshness.max_age_hours:
        yield BrokenRule("batch.freshness", "the warning comes after the limit", "Lower warn_hours.")


def _online_rules(product: Product) -> Iterator[BrokenRule]:
    if product.online is None:
        return
    if not product.online.fallbacks:
        yield BrokenRule("online.fallbacks", "none is declared", "Declare at least skip_action.")
    if not product.score.low <= product.online.default_score <= product.score.high:
        yield BrokenRule("online.default_score", "it is outside the valid range", "Choose a score inside it.")
    for where, problem, remedy in broken_plan_rules(product.online.rollout):
        yield BrokenRule(f"online.rollout.{where}", problem, remedy)
    for where, problem, remedy in broken_product_experiment_rules(product):
        yield BrokenRule(f"online.{where}", problem, remedy)
    for where, problem, remedy in broken_streaming_rules(product.online.streaming, product.features.views):
        yield BrokenRule(f"online.streaming.{where}", problem, remedy)
    used = [use.view for use in product.features.views]
    for position, approximation in enumerate(product.online.approximations):
        where = f"online.approximations[{position}]"
        if approximation.view not in used:
            yield BrokenRule(where, f"view {approximation.view!r} is not used", "Remove it.")
        if not approximation.why.strip():
            yield BrokenRule(where, "it is not justified", "Say in `why` what makes the last snapshot good enough.")
