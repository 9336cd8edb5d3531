"""The live pointer: compare-and-set, one winner, never a part."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from platform_assets.contract.product import Product
from platform_assets.errors import NoReleaseError, ReleaseConflictError
from platform_assets.inference.bundle_manifest import BundleManifest, BundleOrigin
from platform_assets.inference.live_pointer import move_live, read_live
from platform_assets.inference.release import make_release, write_release

NOW = dt.datetime(2026, 1, 3, tzinfo=dt.UTC)


@pytest.fixture
def ids(tmp_path: Path, churn: Product, origin: BundleOrigin) -> list[str]:
    manifest = BundleManifest(**msgspec.structs.asdict(origin), files={})
    made = [
        make_release(churn, manifest, bundle_path="bundles/churn/3", created_at=NOW, reason=str(number))
        for number in range(8)
    ]
    for release in made:
        write_release(tmp_path, release, fsync=False)
    return [release.release_id for release in made]


def test_nothing_is_live_before_the_first_move(tmp_path: Path) -> None:
    assert read_live(tmp_path, "churn") is None


def test_each_move_counts_even_a_move_back(tmp_path: Path, ids: list[str]) -> None:
    for sequence, target in enumerate((ids[0], ids[1], ids[0])):
        moved = move_live(tmp_path, "churn", expected_sequence=sequence, release_id=target, moved_at=NOW, fsync=False)
        assert moved == read_live(tmp_path, "churn")
        assert (moved.release_id, moved.sequence) == (target, sequence + 1)


def test_a_caller_with_an_old_view_is_refused(tmp_path: Path, ids: list[str]) -> None:
    move_live(tmp_path, "churn", expected_sequence=0, release_id=ids[0], moved_at=NOW, fsync=False)
    with pytest.raises(ReleaseConflictError, match="at sequence 1, expected 0"):
        move_live(tmp_path, "churn", expected_sequence=0, release_id=ids[1], moved_at=NOW, fsync=False)


def test_of_many_movers_at_once_exactly_one_wins(tmp_path: Path, ids: list[str]) -> None:
    def attempt(target: str) -> bool:
        try:
            move_live(tmp_path, "churn", expected_sequence=0, release_id=target, moved_at=NOW, fsync=False)
        except ReleaseConflictError:
            return False
        return True

    with ThreadPoolExecutor(len(ids)) as pool:
        assert sum(pool.map(attempt, ids)) == 1


def test_a_release_that_is_not_stored_cannot_go_live(tmp_path: Path, ids: list[str]) -> None:
    with pytest.raises(NoReleaseError):
        move_live(tmp_path, "churn", expected_sequence=0, release_id="f" * 16, moved_at=NOW)
    assert ids
    assert read_live(tmp_path, "churn") is None
