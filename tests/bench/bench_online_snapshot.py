"""What writing only changed rows saves: a publication with 3 % changed rows against one with all rows changed."""

import time

import numpy as np

from platform_assets.online.connection import connect
from platform_assets.online.layout import ViewLayout, build_manifest
from platform_assets.online.snapshot_copy import KeySetTable
from platform_assets.online.snapshot_writer import publish_snapshot
from platform_assets.settings import Settings

ROWS, COLUMNS, CHANGED = 100_000, 20, 0.03
MANIFEST = build_manifest(
    "bench", [ViewLayout(name="v", join_keys=("id",), columns=tuple(f"c{number}" for number in range(COLUMNS)))]
)


def test_publishing_changed_rows_only_against_all_rows(online_store: Settings) -> None:
    """Print seconds and their ratio; the number of rows written is checked, the time is only told."""
    rng = np.random.default_rng(7)
    client = connect(online_store.online_url)
    values = rng.normal(size=(ROWS, COLUMNS))
    seconds, written = [], []
    # Two slots take turns, so each of them holds the first values before the measured publications.
    for step in range(4):
        values = values.copy()
        if step == 1:
            values += 1.0
        elif step > 1:
            chosen = rng.choice(ROWS, size=int(ROWS * CHANGED), replace=False)
            values[chosen] += 1.0
        table = KeySetTable(key_columns=[np.arange(ROWS)], event_times=np.zeros((ROWS, 1)), values=values)
        start = time.perf_counter()
        done = publish_snapshot(
            client, MANIFEST, [table], as_of=float(step), snapshot_id=f"s{step}", settings=online_store
        )
        seconds.append(time.perf_counter() - start)
        written.append(done.changed)
    print(
        f"\nall rows: {seconds[1]:.2f} s, {written[1]} written; changed rows: {seconds[3]:.2f} s, {written[3]} written"
    )
    print(f"ratio of times: {seconds[1] / seconds[3]:.1f}")
    assert written[1] == ROWS
    assert written[3] <= 2 * ROWS * CHANGED
