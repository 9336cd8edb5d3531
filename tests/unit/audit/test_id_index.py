"""The index of predictions: it follows its table, is made again when it is gone, and never answers with another row."""

import datetime as dt
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest

from platform_assets.audit.id_index import IdIndex, row_at
from platform_assets.errors import LakeWriteError
from platform_assets.lakehouse.publish import append_once

DAY = dt.date(2026, 3, 1)
EVERYWHERE = "product=churn/day=*"


def prediction(number: int) -> str:
    return f"churn-20260301-o-{number:024x}"


@pytest.fixture
def index(tmp_path: Path) -> IdIndex:
    return IdIndex(tmp_path / "table", tmp_path / "index")


def add(index: IdIndex, commit: int, ids: Sequence[str], day: dt.date = DAY) -> None:
    rows = pa.table(
        {
            "prediction_id": pa.array(ids, pa.string()),
            "score": [float(place) for place in range(len(ids))],
            "product": ["churn"] * len(ids),
            "day": pa.array([day] * len(ids), pa.date32()),
        }
    )
    append_once(
        index.table_dir,
        rows,
        app_id=f"test-{commit}",
        version=1,
        partition_by=("product", "day"),
        metadata={},
        fsync=False,
    )


def score_of(index: IdIndex, told: str, first: str = EVERYWHERE) -> float | None:
    found = index.find(told, first=first, folders=EVERYWHERE)
    return None if found is None else found.row["score"]


def test_what_was_committed_a_moment_ago_is_found_with_the_columns_of_its_partition(index: IdIndex) -> None:
    assert score_of(index, prediction(1)) is None
    add(index, 1, [prediction(number) for number in range(5)])
    found = index.find(prediction(3), first=f"product=churn/day={DAY}", folders=EVERYWHERE)
    assert found is not None
    assert (found.place, found.row["day"], found.row["product"]) == (3, "2026-03-01", "churn")
    add(index, 2, [prediction(7)])
    assert score_of(index, prediction(7)) == 0.0


def test_a_row_of_another_day_than_its_id_says_is_found_all_the_same(index: IdIndex) -> None:
    add(index, 1, [prediction(1)], day=DAY + dt.timedelta(days=300))
    assert score_of(index, prediction(1), first=f"product=churn/day={DAY}") == 0.0


def test_many_small_files_are_merged_and_every_row_stays_found(index: IdIndex) -> None:
    for commit in range(1, 21):
        add(index, commit, [prediction(commit * 10 + number) for number in range(3)])
        index.catch_up()
    assert len(list(index.index_dir.rglob("*.pack"))) <= 9
    assert [score_of(index, prediction(commit * 10 + 2)) for commit in range(1, 21)] == [2.0] * 20
    assert index.catch_up() == 0


def test_a_deleted_index_is_made_again(index: IdIndex) -> None:
    add(index, 1, [prediction(1), prediction(2)])
    assert score_of(index, prediction(2)) == 1.0
    shutil.rmtree(index.index_dir)
    assert score_of(index, prediction(2)) == 1.0


def test_ids_with_the_same_key_are_told_apart(index: IdIndex) -> None:
    same = [f"churn-20260301-o-{'a' * 16}{end:08x}" for end in range(4)]
    add(index, 1, [*same, "churn-20260301-o-no number", "churn-20260301-o-"])
    assert [score_of(index, told) for told in same] == [0.0, 1.0, 2.0, 3.0]
    assert score_of(index, f"churn-20260301-o-{'a' * 24}") is None
    assert score_of(index, "churn-20260301-o-no number") == 4.0


def test_readers_at_once_all_find_their_rows_while_packs_are_merged(index: IdIndex) -> None:
    def work(number: int) -> float | None:
        if number % 4 == 0:
            add(index, number // 4 + 2, [prediction(1000 + number)])
        return score_of(index, prediction(number % 50))

    add(index, 1, [prediction(number) for number in range(50)])
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(60))) == [float(number % 50) for number in range(60)]


def test_an_index_that_cannot_be_written_is_told_and_not_taken_for_an_unknown_id(index: IdIndex) -> None:
    add(index, 1, [prediction(1)])
    index.index_dir.write_text("a file where a directory is to be")
    with pytest.raises(LakeWriteError, match="the index of its predictions cannot be written"):
        score_of(index, prediction(1))


def test_a_place_beyond_the_end_of_a_file_is_no_row(index: IdIndex) -> None:
    add(index, 1, [prediction(1)])
    path = next(index.table_dir.rglob("*.parquet"))
    assert row_at(path, 1) is None
    assert row_at(path, 0) is not None
