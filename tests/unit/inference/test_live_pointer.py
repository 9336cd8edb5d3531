"""The live pointer: compare-and-set, one winner, never a part."""

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import msgspec
import pytest

from platform_assets.contract.product import Product
from platform_assets.contract.rollout import RolloutPlan
from platform_assets.errors import ModelUnusableError, NoReleaseError, ReleaseConflictError
from platform_assets.inference import live_pointer
from platform_assets.inference.bundle_manifest import BundleManifest, BundleOrigin
from platform_assets.inference.live_pointer import (
    KeptRelease,
    LivePointer,
    LiveRollout,
    SwitchedOff,
    live_path,
    move_live,
    put_live,
    read_live,
    read_settled_live,
)
from platform_assets.inference.pointer_moves import Cause, PointerMove, write_move
from platform_assets.inference.release import make_release, write_release

NOW = dt.datetime(2026, 1, 3, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
BY_ANN = Cause(kind="moved", by="ann", reason="a test")


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


def full_pointer(ids: list[str], sequence: int = 1) -> LivePointer:
    plan = RolloutPlan()
    rollout = LiveRollout(
        rollout_id="r", release_id=ids[1], plan=plan, step_name="canary", step_since=NOW, since=NOW - HOUR
    )
    return LivePointer(
        release_id=ids[0],
        sequence=sequence,
        moved_at=NOW,
        rollout=rollout,
        kept=(KeptRelease(release_id=ids[2], until=NOW + HOUR), KeptRelease(release_id=ids[3], until=NOW)),
        off=SwitchedOff(at=NOW, by="ann", reason="wrong scores"),
    )


def test_a_pointer_with_a_rollout_kept_releases_and_a_switch_reads_back_whole(tmp_path: Path, ids: list[str]) -> None:
    put = put_live(tmp_path, "churn", full_pointer(ids), BY_ANN, fsync=False)
    assert read_live(tmp_path, "churn") == put
    assert put.rollout is not None
    assert put.rollout.share == 0.05


def test_a_pointer_of_a_time_before_rollouts_is_still_read_and_moved(tmp_path: Path, ids: list[str]) -> None:
    old = f'{{"release_id":"{ids[0]}","sequence":3,"moved_at":"2025-12-01T00:00:00Z"}}'
    live_path(tmp_path, "churn").write_text(old)
    live = read_live(tmp_path, "churn")
    assert live is not None
    assert (live.sequence, live.rollout, live.kept, live.off) == (3, None, (), None)
    moved = move_live(tmp_path, "churn", expected_sequence=3, release_id=ids[1], moved_at=NOW, fsync=False)
    assert (moved.release_id, moved.sequence) == (ids[1], 4)


@pytest.mark.parametrize(
    ("damage", "told"), [((b'"canary","step', b'"nowhere","step'), "nowhere"), ((b'"release_id"', b"{"), "live.json")]
)
def test_a_damaged_pointer_is_told_with_its_file(
    tmp_path: Path, ids: list[str], damage: tuple[bytes, bytes], told: str
) -> None:
    put_live(tmp_path, "churn", full_pointer(ids), BY_ANN, fsync=False)
    path = live_path(tmp_path, "churn")
    path.write_bytes(path.read_bytes().replace(*damage))
    with pytest.raises(ModelUnusableError, match=told):
        read_live(tmp_path, "churn")


def test_all_of_the_traffic_for_one_release_ends_the_rollout_and_leaves_the_switch(
    tmp_path: Path, ids: list[str]
) -> None:
    put_live(tmp_path, "churn", full_pointer(ids), BY_ANN, fsync=False)
    moved = move_live(tmp_path, "churn", expected_sequence=1, release_id=ids[4], moved_at=NOW, fsync=False)
    assert (moved.release_id, moved.rollout) == (ids[4], None)
    assert moved.off is not None


def test_a_move_keeps_no_release_beyond_its_instant_and_not_the_one_in_force(tmp_path: Path, ids: list[str]) -> None:
    put_live(tmp_path, "churn", full_pointer(ids), BY_ANN, fsync=False)
    elsewhere = move_live(tmp_path, "churn", expected_sequence=1, release_id=ids[4], moved_at=NOW, fsync=False)
    assert [one.release_id for one in elsewhere.kept] == [ids[2]]
    back = move_live(tmp_path, "churn", expected_sequence=2, release_id=ids[2], moved_at=NOW, fsync=False)
    assert back.kept == ()


def test_a_candidate_that_is_not_stored_changes_nothing(tmp_path: Path, ids: list[str]) -> None:
    with pytest.raises(NoReleaseError):
        put_live(tmp_path, "churn", full_pointer([ids[0], "f" * 16, *ids[2:]]), BY_ANN, fsync=False)
    assert read_live(tmp_path, "churn") is None


@pytest.mark.parametrize("sequence", [1, 3])
def test_a_pointer_that_was_derived_from_another_one_is_refused(tmp_path: Path, ids: list[str], sequence: int) -> None:
    before = put_live(tmp_path, "churn", full_pointer(ids), BY_ANN, fsync=False)
    with pytest.raises(ReleaseConflictError, match=f"at sequence 1, expected {sequence - 1}"):
        put_live(tmp_path, "churn", full_pointer(ids, sequence), BY_ANN, fsync=False)
    assert read_live(tmp_path, "churn") == before


def test_a_move_that_has_begun_is_seen_by_who_waits_for_it(
    tmp_path: Path, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    is_begun, may_go_on = threading.Event(), threading.Event()

    def slowly(releases_dir: Path, move: PointerMove, *, fsync: bool) -> None:
        is_begun.set()
        may_go_on.wait()
        write_move(releases_dir, move, fsync=fsync)

    monkeypatch.setattr(live_pointer, "write_move", slowly)
    with ThreadPoolExecutor(2) as pool:
        mover = pool.submit(
            move_live, tmp_path, "churn", expected_sequence=0, release_id=ids[0], moved_at=NOW, fsync=False
        )
        is_begun.wait()
        seen = pool.submit(read_settled_live, tmp_path, "churn")
        is_early = bool(wait([seen], timeout=0.1).done)
        may_go_on.set()
        assert seen.result() == mover.result()
        assert not is_early
