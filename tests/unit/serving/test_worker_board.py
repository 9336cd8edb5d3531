"""What workers tell each other survives them, and whoever keeps ending is started later and later."""

from pathlib import Path

import pytest

from platform_assets.serving.telemetry.tallies import Tallies, count, open_cell
from platform_assets.serving.workers.board import FileBoard, board_dir, clear_board
from platform_assets.serving.workers.restarts import Backoff
from platform_assets.settings import Settings


def tallies(worker: str, refused: int) -> Tallies:
    told = Tallies.empty(worker)
    count(told.counters["platform_refused_requests"], ("queue_full",), refused)
    open_cell(told.histograms["platform_stage_seconds"], ("demo", "score"))[0] = 3.0
    told.gauges["platform_requests_in_flight"][()] = 2.0
    told.told_at = 12.5
    return told


def test_what_a_worker_tells_is_read_by_the_others_as_it_was(tmp_path: Path) -> None:
    FileBoard(tmp_path, "worker-0").tell(tallies("0", 4))
    assert FileBoard(tmp_path, "worker-1").others() == [tallies("0", 4)]
    assert FileBoard(tmp_path, "worker-0").others() == []


def test_the_next_worker_of_a_place_finds_what_the_one_before_it_told(tmp_path: Path) -> None:
    assert FileBoard(tmp_path, "worker-0").before() is None
    FileBoard(tmp_path, "worker-0").tell(tallies("0", 4))
    assert FileBoard(tmp_path, "worker-0").before() == tallies("0", 4)


def test_a_telling_that_was_cut_short_leaves_the_one_before_in_place(tmp_path: Path) -> None:
    board = FileBoard(tmp_path, "worker-0")
    board.tell(tallies("0", 4))
    (tmp_path / "worker-0.draft").write_bytes(b"half a")
    assert FileBoard(tmp_path, "worker-1").others() == [tallies("0", 4)]


def test_a_file_that_is_no_telling_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "worker-7.counts").write_bytes(b"\x00nonsense")
    assert FileBoard(tmp_path, "worker-0").others() == []


def test_a_new_endpoint_counts_from_nothing_and_leaves_the_board_of_another_port_alone(tmp_path: Path) -> None:
    mine, other = (board_dir(Settings(home=tmp_path, endpoint_port=port)) for port in (8000, 8001))
    for directory in (mine, other):
        clear_board(directory)
        FileBoard(directory, "worker-0").tell(tallies("0", 4))
    clear_board(mine)
    assert FileBoard(mine, "worker-1").others() == []
    assert len(FileBoard(other, "worker-1").others()) == 1


def test_a_worker_that_ends_again_and_again_is_started_later_and_later_up_to_a_limit() -> None:
    backoff = Backoff()
    delays = [backoff.after_life_of(0.5) for _ in range(12)]
    assert delays[:4] == pytest.approx([0.2, 0.4, 0.8, 1.6])
    assert delays[-1] == 30.0
    assert backoff.is_failing


def test_a_worker_that_lived_for_a_while_is_started_again_at_once() -> None:
    backoff = Backoff()
    for _ in range(5):
        backoff.after_life_of(0.5)
    assert backoff.after_life_of(60.0) == pytest.approx(0.2)
    assert not backoff.is_failing
