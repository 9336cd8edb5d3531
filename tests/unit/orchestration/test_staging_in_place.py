"""Staging files reach their readers only after they were built and tested."""

from pathlib import Path

from platform_assets.orchestration.dbt_records import put_in_place


def test_built_files_replace_what_was_there_and_leave_the_others_alone(tmp_path: Path) -> None:
    built, staging = tmp_path / "built", tmp_path / "staging"
    built.mkdir()
    staging.mkdir()
    (built / "orders.parquet").write_text("new")
    (staging / "orders.parquet").write_text("old")
    (staging / "net_spend.parquet").write_text("kept")

    put_in_place(built, staging)

    assert (staging / "orders.parquet").read_text() == "new"
    assert (staging / "net_spend.parquet").read_text() == "kept"
    assert not list(built.iterdir())
