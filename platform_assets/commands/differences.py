"""Where an online answer differs from the batch of the same product: what, why, and which test holds it (R131-R133).

Everything else is the same to the last bit, since both call one scoring path.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from platform_assets.contract.online import Approximation, Online
from platform_assets.contract.product import Product
from platform_assets.contract.recipes import RfmSegments
from platform_assets.features.view_contracts import FeatureView

_HEART = "tests/unit/serving/test_heart.py"
_STALE = f"{_HEART}::test_old_features_are_scored_and_shown_but_not_to_be_acted_on"
_PARITY = "tests/story/test_parity_story.py::test_batch_and_http_scores_are_equal_to_the_last_bit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One difference; `held_by` names the tests that it goes so far and no further."""

    what: str
    batch: str
    online: str
    why: str
    held_by: tuple[str, ...]


def batch_online_differences(product: Product, views: Mapping[str, FeatureView]) -> tuple[Difference, ...]:
    """Return the differences of a product, made from its declaration; none for one that is not served."""
    return () if product.online is None else tuple(_differences(product, product.online, views))


def _differences(product: Product, online: Online, views: Mapping[str, FeatureView]) -> Iterator[Difference]:
    yield _stored(online)
    for approximation in online.approximations:
        yield _approximated(approximation, views[approximation.view])
    yield _instant()
    if product.request:
        yield _request(product)
    yield _failure(online)
    if not isinstance(product.recipe, RfmSegments) and product.recipe.device != "cpu":
        yield _device(product.recipe.device)


def _stored(online: Online) -> Difference:
    return Difference(
        what="stored features",
        batch="what was known at the as-of, joined from the whole history",
        online=f"the live snapshot, or the caller's own value; beyond {online.max_feature_age_hours:g} h, or the limit "
        f"of its view, scored, marked as stale and not to be acted on",
        why="a request has time for one read from memory, not for a join over the history",
        held_by=(
            _PARITY,
            _STALE,
            f"{_HEART}::test_a_feature_in_the_request_takes_the_place_of_the_stored_one",
        ),
    )


def _approximated(approximation: Approximation, view: FeatureView) -> Difference:
    return Difference(
        what=f"view {view.name}",
        batch="a value of the batch's own as-of",
        online=f"its last snapshot, as an approximation: the view is offline only ({view.offline_only}); beyond "
        f"{view.max_age_hours:g} h a row is stale",
        why=approximation.why,
        held_by=(
            "tests/unit/features/test_online_safety.py::test_a_served_product_may_use_such_a_view_as_a_justified_approximation",
            "tests/unit/serving/test_approximated_views.py::test_an_approximated_view_is_stale_by_its_own_limit_alone",
        ),
    )


def _instant() -> Difference:
    return Difference(
        what="the instant that a row stands for",
        batch="as the population says",
        online="the caller's event_at; else the instant of the snapshot (replay) or now (live)",
        why="a request is about the moment at which it is made",
        held_by=(f"{_HEART}::test_event_time_is_the_snapshot_in_replay_now_in_live_and_the_callers_when_sent",),
    )


def _request(product: Product) -> Difference:
    return Difference(
        what="fields of the request",
        batch=f"from the population: {', '.join(field.name for field in product.request)}",
        online="from the caller; a wrong type or a value outside its range is refused with its path",
        why="they are facts of the moment that no store has yet",
        held_by=("tests/unit/serving/test_http_problems.py::test_a_wrong_value_is_refused_with_its_path",),
    )


def _failure(online: Online) -> Difference:
    return Difference(
        what="when a score cannot be given",
        batch="guardrails judge the whole batch; a refused one is set aside and the last good one stays published",
        online=f"each row by itself: {', then '.join(online.fallbacks)}; the answer names the fallback and its reason",
        why="a caller needs an answer now, and the rows of others are not its concern",
        held_by=(
            "tests/unit/batch/test_flow.py::test_a_refused_batch_lies_in_quarantine_with_its_reasons_and_the_published_one_stays",
            f"{_HEART}::test_a_score_that_the_guard_refuses_ends_in_the_fallback",
            f"{_HEART}::test_a_store_that_is_away_is_asked_once_and_ends_in_the_fallback",
        ),
    )


def _device(device: str) -> Difference:
    return Difference(
        what="the last bits of a score",
        batch=f"from the engine of the machine that scores the batch (device {device!r})",
        online="from the engine of the machine that answers; each answer names it",
        why="the product chose a GPU, whose engine rounds sums in another order",
        held_by=(
            "tests/integration/test_gpu_engine.py::test_a_model_that_asks_for_a_gpu_is_scored_there_within_the_stated_bound",
        ),
    )
