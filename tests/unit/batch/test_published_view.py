"""What consumers see of batches: the published view, the inputs behind it, and batches without rows."""

import datetime as dt
import hashlib
from pathlib import Path

import msgspec
import pyarrow.parquet as pq
import pytest

from platform_assets.batch.flow import release_to_score
from platform_assets.batch.inputs import load_inputs
from platform_assets.batch.published_view import read_published, read_published_inputs, write_published_view
from platform_assets.errors import LakeWriteError, NotMaterializedError
from platform_assets.lakehouse.quarantine import list_quarantined
from platform_assets.ledger.artifacts import artifacts
from tests.unit.batch.batch_home import AS_OF, CUSTOMERS, WALL, BatchHome, make_home

DAY = dt.timedelta(days=1)


@pytest.fixture
def home(tmp_path: Path) -> BatchHome:
    return make_home(tmp_path)


def correct_features(home: BatchHome) -> None:
    home.write_features(dict.fromkeys(CUSTOMERS, 7.5), day=AS_OF - DAY, known_at=AS_OF - DAY / 2)


def test_the_inputs_of_a_batch_are_kept_and_the_same_snapshot_is_the_same_file(home: BatchHome) -> None:
    outcome = home.run()
    kept = load_inputs(home.settings, home.product, AS_OF)
    assert hashlib.sha256(kept.path.read_bytes()).hexdigest() == kept.digest
    assert outcome.input_artifact == f"batch_input:churn@{kept.digest[:16]}"
    assert read_published_inputs(home.settings, home.product).equals(pq.read_table(kept.path))


def test_an_empty_batch_publishes_where_the_declaration_allows_none(home: BatchHome) -> None:
    allowed = msgspec.structs.replace(home.product.guardrails, min_rows=0)
    free = BatchHome(home.settings, home.ledger, msgspec.structs.replace(home.product, guardrails=allowed))
    empty = AS_OF - 60 * DAY  # before the first order
    for run_id, is_new in (("run-1", True), ("run-2", False)):
        outcome = free.run(empty, run_id=run_id)
        assert outcome.published is not None
        assert (outcome.rows, outcome.published.is_new) == (0, is_new)
    assert read_published(free.settings, free.product).num_rows == 0
    assert read_published_inputs(free.settings, free.product).num_rows == 0
    assert pq.read_table(write_published_view(free.settings, free.product, at=WALL).path).num_rows == 0


def test_two_empty_batches_are_two_publications(home: BatchHome) -> None:
    allowed = msgspec.structs.replace(home.product.guardrails, min_rows=0)
    free = BatchHome(home.settings, home.ledger, msgspec.structs.replace(home.product, guardrails=allowed))
    digests = {free.run(AS_OF - days * DAY).published.record.digest for days in (60, 61)}  # type: ignore[union-attr]
    assert len(digests) == 2


def test_an_empty_batch_is_refused_where_rows_are_due(home: BatchHome) -> None:
    outcome = home.run(AS_OF - 60 * DAY)
    assert outcome.published is None
    assert list_quarantined(home.settings.quarantine_dir, "churn")[0].num_rows == 0


def test_the_published_view_is_replaced_as_a_whole(home: BatchHome) -> None:
    home.run()
    view = write_published_view(home.settings, home.product, at=WALL)
    with view.path.open("rb") as reader:
        correct_features(home)
        home.run(run_id="run-2")
        write_published_view(home.settings, home.product, at=WALL)
        old, new = pq.read_table(reader), pq.read_table(view.path)
    assert old.num_rows == new.num_rows == len(CUSTOMERS)
    assert set(old.column("run_id").to_pylist()) == {"run-1"}
    assert set(new.column("run_id").to_pylist()) == {"run-2"}
    others = sorted(path.name for path in view.path.parent.iterdir() if path.suffix != ".arrow")
    assert others == ["churn.parquet", "churn.status.json"]


def test_the_published_view_tells_its_age_at_the_business_time(home: BatchHome) -> None:
    home.run(AS_OF - 9 * DAY)
    view = write_published_view(home.settings, home.product, at=WALL)
    assert (view.age.hours, view.age.is_stale) == (9 * 24, True)
    home.run(AS_OF)
    assert not write_published_view(home.settings, home.product, at=WALL).age.is_stale


def test_a_table_that_lacks_rows_of_the_publication_is_refused_and_not_shown(home: BatchHome) -> None:
    home.run()
    for path in (home.settings.predictions_dir / "churn").rglob("_delta_log/*.json"):
        path.unlink() if path.stem.endswith("1") else None

    with pytest.raises(LakeWriteError, match="restore it from a backup"):
        read_published(home.settings, home.product)


def test_there_is_no_view_before_the_first_publication(home: BatchHome) -> None:
    with pytest.raises(NotMaterializedError, match="churn/predictions"):
        write_published_view(home.settings, home.product, at=WALL)


def test_what_is_published_is_known_in_the_manifest_with_its_inputs_and_release(home: BatchHome) -> None:
    outcome = home.run()
    (found,) = artifacts(home.ledger, "publication", "churn")
    release = release_to_score(home.settings, home.product, 1)
    assert found.inputs == (outcome.input_artifact, f"release:churn@{release.release_id}")
