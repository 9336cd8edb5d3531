"""Two processes that bring consumers in line at once: whoever looked first must not write an older batch last."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from platform_assets.batch import online_publication, published_view
from platform_assets.batch.online_publication import publish_last_batch
from platform_assets.batch.published_view import write_published_view
from platform_assets.clock import epoch_seconds
from platform_assets.contract.names import last_batch_service
from platform_assets.online.connection import connect
from platform_assets.online.reader import read_sync
from platform_assets.settings import Settings
from tests.unit.batch.batch_home import AS_OF, CUSTOMERS, WALL, BatchHome, make_home
from tests.unit.batch.test_flow import DAY

_LONG_ENOUGH_S = 0.5  # for a rival that nothing holds up


def let_a_rival_in(
    monkeypatch: pytest.MonkeyPatch, module: object, home: BatchHome, follow: Callable[[], object]
) -> threading.Thread:
    """Let another publish and follow a newer batch just after the first has looked what is current."""
    really = published_view.read_publication

    def publish_newer() -> None:
        home.run(AS_OF, run_id="newer")
        follow()

    rival = threading.Thread(target=publish_newer)
    is_first = threading.Lock()

    def read(*arguments: Any, **options: Any) -> object:  # noqa: ANN401 - those of what it stands for
        rows = really(*arguments, **options)
        if threading.current_thread() is not rival and is_first.acquire(blocking=False):
            rival.start()
            rival.join(_LONG_ENOUGH_S)
        return rows

    monkeypatch.setattr(module, "read_publication", read)
    return rival


def test_the_published_file_never_goes_back_to_the_batch_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = make_home(tmp_path)
    home.run(AS_OF - DAY, run_id="older")

    def follow() -> Path:
        return write_published_view(home.settings, home.product, at=WALL).path

    rival = let_a_rival_in(monkeypatch, published_view, home, follow)
    path = follow()
    rival.join()
    assert set(pq.read_table(path).column("run_id").to_pylist()) == {"newer"}


def test_the_last_batch_of_the_endpoint_never_goes_back_to_the_batch_before(
    online_store: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = make_home(online_store.home, settings=online_store)
    home.run(AS_OF - DAY, run_id="older")

    def follow() -> object:
        return publish_last_batch(home.settings, home.ledger, home.product)

    rival = let_a_rival_in(monkeypatch, online_publication, home, follow)
    follow()
    rival.join()
    with connect(home.settings.online_url) as client:
        rows = read_sync(client, last_batch_service("churn"), [list(CUSTOMERS)])
    assert rows.pointer.as_of == epoch_seconds(AS_OF)
    assert np.array_equal(rows.matrix()[:, 2], np.full(len(CUSTOMERS), epoch_seconds(AS_OF)))
