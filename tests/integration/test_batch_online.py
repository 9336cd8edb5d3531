"""What a product publishes to a real online store: its newest features and its last batch, once and traceable."""

from pathlib import Path

import pytest

from platform_assets.batch import online_publication
from platform_assets.batch.online_publication import publish_online
from platform_assets.errors import NotMaterializedError, OnlineStoreUnavailableError
from platform_assets.ledger.artifacts import artifact_id, get_artifact, walk_back
from platform_assets.ledger.snapshots import current_snapshot, snapshots
from platform_assets.settings import Settings
from tests.unit.batch.batch_home import AS_OF, CUSTOMERS, BatchHome, facts, make_home


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.fixture
def home(online_store: Settings, tmp_path: Path) -> BatchHome:
    return make_home(tmp_path, settings=online_store)


def publish(home: BatchHome) -> online_publication.OnlinePublication:
    return publish_online(home.settings, home.ledger, home.product, facts(), as_of=AS_OF)


def test_features_and_last_batch_become_live_together_with_their_age(home: BatchHome) -> None:
    home.run()
    published = publish(home)
    assert published.features.rows == published.last_batch.rows == len(CUSTOMERS)
    assert published.lag_hours == 24.0
    live = current_snapshot(home.ledger, "churn_v1")
    assert live is not None
    assert live.snapshot_id == published.snapshot_id


def test_publishing_the_same_again_writes_nothing_and_keeps_the_snapshot(home: BatchHome) -> None:
    home.run()
    first = publish(home)
    again = publish(home)
    assert again.snapshot_id == first.snapshot_id
    assert (again.features.changed, again.features.deleted, again.last_batch.changed) == (0, 0, 0)
    assert len(snapshots(home.ledger, "churn_v1")) == 1


def test_once_both_slots_are_filled_only_rows_that_differ_are_written(home: BatchHome) -> None:
    home.run()
    first = publish(home)
    day = first.newest_event_at
    for place, value in enumerate((42.0, 43.0)):
        home.write_features({CUSTOMERS[place]: value}, day=day, known_at=day + (AS_OF - day) / 2)
        last = publish(home)
    assert last.snapshot_id != first.snapshot_id
    assert not last.features.was_rebuilt
    assert last.features.changed == 2  # its slot held the first snapshot, two corrections ago


def test_a_snapshot_can_be_traced_even_when_the_run_dies_right_after_it_went_live(
    home: BatchHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object, **__: object) -> None:
        raise Killed

    home.run()
    with monkeypatch.context() as patched:
        patched.setattr(online_publication, "_record_live", die)
        with pytest.raises(Killed):
            publish(home)
    published = publish(home)
    told = artifact_id("online_snapshot", "churn", published.snapshot_id)
    assert get_artifact(home.ledger, told).run_id == facts().run_id
    assert {"raw_file", "staging", "feature_history"} <= {each.kind for each in walk_back(home.ledger, told)}


def test_nothing_is_published_before_the_first_batch(home: BatchHome) -> None:
    with pytest.raises(NotMaterializedError, match="churn/predictions"):
        publish(home)
    assert snapshots(home.ledger, "churn_v1") == []


def test_without_a_store_nothing_counts_as_published(tmp_path: Path, own_port: int) -> None:
    away = Settings(home=tmp_path / "away", redis_url=f"redis://127.0.0.1:{own_port}/0", fsync=False)
    home = make_home(tmp_path, settings=away)
    home.run()
    with pytest.raises(OnlineStoreUnavailableError):
        publish(home)
    assert snapshots(home.ledger, "churn_v1") == []
