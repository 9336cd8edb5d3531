"""Exactly-once publication: what is visible when, what a repeat does, what is refused."""

import contextlib
import datetime as dt
import resource
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest

from platform_assets.errors import LakeWriteError, NotMaterializedError, OutOfOrderCommitError, SchemaMismatchError
from platform_assets.lakehouse.log import find_commit
from platform_assets.lakehouse.publish import append_once, publish
from platform_assets.lakehouse.read import read_table, table_version
from platform_assets.lakehouse.stage import Staged, discard, stage
from platform_assets.lakehouse.staged_rows import read_staged
from platform_assets.lakehouse.table import open_table, table_exists

PARTITION_BY = ("prediction_date",)
INSTANT = dt.datetime(2011, 12, 9, 1, 2, 3, 456789, tzinfo=dt.UTC)


def rows(*ids: str, day: dt.date = dt.date(2011, 12, 9)) -> pa.Table:
    return pa.table(
        {
            "entity_id": pa.array(ids, pa.string()),
            "score": pa.array([0.5] * len(ids), pa.float64()),
            "predicted_at": pa.array([INSTANT] * len(ids), pa.timestamp("us", tz="UTC")),
            "prediction_date": pa.array([day] * len(ids), pa.date32()),
        }
    )


def append(table: Path, batch: pa.Table, app_id: str = "churn", version: int = 1) -> tuple[int, bool]:
    done = append_once(
        table, batch, app_id=app_id, version=version, partition_by=PARTITION_BY, metadata={"run_id": "r1"}
    )
    return done.delta_version, done.written


def test_the_first_append_creates_an_append_only_table_kept_for_the_audit_horizon(tmp_path: Path) -> None:
    assert append(tmp_path / "t", rows("a", "b")) == (1, True)
    configuration = open_table(tmp_path / "t").metadata().configuration
    assert configuration["delta.appendOnly"] == "true"
    assert configuration["delta.logRetentionDuration"] == "interval 3650 days"
    assert read_table(tmp_path / "t").column("entity_id").to_pylist() == ["a", "b"]


def test_a_repeated_append_writes_nothing_and_answers_with_the_first_commit(tmp_path: Path) -> None:
    first = append(tmp_path / "t", rows("a"))
    append(tmp_path / "t", rows("b"), app_id="clv")
    assert append(tmp_path / "t", rows("a")) == (first[0], False)
    assert read_table(tmp_path / "t").num_rows == 2


def test_a_transaction_version_that_was_skipped_is_refused_instead_of_lost(tmp_path: Path) -> None:
    append(tmp_path / "t", rows("a"), version=3)
    with pytest.raises(OutOfOrderCommitError, match="already at 3"):
        append(tmp_path / "t", rows("b"), version=2)
    assert read_table(tmp_path / "t").num_rows == 1


def test_staged_rows_are_invisible_until_they_are_published(tmp_path: Path) -> None:
    append(tmp_path / "t", rows("a"))
    staged = stage(tmp_path / "t", rows("b", "c"), PARTITION_BY)
    assert read_table(tmp_path / "t").num_rows == 1
    done = publish(staged, app_id="churn", version=2, metadata={})
    assert done.written
    assert sorted(read_table(tmp_path / "t").column("entity_id").to_pylist()) == ["a", "b", "c"]


def test_staging_alone_makes_no_table(tmp_path: Path) -> None:
    stage(tmp_path / "t", rows("a"), PARTITION_BY)
    assert not table_exists(tmp_path / "t")


def test_what_is_audited_is_what_lies_in_the_files(tmp_path: Path) -> None:
    batch = pa.concat_tables([rows("a"), rows("b", "c", day=dt.date(2011, 12, 8))])
    staged = stage(tmp_path / "t", batch, PARTITION_BY)
    audited = read_staged(staged)
    assert staged.num_rows == 3
    assert audited.schema.names == batch.schema.names
    assert audited.sort_by("entity_id").to_pylist() == batch.sort_by("entity_id").to_pylist()


def test_a_discarded_batch_leaves_no_file_and_no_row(tmp_path: Path) -> None:
    staged = stage(tmp_path / "t", rows("a"), PARTITION_BY)
    discard(staged)
    assert [path for path in staged.paths if path.exists()] == []


def test_discarding_never_touches_a_published_file(tmp_path: Path) -> None:
    staged = stage(tmp_path / "t", rows("a"), PARTITION_BY)
    publish(staged, app_id="churn", version=1, metadata={})
    discard(staged)
    assert read_table(tmp_path / "t").num_rows == 1


def test_publishing_a_second_staging_of_the_same_transaction_deletes_its_files(tmp_path: Path) -> None:
    first, second = (stage(tmp_path / "t", rows("a"), PARTITION_BY) for _ in range(2))
    publish(first, app_id="churn", version=1, metadata={})
    done = publish(second, app_id="churn", version=1, metadata={})
    assert not done.written
    assert not any(path.exists() for path in second.paths)
    assert read_table(tmp_path / "t").num_rows == 1


def test_publishing_the_same_staging_twice_keeps_its_files(tmp_path: Path) -> None:
    staged = stage(tmp_path / "t", rows("a"), PARTITION_BY)
    publish(staged, app_id="churn", version=1, metadata={})
    assert not publish(staged, app_id="churn", version=1, metadata={}).written
    assert read_table(tmp_path / "t").num_rows == 1


def test_racing_publications_of_one_transaction_end_in_one_commit(tmp_path: Path) -> None:
    staged = [stage(tmp_path / "t", rows("a"), PARTITION_BY) for _ in range(8)]

    def run(one: Staged) -> bool:
        return publish(one, app_id="churn", version=1, metadata={}).written

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(run, staged)) == 1
    assert read_table(tmp_path / "t").num_rows == 1


def test_racing_publications_of_different_transactions_all_land(tmp_path: Path) -> None:
    def run(number: int) -> bool:
        return append(tmp_path / "t", rows(str(number)), app_id=f"app-{number}")[1]

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(run, range(16)))
    assert sorted(read_table(tmp_path / "t").column("entity_id").to_pylist()) == sorted(map(str, range(16)))


def test_a_staged_file_that_changed_is_never_published(tmp_path: Path) -> None:
    staged = stage(tmp_path / "t", rows("a"), PARTITION_BY)
    staged.paths[0].write_bytes(b"torn")
    with pytest.raises(LakeWriteError, match="4 bytes"):
        publish(staged, app_id="churn", version=1, metadata={})


def test_an_extra_column_is_refused_by_name(tmp_path: Path) -> None:
    append(tmp_path / "t", rows("a"))
    with pytest.raises(SchemaMismatchError, match="'colour'"):
        append(tmp_path / "t", rows("b").append_column("colour", pa.array(["red"])), version=2)


def test_a_missing_column_is_refused_by_name(tmp_path: Path) -> None:
    append(tmp_path / "t", rows("a"))
    with pytest.raises(SchemaMismatchError, match="'score'"):
        append(tmp_path / "t", rows("b").drop_columns(["score"]), version=2)


def test_another_type_is_refused_with_both_types(tmp_path: Path) -> None:
    append(tmp_path / "t", rows("a"))
    other = rows("b").set_column(1, "score", pa.array(["high"]))
    with pytest.raises(SchemaMismatchError, match="type string, the table has double"):
        append(tmp_path / "t", other, version=2)


def test_another_partitioning_is_refused(tmp_path: Path) -> None:
    append(tmp_path / "t", rows("a"))
    with pytest.raises(SchemaMismatchError, match="partitioned by"):
        stage(tmp_path / "t", rows("b"), ("entity_id",))


def test_a_column_of_nulls_takes_the_type_of_the_table(tmp_path: Path) -> None:
    append(tmp_path / "t", rows("a"))
    append(tmp_path / "t", rows("b").set_column(1, "score", pa.nulls(1)), version=2)
    assert read_table(tmp_path / "t", columns=["score"]).column("score").null_count == 1


def test_columns_in_another_order_land_in_their_own_place(tmp_path: Path) -> None:
    append(tmp_path / "t", rows("a"))
    append(tmp_path / "t", rows("b").select(["prediction_date", "predicted_at", "score", "entity_id"]), version=2)
    assert sorted(read_table(tmp_path / "t").column("entity_id").to_pylist()) == ["a", "b"]


def test_an_instant_finer_than_a_microsecond_is_refused_rather_than_cut(tmp_path: Path) -> None:
    instants = pa.array([1], pa.timestamp("ns", tz="UTC"))
    with pytest.raises(SchemaMismatchError, match="predicted_at"):
        append(tmp_path / "t", rows("a").set_column(2, "predicted_at", instants))


def test_an_empty_batch_is_committed_once_too(tmp_path: Path) -> None:
    assert append(tmp_path / "t", rows()) == (1, True)
    assert append(tmp_path / "t", rows()) == (1, False)
    assert read_table(tmp_path / "t").num_rows == 0


def test_a_partition_value_that_is_no_file_name_survives(tmp_path: Path) -> None:
    odd = "a/b=ü %20"
    append_once(
        tmp_path / "t", rows(odd), app_id="churn", version=1, partition_by=["entity_id"], metadata={}, fsync=False
    )
    assert read_table(tmp_path / "t", filters=[("entity_id", "=", odd)]).column("entity_id").to_pylist() == [odd]


def test_an_earlier_version_can_be_read_after_later_ones(tmp_path: Path) -> None:
    append(tmp_path / "t", rows("a"))
    append(tmp_path / "t", rows("b"), version=2)
    assert read_table(tmp_path / "t", version=1).column("entity_id").to_pylist() == ["a"]
    assert table_version(tmp_path / "t") == 2


def test_a_version_or_table_that_does_not_exist_is_named(tmp_path: Path) -> None:
    append(tmp_path / "t", rows("a"))
    with pytest.raises(NotMaterializedError, match="version 99"):
        read_table(tmp_path / "t", version=99)
    with pytest.raises(NotMaterializedError, match="nowhere"):
        read_table(tmp_path / "nowhere")


def test_a_commit_tells_its_metadata(tmp_path: Path) -> None:
    append(tmp_path / "t", rows("a"))
    found = find_commit(tmp_path / "t", app_id="churn", version=1)
    assert found is not None
    assert (found.delta_version, dict(found.metadata)) == (1, {"run_id": "r1"})
    assert find_commit(tmp_path / "t", app_id="churn", version=2) is None


@contextlib.contextmanager
def full_disk() -> Iterator[None]:
    """Let the operating system refuse every file of more than 100 bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_is_full_while_staging_leaves_no_file_and_the_table_as_it_was(tmp_path: Path) -> None:
    append(tmp_path / "t", rows("a"))
    before = sorted((tmp_path / "t").rglob("*"))
    with full_disk(), pytest.raises(LakeWriteError, match="File too large"):
        append(tmp_path / "t", rows("b"), version=2)
    assert sorted((tmp_path / "t").rglob("*")) == before
    assert table_version(tmp_path / "t") == 1


def test_a_disk_that_is_full_at_the_commit_leaves_the_batch_staged_and_publishable(tmp_path: Path) -> None:
    append(tmp_path / "t", rows("a"))
    staged = stage(tmp_path / "t", rows("b"), PARTITION_BY)
    with full_disk(), pytest.raises(LakeWriteError, match="File too large"):
        publish(staged, app_id="churn", version=2, metadata={})
    assert read_table(tmp_path / "t").num_rows == 1
    assert publish(staged, app_id="churn", version=2, metadata={}).delta_version == 2
