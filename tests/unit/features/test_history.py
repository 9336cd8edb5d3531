"""The history of feature views: append-only, idempotent, and honest about when a value became known."""

import datetime as dt
from pathlib import Path
from typing import Any

import duckdb
import pytest

from platform_assets.errors import HistoryConflictError, NotMaterializedError, ViewContractError
from platform_assets.features.history import append_history, history_digest
from platform_assets.inference.durable import write_file
from platform_assets.settings import Settings
from tests.unit.features.feature_samples import (
    ORDERS,
    at,
    order_row,
    settings_with_orders,
    write_build,
    write_contract,
)

VIEW = "customer_orders"
LATER = at(20, 9)


def _stored(settings: Settings) -> list[tuple[Any, ...]]:
    pattern = settings.features_dir / VIEW / "as_of_date=*" / "part-*.parquet"
    with duckdb.connect() as db:
        db.execute("set TimeZone = 'UTC'")
        return db.execute(
            f"""
            select customer_id, event_at::timestamp, known_at::timestamp, order_count, order_gbp_mean
            from read_parquet('{pattern}', hive_partitioning = false) order by all
            """
        ).fetchall()


def _plain(instant: dt.datetime) -> dt.datetime:
    return instant.replace(tzinfo=None)


def _files(settings: Settings) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in settings.features_dir.rglob("*.parquet")}


def test_the_first_rows_of_a_day_count_as_known_at_their_event_time(tmp_path: Path) -> None:
    settings = settings_with_orders(tmp_path)
    built = write_build(tmp_path / "b.parquet", [order_row("1", at(1)), order_row("1", at(2), 2)])
    appended = append_history(settings, VIEW, built, known_at=LATER)
    assert (appended.partitions_written, appended.rows_written) == (2, 2)
    assert [row[2] for row in _stored(settings)] == [_plain(at(1)), _plain(at(2))]


def test_the_same_build_twice_adds_nothing(tmp_path: Path) -> None:
    settings = settings_with_orders(tmp_path)
    built = write_build(tmp_path / "b.parquet", [order_row("1", at(1)), order_row("2", at(1), None, None)])
    first = append_history(settings, VIEW, built, known_at=None)
    second = append_history(settings, VIEW, built, known_at=None)
    assert (second.partitions_written, second.rows_written) == (0, 0)
    assert second.digest == first.digest == history_digest(settings, VIEW)


def test_a_correction_is_appended_with_the_time_it_became_known(tmp_path: Path) -> None:
    settings = settings_with_orders(tmp_path)
    rows = [order_row("1", at(1), 1), order_row("2", at(1), 5)]
    append_history(settings, VIEW, write_build(tmp_path / "b.parquet", rows), known_at=None)
    before = _files(settings)
    rows[0] = order_row("1", at(1), 2)
    appended = append_history(settings, VIEW, write_build(tmp_path / "b.parquet", rows), known_at=LATER)
    assert appended.rows_written == 1
    assert _stored(settings)[:2] == [
        ("1", _plain(at(1)), _plain(at(1)), 1, 1.0),
        ("1", _plain(at(1)), _plain(LATER), 2, 1.0),
    ]
    assert before.items() <= _files(settings).items()


def test_a_correction_back_to_the_first_value_is_kept_too(tmp_path: Path) -> None:
    settings = settings_with_orders(tmp_path)
    for count, known_at in ((1, None), (2, at(10)), (1, at(11))):
        built = write_build(tmp_path / "b.parquet", [order_row("1", at(1), count)])
        append_history(settings, VIEW, built, known_at=known_at)
    assert [row[3] for row in _stored(settings)] == [1, 2, 1]


def test_a_correction_is_known_after_what_it_corrects_even_when_the_clock_stands(tmp_path: Path) -> None:
    settings = settings_with_orders(tmp_path)
    for count in (1, 2):
        built = write_build(tmp_path / "b.parquet", [order_row("1", at(1), count)])
        append_history(settings, VIEW, built, known_at=at(1))
    assert [row[2] for row in _stored(settings)] == [_plain(at(1)), _plain(at(1)) + dt.timedelta(microseconds=1)]


def test_a_new_row_on_a_known_day_became_known_late(tmp_path: Path) -> None:
    settings = settings_with_orders(tmp_path)
    append_history(settings, VIEW, write_build(tmp_path / "b.parquet", [order_row("1", at(1))]), known_at=None)
    built = write_build(tmp_path / "b.parquet", [order_row("1", at(1)), order_row("2", at(1))])
    append_history(settings, VIEW, built, known_at=LATER)
    assert [row[2] for row in _stored(settings)] == [_plain(at(1)), _plain(LATER)]


def test_noise_in_the_last_bits_is_no_correction(tmp_path: Path) -> None:
    settings = settings_with_orders(tmp_path)
    for mean in (0.1 + 0.2, 0.3):
        built = write_build(tmp_path / "b.parquet", [order_row("1", at(1), 1, mean)])
        appended = append_history(settings, VIEW, built, known_at=None)
    assert appended.rows_written == 0


def test_a_value_that_appears_or_vanishes_is_a_correction(tmp_path: Path) -> None:
    settings = settings_with_orders(tmp_path)
    for mean, known_at in ((None, None), (1.0, at(10)), (None, at(11))):
        built = write_build(tmp_path / "b.parquet", [order_row("1", at(1), 1, mean)])
        appended = append_history(settings, VIEW, built, known_at=known_at)
    assert appended.rows_written == 1
    assert [row[4] for row in _stored(settings)] == [None, 1.0, None]


def test_a_correction_without_a_time_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    settings = settings_with_orders(tmp_path)
    append_history(settings, VIEW, write_build(tmp_path / "b.parquet", [order_row("1", at(1))]), known_at=None)
    before = _files(settings)
    built = write_build(tmp_path / "b.parquet", [order_row("1", at(1), 9), order_row("1", at(2))])
    with pytest.raises(HistoryConflictError, match="2011-03-01"):
        append_history(settings, VIEW, built, known_at=None)
    assert _files(settings) == before


def test_a_killed_append_repeated_ends_in_the_same_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [order_row(str(key), at(day), day) for day in range(1, 6) for key in range(3)]
    built = write_build(tmp_path / "b.parquet", rows)
    whole, broken = (settings_with_orders(tmp_path / name) for name in ("whole", "broken"))
    append_history(whole, VIEW, built, known_at=None)
    left = iter(range(2))

    def dying(path: Path, content: bytes, *, fsync: bool) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt
        write_file(path, content, fsync=fsync)

    with monkeypatch.context() as patched:
        patched.setattr("platform_assets.features.history.write_file", dying)
        with pytest.raises(KeyboardInterrupt):
            append_history(broken, VIEW, built, known_at=None)
    again = append_history(broken, VIEW, built, known_at=None)
    assert again.partitions_written == 3
    assert history_digest(broken, VIEW) == history_digest(whole, VIEW)


def test_a_new_version_of_a_view_starts_a_history_of_its_own(tmp_path: Path) -> None:
    built = write_build(tmp_path / "b.parquet", [order_row("1", at(1))])
    append_history(settings_with_orders(tmp_path), VIEW, built, known_at=None)
    built = write_build(tmp_path / "b.parquet", [order_row("1", at(1), 7)])
    settings = settings_with_orders(tmp_path, version=2)
    assert append_history(settings, VIEW, built, known_at=None).rows_written == 1
    assert {path.name for path in settings.features_dir.iterdir()} == {VIEW, f"{VIEW}_v2"}


def test_a_changed_definition_is_not_appended_to_the_history_of_the_old_one(tmp_path: Path) -> None:
    settings = settings_with_orders(tmp_path)
    append_history(settings, VIEW, write_build(tmp_path / "b.parquet", [order_row("1", at(1))]), known_at=None)
    write_contract(settings.project_root, VIEW, {**ORDERS, "order_gbp_max": "DOUBLE"})
    built = write_build(tmp_path / "b.parquet", [{**order_row("1", at(2)), "order_gbp_max": 1.0}])
    with pytest.raises(ViewContractError, match="version"):
        append_history(settings, VIEW, built, known_at=None)


def test_a_build_with_other_columns_is_refused_with_their_names(tmp_path: Path) -> None:
    settings = settings_with_orders(tmp_path)
    built = write_build(tmp_path / "b.parquet", [{**order_row("1", at(1)), "surprise": 1}])
    with pytest.raises(ViewContractError, match="surprise"):
        append_history(settings, VIEW, built, known_at=None)


@pytest.mark.parametrize("rows", [[order_row("1", at(1))] * 2, [{**order_row("1", at(1)), "customer_id": None}]])
def test_a_build_with_repeated_or_keyless_rows_is_refused(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    settings = settings_with_orders(tmp_path)
    with pytest.raises(ViewContractError, match="customer_id, event_at"):
        append_history(settings, VIEW, write_build(tmp_path / "b.parquet", rows), known_at=None)


def test_a_missing_build_names_the_asset_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(NotMaterializedError, match="features/customer_orders"):
        append_history(settings_with_orders(tmp_path), VIEW, tmp_path / "none.parquet", known_at=None)
