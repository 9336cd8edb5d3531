"""Spool files: frames, locks and take-over."""

from pathlib import Path

import pytest

from platform_assets.online.spool import Spool, spooled


def filled(directory: Path) -> Spool:
    spool = Spool.create(directory, fsync=True)
    spool.append([b"one", b"two"])
    spool.append([b"three"])
    return spool


def test_batches_come_back_in_order(tmp_path: Path) -> None:
    spool = filled(tmp_path)
    assert list(spool.batches()) == [[b"one", b"two"], [b"three"]]
    spool.close()


@pytest.mark.parametrize("cut", [1, 4, 9])
def test_a_frame_that_a_crash_cut_short_is_ignored(tmp_path: Path, cut: int) -> None:
    spool = filled(tmp_path)
    spool.path.write_bytes(spool.path.read_bytes()[:-cut])
    assert list(spool.batches()) == [[b"one", b"two"]]
    spool.close()


def test_a_damaged_frame_ends_the_reading(tmp_path: Path) -> None:
    spool = filled(tmp_path)
    spool.path.write_bytes(spool.path.read_bytes()[:-1] + b"?")
    assert list(spool.batches()) == [[b"one", b"two"]]
    spool.close()


def test_zeros_that_a_loss_of_power_left_at_the_end_are_ignored(tmp_path: Path) -> None:
    spool = filled(tmp_path)
    spool.path.write_bytes(spool.path.read_bytes() + bytes(64))
    assert list(spool.batches()) == [[b"one", b"two"], [b"three"]]
    spool.close()


def test_a_deleted_file_is_still_read_by_its_owner(tmp_path: Path) -> None:
    spool = filled(tmp_path)
    assert not spool.is_gone
    spool.path.unlink()
    assert spool.is_gone
    assert list(spool.batches()) == [[b"one", b"two"], [b"three"]]
    spool.close()


def test_a_deleted_file_is_written_anew_with_all_that_it_held(tmp_path: Path) -> None:
    spool = filled(tmp_path)
    spool.path.unlink()
    anew = spool.written_anew()
    anew.append([b"four"])
    assert spooled(tmp_path) == [anew.path]
    assert list(anew.batches()) == [[b"one", b"two"], [b"three"], [b"four"]]
    anew.close()


def test_the_file_of_a_living_owner_is_not_taken_over(tmp_path: Path) -> None:
    spool = filled(tmp_path)
    assert Spool.take_over(spool.path) is None
    spool.close()


def test_the_file_of_an_owner_that_ended_is_taken_over_once(tmp_path: Path) -> None:
    filled(tmp_path).close()
    (path,) = spooled(tmp_path)
    taken = Spool.take_over(path)
    assert taken is not None
    assert list(taken.batches()) == [[b"one", b"two"], [b"three"]]
    assert Spool.take_over(path) is None
    taken.delete()
    assert spooled(tmp_path) == []


def test_a_file_that_is_gone_cannot_be_taken_over(tmp_path: Path) -> None:
    assert Spool.take_over(tmp_path / "gone.spool") is None


def test_a_directory_that_does_not_exist_holds_no_spool(tmp_path: Path) -> None:
    assert spooled(tmp_path / "absent") == []
