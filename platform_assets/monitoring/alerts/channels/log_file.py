"""A bulletin as one line of JSON in a file: where nothing else is configured, and for what is given up."""

import os

import msgspec

from platform_assets.errors import AlertNotTakenError
from platform_assets.ledger.notifications import Address
from platform_assets.monitoring.alerts.message import Bulletin
from platform_assets.settings import Settings

FILE_NAME = "alerts.jsonl"


def append_to_log(settings: Settings, address: Address, bulletin: Bulletin, *, problem: str | None = None) -> None:
    """Append a bulletin, whole or not at all as far as readers of lines see; raises AlertNotTakenError.

    With a problem it is one that no other channel took.
    """
    line = msgspec.json.encode({"channel": address.channel, "recipient": address.recipient, "problem": problem})
    whole = line[:-1] + b',"bulletin":' + msgspec.json.encode(bulletin) + b"}\n"
    path = settings.logs_dir / FILE_NAME
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        opened = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o640)
        try:
            if not _ends_a_line(opened):  # a disk that was full has cut the line before
                whole = b"\n" + whole
            written = os.write(opened, whole)  # one call, so that lines of several processes do not mix
            if settings.fsync:
                os.fsync(opened)
        finally:
            os.close(opened)
    except OSError as error:
        raise AlertNotTakenError(where=str(path), problem=str(error)) from error
    if written != len(whole):
        raise AlertNotTakenError(where=str(path), problem="the disk took a part of the line only")


def _ends_a_line(opened: int) -> bool:
    size = os.fstat(opened).st_size
    return size == 0 or os.pread(opened, 1, size - 1) == b"\n"
