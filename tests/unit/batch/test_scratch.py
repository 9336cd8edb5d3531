"""Working files of a run are gone when it ends, however it ends."""

import os
import signal
from pathlib import Path

import pytest

from platform_assets.batch.scratch import scratch
from platform_assets.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


def in_a_process_of_its_own(settings: Settings) -> tuple[int, int]:
    """Write a working file in a process that goes on for ever; return its id and a pipe that tells when it is there."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        with scratch(settings) as directory:
            (directory / "rows").write_text("many")
            os.write(writing, b"!")
            signal.pause()
    os.close(writing)
    assert os.read(reading, 1) == b"!"
    return child, reading


def test_the_directory_is_gone_after_a_failure(settings: Settings) -> None:
    def fail() -> None:
        with scratch(settings) as directory:
            (directory / "rows").write_text("many")
            (directory / "rows").mkdir()

    with pytest.raises(FileExistsError):
        fail()
    assert [path for path in (settings.scratch_dir / "batch").iterdir() if path.is_dir()] == []


def test_what_a_killed_run_left_is_deleted_by_the_next_and_what_another_works_with_is_not(settings: Settings) -> None:
    child, reading = in_a_process_of_its_own(settings)
    try:
        with scratch(settings) as own:
            others = [path for path in own.parent.iterdir() if path.is_dir() and path != own]
            assert [(path / "rows").read_text() for path in others] == ["many"]
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(reading)
    with scratch(settings) as own:
        assert [path for path in own.parent.iterdir() if path.is_dir()] == [own]
