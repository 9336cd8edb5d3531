"""What was live last, remembered on disk: Redis may lose everything, and no epoch may ever be given twice."""

import msgspec

from platform_assets.errors import SnapshotMissingError
from platform_assets.online.slots import Pointer, decode_pointer
from platform_assets.online.snapshot_copy import PackedSnapshot, copy_path, load_copy, replaced
from platform_assets.settings import Settings


def record_live(settings: Settings, service: str, pointer: Pointer) -> None:
    """Remember the pointer of a service beside the copies of its snapshots."""
    with replaced(settings.snapshots_dir / service / "live.json", fsync=settings.fsync) as file:
        file.write(msgspec.json.encode(pointer))


def last_live(settings: Settings, service: str) -> Pointer | None:
    """Return the pointer that was remembered last, None before the first publication."""
    try:
        return decode_pointer((settings.snapshots_dir / service / "live.json").read_bytes())
    except FileNotFoundError:
        return None


def last_epoch(settings: Settings, service: str) -> int:
    """Return the highest epoch that was remembered, 0 before the first publication."""
    live = last_live(settings, service)
    return live.epoch if live else 0


def live_copy(settings: Settings, service: str) -> PackedSnapshot:
    """Return the copy of what was live last.

    Raises SnapshotMissingError when nothing was published or its copy is gone, SnapshotCorruptError for a damaged one.
    """
    live = last_live(settings, service)
    if live is None:
        raise SnapshotMissingError(service=service, problem="nothing was ever published")
    path = copy_path(settings.snapshots_dir, service, live.snapshot_id)
    try:
        return load_copy(path)
    except FileNotFoundError as error:
        raise SnapshotMissingError(service=service, problem=f"its copy {path} is gone") from error
