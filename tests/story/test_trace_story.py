"""From one prediction id back to raw files and their hashes."""

from platform_assets.audit.trace import raw_files, trace
from platform_assets.batch.published_view import read_published
from platform_assets.commands.demo_record import read_record
from platform_assets.features.raw_files import current_raw
from platform_assets.products._discovery import discover_products
from platform_assets.settings import Settings


def test_every_batch_prediction_traces_back_to_the_hash_of_its_raw_file(settings: Settings) -> None:
    for product in discover_products():
        prediction_id = read_published(settings, product).column("prediction_id")[0].as_py()

        found = raw_files(trace(settings, prediction_id))

        assert found == {product.dataset: current_raw(product.dataset, settings).sha256}


def test_every_http_prediction_traces_back_to_the_hash_of_its_raw_file(settings: Settings) -> None:
    record = read_record(settings)
    assert record.prediction_ids
    datasets = {product.name: product.dataset for product in discover_products()}

    for prediction_id in record.prediction_ids:
        found = raw_files(trace(settings, prediction_id))

        dataset = datasets[prediction_id.rsplit("-", 3)[0]]
        assert found == {dataset: current_raw(dataset, settings).sha256}
