"""The split moves forward with business time in its own steps, and only as far as its test is known."""

import datetime as dt

import msgspec
import pytest

from platform_assets.clock import midnight
from platform_assets.contract.product import Product
from platform_assets.contract.retraining import Retraining
from platform_assets.ledger.artifacts import Artifact
from platform_assets.products._discovery import discover_products
from platform_assets.training.moving_split import MovedSplit, as_made, newest_split

CHURN = next(product for product in discover_products() if product.name == "churn")
KNOWN = midnight(CHURN.split.cutoff) + dt.timedelta(hours=CHURN.label.horizon_hours)


def artifact(details: dict[str, object]) -> Artifact:
    return Artifact(
        artifact_id="training_set:churn@a",
        sequence=1,
        last_made=1,
        kind="training_set",
        name="churn",
        digest="a",
        uri="here",
        inputs=(),
        run_id="r",
        code_version="c",
        created_at=KNOWN,
        details=details,
    )


def test_the_cutoff_moves_only_when_the_whole_test_of_the_next_step_is_known() -> None:
    month = dt.timedelta(days=30)  # from the tenth of September to the tenth of October
    assert newest_split(CHURN, KNOWN) == CHURN.split
    assert newest_split(CHURN, KNOWN + month - dt.timedelta(seconds=1)) == CHURN.split
    assert newest_split(CHURN, KNOWN + month).cutoff == dt.date(2011, 10, 10)
    assert newest_split(CHURN, KNOWN + 12 * month + dt.timedelta(days=7)).cutoff == dt.date(2012, 9, 10)


def test_the_cutoff_never_moves_back() -> None:
    assert newest_split(CHURN, midnight(dt.date(2009, 1, 1))) == CHURN.split


@pytest.mark.parametrize("product", discover_products(), ids=lambda product: product.name)
def test_every_product_has_a_newer_cutoff_a_year_later_that_its_time_allows(product: Product) -> None:
    now = midnight(product.split.cutoff) + dt.timedelta(days=500)
    moved = newest_split(product, now)
    tested = dt.timedelta(days=product.split.test_days, hours=product.label.horizon_hours)
    assert moved.cutoff > product.split.cutoff
    assert now - dt.timedelta(days=32) < midnight(moved.cutoff) + tested <= now


def test_a_growing_window_keeps_its_beginning_and_a_sliding_one_its_length() -> None:
    later = KNOWN + dt.timedelta(days=120)
    growing = newest_split(CHURN, later)
    sliding = newest_split(msgspec.structs.replace(CHURN, retraining=Retraining(window="sliding")), later)
    assert growing.train_from == CHURN.split.train_from
    assert sliding.cutoff == growing.cutoff
    assert sliding.cutoff - sliding.train_from == CHURN.split.cutoff - CHURN.split.train_from


def test_what_a_training_set_records_of_a_moved_split_gives_the_declaration_that_was_trained() -> None:
    moved = newest_split(CHURN, KNOWN + dt.timedelta(days=31))
    made = artifact({"rows": 5, **MovedSplit(moved, 7).facts()})
    assert as_made(CHURN, made) == msgspec.structs.replace(CHURN, split=moved)


def test_an_ordinary_training_set_is_of_the_declared_split() -> None:
    assert as_made(CHURN, artifact(MovedSplit(CHURN.split, None).facts())) == CHURN
    assert as_made(CHURN, artifact({})) == CHURN
