"""What a demo leaves behind, stage by stage: a killed one goes on where it stopped, a finished one changes nothing."""

import hashlib

import msgspec

from platform_assets.code_version import code_version
from platform_assets.inference.durable import write_file
from platform_assets.settings import Settings


class DemoRecord(msgspec.Struct, frozen=True, kw_only=True):
    """For which code, data and clock a demo ran, what each finished stage took and which predictions it made."""

    fingerprint: str
    stage_seconds: dict[str, float] = {}
    prediction_ids: tuple[str, ...] = ()
    peak_memory_mib: float = 0.0


def fingerprint(settings: Settings) -> str:
    """Return what decides the outcome of a demo: code, data source, clock and the online store."""
    told = f"{code_version()} {settings.data_source} {settings.clock_mode} {settings.online_url}"
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def read_record(settings: Settings) -> DemoRecord:
    """Return the record of a demo with the present code and settings, an empty one when there is none."""
    path = settings.home / "demo.json"
    if path.exists():
        record = msgspec.json.decode(path.read_bytes(), type=DemoRecord)
        if record.fingerprint == fingerprint(settings):
            return record
    return DemoRecord(fingerprint=fingerprint(settings))


def keep_record(settings: Settings, record: DemoRecord) -> None:
    """Keep the record; it appears whole or not at all."""
    settings.home.mkdir(parents=True, exist_ok=True)
    write_file(settings.home / "demo.json", msgspec.json.format(msgspec.json.encode(record)), fsync=settings.fsync)
