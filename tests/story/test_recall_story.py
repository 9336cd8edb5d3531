"""A raw file turns out to be bad: one command takes back all that was made from it and tells who has read it."""

import datetime as dt
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from platform_assets.clock import wall_now
from platform_assets.errors import NotMaterializedError, RecalledError
from platform_assets.features.raw_files import current_raw
from platform_assets.ledger.publications import publications
from platform_assets.processes.environment import environment_of
from platform_assets.published.rows import read_published_rows
from platform_assets.settings import PROJECT_ROOT, Settings
from tests.story.promise_watch_home import Readers, WatchedHome, copied_home

PRODUCT = "parking_demand"
DAY = dt.date(2016, 12, 19)
RUN_AT = dt.datetime(2016, 12, 19, 0, 20, tzinfo=dt.UTC)
OWNER, PRICING, BI = "city-operations@example.com", "parking@example.com", "bi@example.com"


def platform(home: WatchedHome, *arguments: str) -> Any:  # noqa: ANN401 - whatever the command tells
    """Run a command of the platform as a person does, in a process of its own."""
    command = [sys.executable, "-m", "platform_assets.cli", *arguments, "--json"]
    environment = environment_of(home.settings)
    done = subprocess.run(command, env=environment, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stderr
    return json.loads(done.stdout)


def states(home: WatchedHome) -> set[str]:
    return {one.state for one in publications(home.ledger, PRODUCT)}


def test_a_recall_of_a_raw_file_takes_its_batches_back_tells_every_reader_and_can_be_lifted(
    settings: Settings, online_store: Settings, told: Readers, tmp_path: Path
) -> None:
    home = copied_home(settings, online_store, PRODUCT, told)
    rows = read_published_rows(home.settings, home.product, at=RUN_AT).table
    raw, ids = current_raw("car_parks", settings).sha256, tmp_path / "ids"
    assert rows.num_rows > 0

    planned = platform(home, "recall", raw, "--dry-run", "--reason", "looked at")
    assert states(home) == {"published"}
    done = platform(home, "recall", raw, "--reason", "the counters were swapped")
    assert sum(one["publication"]["row_count"] for one in planned["batches"]) == rows.num_rows
    assert (states(home), len(done["withdrawn"])) == ({"withdrawn"}, 1)
    platform(home, "impact", raw, "--ids", str(ids))
    assert set(rows["prediction_id"].to_pylist()) <= set(ids.read_text().split())
    with pytest.raises(NotMaterializedError):
        read_published_rows(home.settings, home.product, at=RUN_AT)
    with pytest.raises(RecalledError):
        home.score(DAY, RUN_AT)
    everybody_is_told(home)

    platform(home, "recall", raw, "--lift", "--reason", "they were not swapped after all")
    home.score(DAY, RUN_AT)
    assert read_published_rows(home.settings, home.product, at=RUN_AT).table.num_rows == rows.num_rows


def everybody_is_told(home: WatchedHome) -> None:
    home.send(wall_now())
    (posted,) = home.readers.posted("recall")
    assert posted.probable_cause == "the counters were swapped"
    for reader in (OWNER, PRICING, BI):
        (mail,) = home.readers.mailed(reader)
        assert "Parking demand: predictions are recalled" in mail
        assert "No batch is published." in mail
        assert ("the counters were swapped" in mail) == (reader == OWNER)
