"""A batch scored by workers of Ray is the batch scored in one process, to the last bit."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import pytest

from platform_assets.batch.published_view import read_published
from platform_assets.batch_settings import BatchSettings
from platform_assets.errors import MissingToolError
from tests.unit.batch.batch_home import BatchHome, make_home
from tests.unit.batch.test_streamed_batches import FEW, home_of

ON_RAY = BatchSettings(chunk_rows=7, engine="ray", workers=2)
HAS_RAY = importlib.util.find_spec("ray") is not None


def on_ray(home: BatchHome) -> BatchHome:
    return replace(home, settings=replace(home.settings, batch=ON_RAY))


@pytest.mark.skipif(not HAS_RAY, reason="Ray is not installed: `pip install platform-assets[scale]`")
def test_two_workers_give_the_rows_of_one_process_to_the_last_bit_and_in_the_same_order(tmp_path: Path) -> None:
    batches = []
    for place, change in (("here", lambda home: home), ("on ray", on_ray)):
        home = change(home_of(tmp_path / place.replace(" ", "_"), FEW, chunk_rows=7))
        outcome = home.run()
        assert outcome.published is not None
        batches.append((outcome.published.record.digest, read_published(home.settings, home.product)))
    (digest, rows), (other_digest, other_rows) = batches
    assert other_digest == digest
    assert other_rows.equals(rows)


@pytest.mark.skipif(HAS_RAY, reason="Ray is installed, so nothing is missing")
def test_without_ray_the_batch_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    home = on_ray(make_home(tmp_path))
    with pytest.raises(MissingToolError, match=r"platform-assets\[scale\]"):
        home.run()
    assert not (home.settings.lake_dir / "batch_inputs").exists()
