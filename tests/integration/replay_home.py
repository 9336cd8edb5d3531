"""A home with past predictions of several releases: batches, and answers of a real endpoint over a real store."""

import asyncio
import datetime as dt
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import httpx
import msgspec

from platform_assets.batch.online_publication import publish_online
from platform_assets.contract.product import Product
from platform_assets.inference.bundle import write_bundle
from platform_assets.inference.bundle_manifest import BundleOrigin, feature_version
from platform_assets.inference.release import Release, make_release, write_release
from platform_assets.inference.tables import LinearTable
from platform_assets.ledger.database import open_ledger
from platform_assets.monitoring.drain import drain_prediction_log
from platform_assets.serving.asgi import build_app
from platform_assets.serving.connections import connect_parts
from platform_assets.settings import Settings
from tests.unit.batch.batch_home import AS_OF, WALL, BatchHome, facts, unreleased_home
from tests.unit.inference.ensemble_samples import ensemble_files, ensemble_origin, ensemble_product, member_text
from tests.unit.serving.conftest import Publisher, bundle_files

CUSTOMERS = [str(number) for number in range(100, 220)]
STRANGERS = ["900", "901"]
DAY = dt.timedelta(days=1)
CALIBRATION = LinearTable(x=(0.0, 0.4, 1.0), y=(0.02, 0.3, 0.98))


def replay_home(root: Path, redis_url: str, customers: Sequence[str] = CUSTOMERS) -> BatchHome:
    """Return a home with four releases; the first three scored a batch, and each answered over HTTP."""
    settings = Settings(home=root / "home", redis_url=redis_url, fsync=False, access="open")
    home = unreleased_home(root, settings=settings)
    home.write_customers(customers)
    values = {name: 4 * place / len(customers) - 2 for place, name in enumerate(customers)}
    home.write_features(values, day=AS_OF - 2 * DAY, known_at=AS_OF - 2 * DAY)
    for version, seed in ((1, 1), (2, 2)):
        release_model(home, version, {"model.txt": member_text(len(home.product.model_inputs), seed)})
        score_and_answer(home, version, customers)
    release_ensemble(home, 3)
    score_and_answer(home, 3, customers)
    # Low outputs leave the range: the guard refuses them, so that a fallback answers.
    leaves = LinearTable(x=(0.0, 0.3, 1.0), y=(3.0, 0.9, 0.2))
    files = {
        "model.txt": member_text(len(home.product.model_inputs), 1),
        "calibration.json": msgspec.json.encode(leaves),
    }
    release_model(home, 4, files)
    answer(home, customers)
    drain_prediction_log(home.settings, home.ledger, at=WALL)
    return home


def release_model(home: BatchHome, version: int, files: dict[str, bytes]) -> None:
    told = {"calibration.json": msgspec.json.encode(CALIBRATION), **files}
    record_release(home, Publisher(home.settings.home).publish("churn", model_version=version, files=told))


def release_ensemble(home: BatchHome, version: int) -> None:
    """Put an ensemble of three models in force."""
    product = ensemble_product(home.product)
    files = ensemble_files(product, bundle_files(product, CALIBRATION))
    path = f"bundles/churn/{version}"
    manifest = write_bundle(
        home.settings.home / path, origin=ensemble_origin(product, _origin(product, version)), files=files, fsync=False
    )
    release = make_release(product, manifest, bundle_path=path, created_at=WALL, reason="test")
    write_release(home.settings.releases_dir, release, fsync=False)
    Publisher(home.settings.home).point_at("churn", release.release_id)
    record_release(home, release)


def record_release(home: BatchHome, release: Release) -> None:
    bundle = home.record("bundle", "churn", release.bundle_digest, [])
    home.record("release", "churn", release.release_id, [bundle])


def score_and_answer(home: BatchHome, version: int, customers: Sequence[str]) -> None:
    outcome = home.run(version=version, run_id=f"batch-{version}")
    assert outcome.published is not None, outcome.refusal()
    publish_online(home.settings, home.ledger, home.product, facts(), as_of=AS_OF)
    answer(home, customers)


def answer(home: BatchHome, customers: Sequence[str]) -> None:
    """Ask for known and unknown customers, for some twice, with some or all stored features sent along."""
    stored = home.product.stored_columns
    some = dict.fromkeys(stored[4:9], 3.0)
    everything = dict.fromkeys(stored, 1.5)
    bodies: list[dict[str, object]] = [
        {"product": "churn", "entities": customers[: len(customers) // 3]},
        {"product": "churn", "entities": [*customers[:10], *STRANGERS]},
        {"product": "churn", "rows": [{"customer_id": name, **some} for name in customers[40:44]]},
        {"product": "churn", "rows": [{"customer_id": customers[44], **everything}]},
        {"model": "churn", "features": {"customer_id": customers[45]}, "event_at": "2011-12-09T17:03:12.123456Z"},
    ]
    asyncio.run(_ask(home.settings, bodies))


async def _ask(settings: Settings, bodies: Sequence[dict[str, object]]) -> None:
    connected = connect_parts(settings)
    await connected.parts.refresh()
    async with connected.open():
        transport = httpx.ASGITransport(build_app(connected.parts))
        async with httpx.AsyncClient(transport=transport, base_url="http://endpoint") as client:
            for body in bodies:
                response = await client.post("/v1/predict", json=body)
                assert response.status_code == 200, response.text


def _origin(product: Product, version: int) -> BundleOrigin:
    return BundleOrigin(
        product=product.name,
        model_version=version,
        framework="lightgbm",
        created_at=WALL,
        training_run_id="run-1",
        training_set_digest="a" * 64,
        code_version="b" * 16,
        feature_version=feature_version(product),
        output_schema_version=product.score.schema_version,
        product_digest="c" * 64,
    )


def moved(home: BatchHome, to: Path) -> BatchHome:
    """Return the same records in another directory, so that a test may damage them."""
    shutil.copytree(home.settings.home, to / "home")
    settings = replace(home.settings, home=to / "home")
    return BatchHome(settings, open_ledger(settings.ledger_dsn), home.product)
