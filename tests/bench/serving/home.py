"""A platform home for the endpoint under test, written by the platform's own functions: release and snapshot."""

import datetime as dt
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np

from platform_assets.contract.compile import compile_product, product_digest
from platform_assets.contract.names import PREDICTION_STREAM
from platform_assets.inference.bundle import write_bundle
from platform_assets.inference.bundle_manifest import FEATURES_FILE, BundleOrigin, feature_version
from platform_assets.inference.live_pointer import move_live, read_live
from platform_assets.inference.pair import (
    CALIBRATION_FILE,
    LIGHTGBM_FILE,
    PREPROCESSOR_FILE,
    PRODUCT_FILE,
    UNCERTAINTY_FILE,
)
from platform_assets.inference.preprocess import InputColumn, Preprocessor, encode_preprocessor
from platform_assets.inference.release import make_release, write_release
from platform_assets.online.connection import connect
from platform_assets.online.server import start_embedded, stop_embedded
from platform_assets.online.snapshot_copy import KeySetTable
from platform_assets.online.snapshot_writer import publish_snapshot
from platform_assets.settings import Settings
from tests.bench.serving.model import FEATURES, BenchModel
from tests.bench.serving.process import free_port
from tests.bench.serving.product import PRODUCT, bench_layout
from tests.bench.serving.wire import ENTITIES, entity_name

AS_OF = dt.datetime(2011, 12, 9, tzinfo=dt.UTC)


def publish_release(home: Path, model: BenchModel) -> None:
    """Put the model in force for the bench product; the same again changes nothing."""
    settings = Settings(home=home)
    columns = tuple(InputColumn(name=name) for name in FEATURES)
    files = {
        PRODUCT_FILE: compile_product(PRODUCT),
        PREPROCESSOR_FILE: encode_preprocessor(Preprocessor(product=PRODUCT.name, inputs=columns)),
        LIGHTGBM_FILE: model.path.read_bytes(),
        CALIBRATION_FILE: b"null",
        UNCERTAINTY_FILE: b"null",
        FEATURES_FILE: msgspec.json.encode(bench_layout()),
    }
    # A bundle never changes: another declaration or model gets a directory of its own.
    digest = hashlib.sha256(b"\0".join(files.values())).hexdigest()[:12]
    path = f"bundles/{PRODUCT.name}/{digest}"
    manifest = write_bundle(home / path, origin=_origin(), files=files)
    release = make_release(PRODUCT, manifest, bundle_path=path, created_at=AS_OF, reason="benchmark")
    write_release(settings.releases_dir, release)
    live = read_live(settings.releases_dir, PRODUCT.name)
    if live is None or live.release_id != release.release_id:
        sequence = live.sequence if live else 0
        move_live(
            settings.releases_dir,
            PRODUCT.name,
            expected_sequence=sequence,
            release_id=release.release_id,
            moved_at=AS_OF,
        )


def _origin() -> BundleOrigin:
    return BundleOrigin(
        product=PRODUCT.name,
        model_version=1,
        framework="lightgbm",
        created_at=AS_OF,
        training_run_id="bench",
        training_set_digest="a" * 64,
        code_version="b" * 16,
        feature_version=feature_version(PRODUCT),
        output_schema_version=PRODUCT.score.schema_version,
        product_digest=product_digest(PRODUCT),
    )


@contextmanager
def online_store(home: Path, model: BenchModel) -> Iterator[tuple[Settings, int]]:
    """Run a real store with the snapshot of all entities; give its settings and its process id."""
    settings = replace(Settings(home=home), redis_port=free_port())
    stop_embedded(settings)  # what a killed run may have left
    handle = start_embedded(settings, die_with_parent=True)
    try:
        with connect(settings.online_url) as client:
            client.delete(PREDICTION_STREAM)
            publish_snapshot(
                client,
                bench_layout(),
                [_entities(model)],
                as_of=AS_OF.timestamp(),
                snapshot_id="bench",
                settings=settings,
            )
        yield settings, handle.pid or 0
        empty_log(settings)
    finally:
        stop_embedded(settings)


def empty_log(settings: Settings) -> None:
    """Drop the logged answers, as the asset that drains them does; done between measurements."""
    with connect(settings.online_url) as client:
        client.delete(PREDICTION_STREAM)


def _entities(model: BenchModel) -> KeySetTable:
    positions = np.arange(ENTITIES) % len(model.matrix)
    return KeySetTable(
        key_columns=[[entity_name(number) for number in range(ENTITIES)]],
        event_times=np.full((ENTITIES, 1), AS_OF.timestamp()),
        values=model.matrix[positions],
    )
