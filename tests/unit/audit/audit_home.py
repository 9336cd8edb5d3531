"""A home with batches, online answers and all that they were made from, for tests of audits."""

import datetime as dt
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from platform_assets.contract.prediction_log import PredictionLogEntry
from platform_assets.lakehouse.publish import append_once
from platform_assets.ledger.manifest import newest
from platform_assets.monitoring.log_rows import PARTITIONS, log_rows
from platform_assets.settings import Settings
from tests.unit.batch.batch_home import AS_OF, WALL, BatchHome, make_home
from tests.unit.serving.test_prediction_log import ENTRY

SNAPSHOT = "5" * 16
DAY = dt.timedelta(days=1)


def log_answers(settings: Settings, answers: Sequence[PredictionLogEntry], *, version: int = 1) -> None:
    """Put answers into the log as one drained stretch."""
    append_once(
        settings.prediction_log_dir,
        log_rows(answers),
        app_id="log",
        version=version,
        partition_by=PARTITIONS,
        metadata={},
        fsync=False,
    )


def answers(ends: Iterable[str], **facts: object) -> list[PredictionLogEntry]:
    """Return answers with these last characters of their ids."""
    base = f"churn-{AS_OF:%Y%m%d}-o-0123456789abcdef0123"
    return [msgspec.structs.replace(ENTRY, prediction_id=base + end.rjust(4, "0"), **facts) for end in ends]


def record_snapshot_of(home: BatchHome, digest: str = SNAPSHOT) -> str:
    """Put a feature snapshot of the newest history on record."""
    view = home.product.features.views[0].view
    return home.record("online_snapshot", home.product.name, digest, newest(home.ledger, "feature_history", view))


def two_days(root: Path) -> BatchHome:
    """Return a home with a batch of an earlier day, one of the as-of, and answers of every kind."""
    home = make_home(root)
    home.run(AS_OF - 9 * DAY, run_id="run-1")
    home.run(run_id="run-2")
    release = home.batch_run().release.release_id
    record_snapshot_of(home)
    later = WALL + DAY
    log_answers(
        home.settings,
        [
            *answers("123", release_id=release, snapshot_id=SNAPSHOT, snapshot_epoch=1, predicted_at=later),
            *answers("4", release_id=release, snapshot_id=None, fallback="default_score", predicted_at=later),
            *answers("5", release_id=release, fallback="last_batch", as_of=AS_OF, model_version=1, predicted_at=later),
            *answers("67", release_id="another", snapshot_id="another", predicted_at=later),
        ],
    )
    return home
