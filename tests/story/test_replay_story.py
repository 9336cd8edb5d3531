"""What the platform predicted is what it predicts again: every product, in batch and over HTTP, to the last bit."""

from platform_assets.audit.parity.proof import prove_parity
from platform_assets.audit.replay.explain import explain_one
from platform_assets.audit.replay.replay import replay_many, replay_one
from platform_assets.audit.replay.selection import Wanted
from platform_assets.batch.published_view import read_published
from platform_assets.batch.replay import replay_batch
from platform_assets.commands.demo_record import read_record
from platform_assets.contract.datasets import DATASETS
from platform_assets.ledger.database import open_ledger
from platform_assets.orchestration.schedules import business_day
from platform_assets.products._discovery import discover_products
from platform_assets.settings import Settings
from platform_assets.training.retrain import retrain

PRODUCTS = discover_products()


def test_five_hundred_predictions_of_every_product_are_exact_when_they_are_replayed(settings: Settings) -> None:
    report = replay_many(settings, Wanted([product.name for product in PRODUCTS], sample=500))
    assert report.exceptions == ()
    assert (report.predictions, report.exact_percent, report.is_sound) == (500, 100.0, True)
    assert {one.product for one in report.releases} == {product.name for product in PRODUCTS}


def test_every_http_answer_of_the_demo_is_exact_when_it_is_replayed(settings: Settings) -> None:
    for prediction_id in read_record(settings).prediction_ids:
        assert replay_one(settings, prediction_id).verdict == "exact"


def test_every_batch_scored_again_as_of_the_same_day_gives_the_same_result(settings: Settings) -> None:
    for product in PRODUCTS:
        day = business_day(DATASETS[product.dataset], settings)
        told = replay_batch(settings, open_ledger(settings.ledger_dsn), product, day)
        assert (told.is_exact, told.inputs_again, told.inputs_problem) == (True, "equal", ""), product.name


def test_training_again_from_the_records_gives_the_identical_model_files(settings: Settings) -> None:
    for product in {type(each.recipe): each for each in PRODUCTS}.values():  # one of each kind of recipe
        told = retrain(settings, open_ledger(settings.ledger_dsn), product.name, 1)
        assert (told.is_identical, told.same_measurements) == (True, True), told


def test_features_and_scores_of_every_answer_are_those_of_the_offline_path(settings: Settings) -> None:
    for product in (each for each in PRODUCTS if each.online is not None):
        proof = prove_parity(settings, product)
        assert proof.answers > 0
        assert (proof.unexplained, proof.skipped) == (0, 0), proof


def test_a_customer_is_told_in_words_why_a_score_is_what_it_is(settings: Settings) -> None:
    for product in (each for each in PRODUCTS if each.explanation is not None):
        row = read_published(settings, product).slice(0, 1).to_pylist()[0]
        told = explain_one(settings, row["prediction_id"])
        assert told.replayed.verdict == "exact"
        assert len({reason.text for reason in told.explanation.reasons}) == len(told.explanation.reasons)
