"""The platform's own manifest against Dagster's event log: both say that a batch was made from the same things."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import dagster as dg
import pytest

from platform_assets.audit.trace import nodes_of, trace
from platform_assets.batch.published_view import read_published
from platform_assets.ledger.artifacts import latest_artifact
from platform_assets.orchestration.partitions import prediction_key
from platform_assets.orchestration.scoring_assets import scoring_assets
from tests.unit.batch.batch_home import AS_OF, CUSTOMERS, WALL, BatchHome, make_home

BATCHES, RELEASE = dg.AssetKey(["churn", "predictions"]), dg.AssetKey(["churn", "release"])
POINTER, VERSION = "dagster/input_event_pointer/", "dagster/input_data_version/"


@pytest.fixture
def home(tmp_path: Path) -> BatchHome:
    return make_home(tmp_path)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        made.add_dynamic_partitions("churn_model_versions", ["1"])
        yield made


def sources(home: BatchHome) -> list[dg.AssetsDefinition]:
    """Return what stands before a batch, each with the digest of the manifest as its data version."""
    view = home.product.features.views[0].view
    release = home.batch_run().release.release_id

    @dg.asset(key=RELEASE)
    def release_asset() -> dg.MaterializeResult:  # type: ignore[type-arg]
        return dg.MaterializeResult(data_version=dg.DataVersion(release))

    @dg.asset(key=dg.AssetKey(["features", view]), partitions_def=dg.DailyPartitionsDefinition("2011-12-01"))
    def history() -> dg.MaterializeResult:  # type: ignore[type-arg]
        found = latest_artifact(home.ledger, "feature_history", view)
        assert found is not None
        return dg.MaterializeResult(data_version=dg.DataVersion(found.digest))

    return [release_asset, history]


def materialize(home: BatchHome, instance: dg.DagsterInstance, upstream: Sequence[dg.AssetsDefinition]) -> None:
    """Materialize the sources, then the batch that reads them."""
    day = AS_OF.date().isoformat()
    dg.materialize([upstream[0]], instance=instance)
    dg.materialize([upstream[1]], instance=instance, partition_key=day)
    made = dg.materialize(
        [*upstream, *scoring_assets(home.product, home.settings)],
        selection=dg.AssetSelection.assets(BATCHES),
        partition_key=prediction_key(AS_OF.date(), 1),
        instance=instance,
    )
    assert made.success


def record_of(instance: dg.DagsterInstance, key: dg.AssetKey, **wanted: object) -> dg.EventLogRecord:
    filtered = dg.AssetRecordsFilter(asset_key=key, **wanted)  # type: ignore[arg-type]
    return instance.fetch_materializations(filtered, limit=1).records[0]


def tags_of(record: dg.EventLogRecord) -> Mapping[str, str]:
    assert record.asset_materialization is not None
    return record.asset_materialization.tags or {}


def version_of(record: dg.EventLogRecord) -> str:
    return tags_of(record)["dagster/data_version"]


def test_the_chain_of_a_batch_is_the_one_that_dagster_recorded(home: BatchHome, instance: dg.DagsterInstance) -> None:
    materialize(home, instance, sources(home))
    told = str(read_published(home.settings, home.product).column("prediction_id")[0].as_py())
    chain = {node.kind: node for node in nodes_of(trace(home.settings, told))}

    batch = record_of(instance, BATCHES)
    tags, event = tags_of(batch), batch.asset_materialization
    assert event is not None
    assert event.metadata["input_artifact"].value == chain["batch_input"].id
    assert event.metadata["release_artifact"].value == chain["release"].id
    pointed = record_of(instance, RELEASE, storage_ids=[int(tags[POINTER + "churn/release"])])
    assert version_of(pointed) == tags[VERSION + "churn/release"] == chain["release"].digest
    assert chain["batch_input"].facts["run_id"] == batch.run_id
    # Of partitioned inputs the pointer is a position in the log: the newest event of the partition until then.
    view = home.product.features.views[0].view
    until = int(tags[f"{POINTER}features/{view}"]) + 1
    history = record_of(
        instance,
        dg.AssetKey(["features", view]),
        asset_partitions=[AS_OF.date().isoformat()],
        before_storage_id=until,
    )
    assert version_of(history) == chain["feature_history"].digest


def test_the_manifest_still_tells_the_old_chain_after_new_features_and_a_wiped_event_log(
    home: BatchHome, instance: dg.DagsterInstance
) -> None:
    materialize(home, instance, sources(home))
    told = str(read_published(home.settings, home.product).column("prediction_id")[0].as_py())
    before = trace(home.settings, told)
    home.write_features(dict.fromkeys(CUSTOMERS, 7.5), day=AS_OF, known_at=WALL)
    instance.wipe_assets([BATCHES, RELEASE])
    assert not instance.fetch_materializations(BATCHES, limit=1).records
    assert trace(home.settings, told) == before
