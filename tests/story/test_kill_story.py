"""The demo is killed in the middle of every stage and still ends in the rows of an undisturbed one."""

import random
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from platform_assets.batch.published_view import read_published
from platform_assets.commands.demo import STAGES
from platform_assets.lakehouse.read import read_table
from platform_assets.processes.control import stop_all
from platform_assets.settings import Settings
from tests.story.sample_platform import kill_demo, sample_environment, sample_products, start_demo

SEED = 20111209
_WHAT_A_ROW_SAYS = ["row_key", "as_of", "model_version", "score", "label", "uncertainty"]


@pytest.mark.timeout(1500)
def test_a_demo_killed_in_every_stage_ends_in_the_same_published_rows(settings: Settings, tmp_path: Path) -> None:
    chance = random.Random(SEED)  # noqa: S311 - chooses instants, no secret
    (tmp_path / "home").mkdir()
    environment, log = sample_environment(tmp_path / "home"), tmp_path / "demo.log"
    killed = Settings.from_environment(environment)
    try:
        kills = 0
        for position in range(1, len(STAGES) + 1):
            process = start_demo(environment, log)
            kills += _kill_in_stage(process, log, position, after_seconds=chance.uniform(0.0, 2.0))
            log.unlink()
        assert kills >= len(STAGES) - 1, "only the last stage may end before it is killed"
        process = start_demo(environment, log)
        assert process.wait(timeout=900) == 0, log.read_text()[-4000:]

        for product in sample_products():
            expected = read_published(settings, product).select(_WHAT_A_ROW_SAYS).sort_by("row_key")
            actual = read_published(killed, product).select(_WHAT_A_ROW_SAYS).sort_by("row_key")
            assert actual.equals(expected), product.name
            ids = read_table(killed.predictions_dir / product.name, columns=["prediction_id"]).column("prediction_id")
            assert len(ids) == len(ids.unique()) == actual.num_rows, product.name
    finally:
        process.kill()
        process.wait()
        stop_all(killed)


def _kill_in_stage(process: subprocess.Popen[bytes], log: Path, position: int, *, after_seconds: float) -> bool:
    """Kill a demo so long after a stage began, or when that stage is done; False when it had ended by itself."""
    began = f"[{position}/{len(STAGES)}]"
    _wait(process, 600, lambda: began in log.read_text())
    _wait(process, after_seconds, lambda: "done in" in log.read_text().partition(began)[2])
    was_killed = process.poll() is None
    if was_killed:
        kill_demo(process)
    return was_killed


def _wait(process: subprocess.Popen[bytes], seconds: float, is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None and not is_so():
        time.sleep(0.01)
