"""A home whose newer release, batch and feature snapshot were made from a training set that turns out to be wrong."""

import datetime as dt
import hashlib
from dataclasses import dataclass

import pyarrow as pa

from platform_assets.batch.consumers import follow_publication
from platform_assets.batch.publication import PARTITION_BY
from platform_assets.contract.product import Product
from platform_assets.inference.release import Release
from platform_assets.lakehouse.publish import append_once
from platform_assets.ledger.artifacts import artifact_id
from platform_assets.ledger.manifest import newest, record
from platform_assets.ledger.publications import record_publication
from platform_assets.ledger.run_facts import RunFacts
from tests.integration.two_releases import CUSTOMER, FIRST_AT, SECOND_AT, TwoReleases
from tests.unit.registry.registry_home import small_product

OLDER, NEWER = dt.date(2011, 12, 1), dt.date(2011, 12, 9)


@dataclass(frozen=True)
class RecallHome:
    """Both releases have a batch; `spoiled` is the training set of the second one."""

    releases: TwoReleases
    product: Product
    spoiled: str

    def consumers_read(self) -> str:
        """Return the as-of of the file that consumers read."""
        import pyarrow.parquet as pq  # noqa: PLC0415 - heavy

        path = self.releases.settings.published_dir / f"{self.product.name}.parquet"
        return str(pq.read_table(path).column("prediction_date")[0].as_py())


def recall_home(releases: TwoReleases) -> RecallHome:
    """Publish a batch of each release and put the snapshots on record as made from the training sets."""
    product, ledger = small_product(), releases.ledger
    (spoiled,) = newest(ledger, "training_set", product.name)
    first = artifact_id("release", product.name, releases.first.release_id)
    _record(releases, "online_snapshot", "first", [first])
    _record(releases, "online_snapshot", "second", [spoiled])
    for release, day, at in ((releases.first, OLDER, FIRST_AT), (releases.second, NEWER, SECOND_AT)):
        _publish(releases, product, release, day, at)
    follow_publication(releases.settings, ledger, product, at=SECOND_AT)
    return RecallHome(releases, product, spoiled)


def _publish(releases: TwoReleases, product: Product, release: Release, day: dt.date, at: dt.datetime) -> None:
    digest = hashlib.sha256(f"{day}".encode()).hexdigest()
    rows = pa.table(
        {
            "prediction_id": [f"churn-{day:%Y%m%d}-b-{digest[:24]}"],
            "customer_id": [CUSTOMER],
            "score": [0.5],
            "uncertainty": [0.1],
            "as_of": pa.array([dt.datetime.combine(day, dt.time(), dt.UTC)], pa.timestamp("us", "UTC")),
            "prediction_date": pa.array([day], pa.date32()),
            "model_version": [release.model_version],
            "output_schema_version": [1],
            "batch_digest": [digest],
        }
    )
    table = releases.settings.predictions_dir / product.name
    done = append_once(table, rows, app_id=str(day), version=1, partition_by=PARTITION_BY, metadata={}, fsync=False)
    inputs = _record(releases, "batch_input", f"{day}", [])
    made_from = artifact_id("release", product.name, release.release_id)
    _record(releases, "publication", digest, [inputs, made_from])
    record_publication(
        releases.ledger,
        product=product.name,
        as_of=day.isoformat(),
        model_version=release.model_version,
        revision=1,
        release_id=release.release_id,
        row_count=1,
        digest=digest,
        delta_version=done.delta_version,
        published_at=at,
        run_id="run",
    )


def _record(releases: TwoReleases, kind: str, digest: str, inputs: list[str]) -> str:
    facts = RunFacts(run_id="run", at=SECOND_AT, code_version="c" * 16)
    return record(releases.ledger, facts, kind=kind, name="churn", digest=digest, uri="", inputs=inputs)  # type: ignore[arg-type]
