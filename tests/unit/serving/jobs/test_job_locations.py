"""Where jobs may read and write: below the allowed roots, and nowhere else by any spelling."""

import os
from pathlib import Path

import pytest

from platform_assets.errors import OutputExistsError, PathRefusedError
from platform_assets.serving.jobs.locations import Locations

OTHERS = "customer_id\n2\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "exchange"
    (root / "deep").mkdir(parents=True)
    (root / "rows.csv").write_text("customer_id\n1\n")
    (root / "deep" / "rows.csv").write_text("customer_id\n1\n")
    (root / "directory.csv").mkdir()
    (tmp_path / "outside.csv").write_text(OTHERS)
    (tmp_path / "exchange-other").mkdir()
    (tmp_path / "exchange-other" / "rows.csv").write_text(OTHERS)
    (root / "link.csv").symlink_to(tmp_path / "outside.csv")
    (root / "link").symlink_to(tmp_path)
    (root / "circle.csv").symlink_to(root / "circle.csv")
    (root / "inner.csv").symlink_to(root / "deep" / "rows.csv")
    (root / "device.csv").symlink_to("/dev/zero")
    os.mkfifo(root / "pipe.csv")
    return root


ATTACKS = [
    "../outside.csv",
    "deep/../../outside.csv",
    "deep/../rows.csv",
    "file:///{root}/../outside.csv",
    "file:///{root}/%2e%2e/outside.csv",
    "file:///{root}/%2E%2E%2Foutside.csv",
    "{tmp}/outside.csv",
    "file://{tmp}/outside.csv",
    "{tmp}/exchange-other/rows.csv",
    "/etc/passwd",
    "link.csv",
    "link/outside.csv",
    "circle.csv",
    "http://127.0.0.1/rows.csv",
    "https://example.com/rows.csv",
    "s3://data/rows.csv",
    "ftp://host/rows.csv",
    "FILE-X:///rows.csv",
    "file://host{root}/rows.csv",
    "file://127.0.0.1{root}/rows.csv",
    "file:rows.csv",
    "file://{root}/rows.csv?version=1",
    "file://{root}/rows.csv#part",
    "file://[broken/rows.csv",
    "rows.csv\0.txt",
    "rows\0.csv",
    "file://{root}/rows%00.csv",
    "rows\n.csv",
    "device.csv",
    "/dev/zero",
    "pipe.csv",
    "directory.csv",
    "absent.csv",
    "rows.txt",
    "rows",
    "x" * 300 + ".csv",
    "{root}",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_path_that_is_no_file_below_the_roots_is_refused_as_input(root: Path, attack: str) -> None:
    uri = attack.replace("{root}", str(root)).replace("{tmp}", str(root.parent))
    with pytest.raises(PathRefusedError):
        Locations([root]).input(uri)


@pytest.mark.parametrize("attack", [each for each in ATTACKS if each != "absent.csv"])
def test_an_attack_as_output_makes_no_file_and_no_difference(root: Path, attack: str) -> None:
    uri = attack.replace("{root}", str(root)).replace("{tmp}", str(root.parent))
    with pytest.raises((PathRefusedError, OutputExistsError)):
        Locations([root]).output(uri)


def test_nothing_is_told_about_files_outside_the_roots(root: Path) -> None:
    told = set()
    for name in ("outside.csv", "absent.csv"):
        with pytest.raises(PathRefusedError) as refused:
            Locations([root]).input(f"{root.parent}/{name}")
        told.add(str(refused.value))
    assert len(told) == 1


@pytest.mark.parametrize("uri", ["rows.csv", "./rows.csv", "{root}/rows.csv", "file://{root}/rows.csv"])
def test_every_documented_spelling_of_a_file_leads_to_it(root: Path, uri: str) -> None:
    assert Locations([root]).input(uri.replace("{root}", str(root))) == root / "rows.csv"


def test_a_link_to_a_file_below_the_same_root_is_followed(root: Path) -> None:
    assert Locations([root]).input("inner.csv") == root / "deep" / "rows.csv"


def test_an_absolute_path_may_lie_below_any_root_and_a_relative_one_below_the_first(root: Path) -> None:
    other = root.parent / "exchange-other"
    locations = Locations([root, other])
    assert locations.input(f"{other}/rows.csv") == other / "rows.csv"
    assert locations.output("new.csv") == root / "new.csv"


@pytest.mark.parametrize("uri", ["rows.csv", "inner.csv"])
def test_an_output_that_exists_is_never_written(root: Path, uri: str) -> None:
    with pytest.raises(OutputExistsError):
        Locations([root]).output(uri)


def test_an_output_in_a_directory_that_does_not_exist_is_refused(root: Path) -> None:
    with pytest.raises(PathRefusedError, match="directory"):
        Locations([root]).output("absent/out.csv")
