"""Small released products, sources in memory and the app around them."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import lightgbm
import msgspec
import numpy as np
import pytest

from platform_assets.access.caller import Asked, Caller, Decision
from platform_assets.clock import BusinessClock, ClockMode
from platform_assets.contract.compile import compile_product, product_digest
from platform_assets.contract.names import feature_service
from platform_assets.contract.prediction_log import PredictionLogEntry, Reason, decode_entry
from platform_assets.contract.product import Product
from platform_assets.inference.bundle import write_bundle
from platform_assets.inference.bundle_manifest import BundleOrigin, feature_version
from platform_assets.inference.frame import Column, text_columns
from platform_assets.inference.live_pointer import move_live, read_live
from platform_assets.inference.preprocess import InputColumn, Preprocessor, encode_preprocessor
from platform_assets.inference.release import Release, make_release, write_release
from platform_assets.inference.tables import LinearTable
from platform_assets.online.layout import Manifest, ViewLayout, build_manifest
from platform_assets.products._discovery import discover_products
from platform_assets.serving.access import OpenAccess
from platform_assets.serving.asgi import build_app
from platform_assets.serving.deployments.service import Deployments
from platform_assets.serving.jobs.service import Jobs
from platform_assets.serving.journal import Journal
from platform_assets.serving.last_predictions.wire import BatchPlace
from platform_assets.serving.live_release import LiveRelease
from platform_assets.serving.parts import Parts, assemble
from platform_assets.serving.releases import Releases
from platform_assets.serving.sources import BatchPrediction, LastBatch
from platform_assets.serving.stored import SnapshotSeen, StoredRows, nothing_stored
from platform_assets.settings import Settings

WALL = dt.datetime(2026, 3, 1, 9, 30, tzinfo=dt.UTC)
AS_OF = dt.datetime(2011, 12, 9, tzinfo=dt.UTC)
JOIN_KEYS = {"parking_slot_history": ("parking_bay_id", "slot_number"), "parking_recent": ("parking_bay_id",)}


def product_named(name: str) -> Product:
    return next(product for product in discover_products() if product.name == name)


def feature_layout(product: Product) -> Manifest:
    views = [
        ViewLayout(name=use.view, join_keys=JOIN_KEYS.get(use.view, ("customer_id",)), columns=use.columns)
        for use in product.features.views
    ]
    return build_manifest(feature_service(product.name, product.features.version), views)


def small_model(n_inputs: int) -> bytes:
    random = np.random.default_rng(7)
    matrix = random.normal(size=(400, n_inputs))
    parameters = {"objective": "regression", "verbosity": -1, "num_threads": 1, "num_leaves": 4}
    booster = lightgbm.train(parameters, lightgbm.Dataset(matrix, random.uniform(0.2, 0.8, 400)), num_boost_round=8)
    return str(booster.model_to_string()).encode()


def bundle_files(product: Product, calibration: LinearTable | None) -> dict[str, bytes]:
    texts = text_columns(product)
    inputs = tuple(
        InputColumn(name=name, categories=("France", "United Kingdom") if name in texts else None)
        for name in product.model_inputs
    )
    return {
        "product.json": compile_product(product),
        "preprocessor.json": encode_preprocessor(Preprocessor(product=product.name, inputs=inputs)),
        "model.txt": small_model(len(inputs)),
        "calibration.json": msgspec.json.encode(calibration),
        "uncertainty.json": msgspec.json.encode(LinearTable(x=(0.0, 1.0), y=(0.01, 0.05))),
        "features.json": msgspec.json.encode(feature_layout(product)),
    }


@dataclass(frozen=True)
class Publisher:
    """Trains nothing real: writes bundles and releases as the platform does, and moves the live pointer."""

    home: Path

    def publish(
        self,
        name: str,
        *,
        model_version: int = 1,
        constant: float | None = None,
        files: Mapping[str, bytes] | None = None,
        product: Product | None = None,
    ) -> Release:
        product = product or product_named(name)
        calibration = None if constant is None else LinearTable(x=(0.0,), y=(constant,))
        origin = BundleOrigin(
            product=name,
            model_version=model_version,
            framework="lightgbm",
            created_at=WALL,
            training_run_id="run-1",
            training_set_digest="a" * 64,
            code_version="b" * 16,
            feature_version=feature_version(product),
            output_schema_version=product.score.schema_version,
            product_digest=product_digest(product),
        )
        path = f"bundles/{name}/{model_version}"
        content = {**bundle_files(product, calibration), **(files or {})}
        manifest = write_bundle(self.home / path, origin=origin, files=content, fsync=False)
        release = make_release(product, manifest, bundle_path=path, created_at=WALL, reason="test")
        write_release(self.releases_dir, release, fsync=False)
        self.point_at(name, release.release_id)
        return release

    def point_at(self, name: str, release_id: str) -> None:
        live = read_live(self.releases_dir, name)
        sequence = live.sequence if live else 0
        move_live(
            self.releases_dir,
            name,
            expected_sequence=sequence,
            release_id=release_id,
            moved_at=WALL,
            fsync=False,
        )

    @property
    def releases_dir(self) -> Path:
        return self.home / "releases"


@dataclass
class MemoryFeatures:
    """Stored features of customers in memory; `failure` plays a store that gives nothing."""

    rows: dict[str, float] = field(default_factory=dict)
    event_at: dt.datetime = AS_OF
    failure: Reason | None = None
    reads: int = 0
    snapshot_seen: SnapshotSeen | None = field(default_factory=lambda: SnapshotSeen("snap-1", AS_OF, 1))

    async def read(self, live: LiveRelease, columns: Mapping[str, Column]) -> StoredRows:
        self.reads += 1
        keys = columns.get("customer_id", columns.get("parking_bay_id", np.empty(0))).tolist()
        blank = nothing_stored(live.product, len(keys), failure=self.failure)
        if self.failure is not None:
            return blank
        found = np.array([[key in self.rows] * len(live.product.features.views) for key in keys], dtype=np.bool_)
        values = np.stack([np.full(blank.values.shape[1], self.rows.get(key, np.nan)) for key in keys])
        times = np.where(found, self.event_at.timestamp(), np.nan)
        return StoredRows(values=values, event_times=times, found=found, snapshot=self.snapshot_seen)

    async def snapshot(self, live: LiveRelease) -> SnapshotSeen | None:
        return None if self.failure or not live.release.release_id else self.snapshot_seen


@dataclass
class MemoryBatches:
    """Last published predictions in memory, by entity."""

    rows: dict[str, BatchPrediction] = field(default_factory=dict)
    prepared: list[str] = field(default_factory=list)
    asked_while_away: list[bool] = field(default_factory=list)
    place: BatchPlace = "online_store"

    async def prepare(self, products: Sequence[str]) -> None:
        self.prepared = list(products)

    async def read(
        self, live: LiveRelease, columns: Mapping[str, Column], *, is_store_away: bool
    ) -> Sequence[BatchPrediction | None]:
        self.asked_while_away.append(is_store_away)
        return self._of(live, columns)

    async def find(self, live: LiveRelease, columns: Mapping[str, Column]) -> LastBatch:
        return LastBatch(self._of(live, columns), self.place)

    def _of(self, live: LiveRelease, columns: Mapping[str, Column]) -> list[BatchPrediction | None]:
        return [self.rows.get(key) for key in columns[live.schema.row_keys[0]].tolist()]


@dataclass
class MemoryLog:
    """Keeps what the journal writes."""

    written: list[bytes] = field(default_factory=list)

    def append(self, entries: list[bytes]) -> None:
        self.written.extend(entries)

    @property
    def entries(self) -> list[PredictionLogEntry]:
        return [decode_entry(content) for content in self.written]


class ClosedAccess(OpenAccess):
    """Knows every caller and denies everything."""

    def decide(self, caller: Caller, asked: Asked) -> Decision:  # noqa: ARG002 - everything alike
        return Decision(is_allowed=False, why=f"closed to {caller.subject}")


@dataclass
class Endpoint:
    """An app in this process with everything around it that a test looks at."""

    publisher: Publisher
    features: MemoryFeatures
    batches: MemoryBatches
    kept: MemoryLog
    parts: Parts

    @property
    def log(self) -> MemoryLog:
        self.parts.heart.journal.hand_over()
        return self.kept

    def client(self, **options: object) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(build_app(self.parts), **options)  # type: ignore[arg-type]
        return httpx.AsyncClient(transport=transport, base_url="http://endpoint")


def make_endpoint(home: Path, mode: ClockMode = "replay") -> Endpoint:
    features, batches, log = MemoryFeatures(), MemoryBatches(), MemoryLog()
    publisher = Publisher(home)
    parts = assemble(
        releases=Releases(home=home, releases_dir=publisher.releases_dir),
        features=features,
        batches=batches,
        journal=Journal(log),
        clock=BusinessClock(mode),
        wall=lambda: WALL,
    )
    # Jobs are taken and shown; nothing runs them here.
    settings = Settings(home=home, clock_mode=mode, fsync=False)
    jobs, deployments = Jobs(settings, parts.releases, lambda: WALL), Deployments(settings, lambda: WALL)
    parts = replace(parts, jobs=jobs, deployments=deployments)
    return Endpoint(publisher, features, batches, log, parts)


@pytest.fixture
def publisher(tmp_path: Path) -> Publisher:
    return Publisher(tmp_path)


@pytest.fixture
def endpoint(tmp_path: Path) -> Endpoint:
    return make_endpoint(tmp_path)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
