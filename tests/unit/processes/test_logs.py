"""Logs: the end of a long one, a missing one, and one that grew large."""

from pathlib import Path

from platform_assets.processes.logs import last_lines, prepare_log


def test_only_the_last_lines_of_a_log_are_read(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_text("".join(f"line {number}\n" for number in range(50_000)))
    assert last_lines(log, 2) == ["line 49998", "line 49999"]


def test_a_log_that_does_not_exist_has_no_lines(tmp_path: Path) -> None:
    assert last_lines(tmp_path / "x.log", 5) == []


def test_a_large_log_is_moved_aside_at_the_next_start(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "x.log"
    prepare_log(log)
    with log.open("wb") as file:
        file.truncate(20_000_001)
    prepare_log(log)
    assert not log.exists()
    assert log.with_suffix(".log.1").exists()
