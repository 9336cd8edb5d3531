"""A small platform without Dagster: staging, feature history, a released pair and the manifest that joins them."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from platform_assets.batch.flow import BatchOutcome, release_to_score, run_batch
from platform_assets.batch.publication import BatchRun
from platform_assets.contract.product import Product
from platform_assets.features.history import append_history
from platform_assets.inference.release import Release
from platform_assets.ledger.artifacts import ArtifactKind, artifact_id
from platform_assets.ledger.database import Ledger, open_ledger
from platform_assets.ledger.manifest import newest, record
from platform_assets.ledger.run_facts import RunFacts
from platform_assets.settings import Settings
from tests.unit.features.feature_samples import Row, write_build, write_contract
from tests.unit.serving.conftest import Publisher, product_named

AS_OF = dt.datetime(2011, 12, 10, tzinfo=dt.UTC)
WALL = dt.datetime(2026, 3, 1, 9, 30, tzinfo=dt.UTC)
CUSTOMERS = ("11", "12", "13", "14", "15")
RAW_DIGEST = "f" * 64
_POPULATION = """
    select a.as_of, a.as_of as event_at, o.customer_id from as_of a join orders o on o.ordered_at < a.as_of
"""


def facts(run_id: str = "run-1") -> RunFacts:
    return RunFacts(run_id=run_id, at=WALL, code_version="c" * 16)


@dataclass(frozen=True)
class BatchHome:
    """A home in which a product can be scored; `product` is its declaration with a plain population."""

    settings: Settings
    ledger: Ledger
    product: Product

    def write_customers(self, names: Sequence[str]) -> None:
        """Let the population be these customers."""
        ordered_at = AS_OF - dt.timedelta(days=12)
        rows: list[Row] = [{"order_id": f"o-{name}", "customer_id": name, "ordered_at": ordered_at} for name in names]
        write_build(self.settings.staging_dir / "orders.parquet", rows)
        digest = "".join(names).ljust(64, "0")
        self.record("staging", self.product.dataset, digest, newest(self.ledger, "raw_file", self.product.dataset))

    def write_features(self, values: Mapping[str, float], *, day: dt.datetime, known_at: dt.datetime) -> None:
        """Append a row per customer to the history of the product's view, all its numbers being that value."""
        use = self.product.features.views[0]
        rows: list[Row] = [
            {
                "customer_id": name,
                "event_at": day,
                **{column: day - dt.timedelta(days=9) if column.endswith("_at") else value for column in use.columns},
            }
            for name, value in values.items()
        ]
        built = write_build(self.settings.home / "build.parquet", rows)
        appended = append_history(self.settings, use.view, built, known_at=known_at)
        self.record("feature_history", use.view, appended.digest, newest(self.ledger, "staging", self.product.dataset))

    def release(
        self, *, model_version: int = 1, constant: float | None = None, product: Product | None = None
    ) -> Release:
        """Put a new pair in force, of another declaration than the product file where one is given."""
        name, publisher = self.product.name, Publisher(self.settings.home)
        made = publisher.publish(name, model_version=model_version, constant=constant, product=product)
        sources = [
            *newest(self.ledger, "staging", self.product.dataset),
            *newest(self.ledger, "feature_history", self.product.features.views[0].view),
        ]
        training_set = self.record("training_set", name, "a" * 64, sources)
        bundle = self.record("bundle", name, made.bundle_digest, [training_set])
        self.record("release", name, made.release_id, [bundle])
        return made

    def record(self, kind: ArtifactKind, name: str, digest: str, inputs: Sequence[str]) -> str:
        return record(self.ledger, facts(), kind=kind, name=name, digest=digest, uri=f"{kind}/{name}", inputs=inputs)

    def run(self, as_of: dt.datetime = AS_OF, *, version: int = 1, run_id: str = "run-1") -> BatchOutcome:
        """Score one batch with the release in force."""
        # By the live clock, for tests go on for days after the one at which replay mode stands still.
        live = replace(self.settings, clock_mode="live")
        return run_batch(live, self.ledger, self.batch_run(as_of, version=version, run_id=run_id))

    def batch_run(self, as_of: dt.datetime = AS_OF, *, version: int = 1, run_id: str = "run-1") -> BatchRun:
        release = release_to_score(self.settings, self.product, version)
        return BatchRun(self.product, as_of, release, facts(run_id))


def make_home(root: Path, *, name: str = "churn", settings: Settings | None = None) -> BatchHome:
    """Return a home with five customers, their features and version 1 in force."""
    home = unreleased_home(root, name=name, settings=settings)
    home.release()
    return home


def unreleased_home(root: Path, *, name: str = "churn", settings: Settings | None = None) -> BatchHome:
    """Return a home with five customers and their features; no release is in force."""
    declared = product_named(name)
    product = msgspec.structs.replace(
        declared,
        batch=msgspec.structs.replace(declared.batch, population=_POPULATION),
        guardrails=msgspec.structs.replace(declared.guardrails, min_rows=3),
    )
    use = product.features.views[0]
    columns = {column: "TIMESTAMP" if column.endswith("_at") else "DOUBLE" for column in use.columns}
    write_contract(root / "project", use.view, {"customer_id": "VARCHAR", "event_at": "TIMESTAMP", **columns})
    base = settings or Settings(home=root / "home", fsync=False)
    chosen = replace(base, project_root=root / "project", fsync=False)
    chosen.home.mkdir(parents=True, exist_ok=True)
    home = BatchHome(chosen, open_ledger(chosen.ledger_dsn), product)
    home.record("raw_file", product.dataset, RAW_DIGEST, [])
    home.write_customers(CUSTOMERS)
    day = AS_OF - dt.timedelta(days=1)
    home.write_features({each: float(place) for place, each in enumerate(CUSTOMERS)}, day=day, known_at=day)
    return home


def release_artifact(home: BatchHome, release: Release) -> str:
    return artifact_id("release", home.product.name, release.release_id)
