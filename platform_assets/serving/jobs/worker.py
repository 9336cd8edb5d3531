"""`python -m platform_assets.serving.jobs.worker JOB_DIR`: the process that works on one job.

It takes little of the machine away from the endpoint, and ends with it.
"""

import asyncio
import os
import sys
import threading
from pathlib import Path

from platform_assets.clock import wall_now
from platform_assets.serving.jobs.locks import try_locked
from platform_assets.serving.jobs.order import decode_settings
from platform_assets.serving.jobs.record import JobRecord
from platform_assets.serving.jobs.work import JobWork
from platform_assets.settings import Settings

_NICENESS = 10
_IS_BUSY = 75  # EX_TEMPFAIL: another process has the job in hand


def main() -> int:
    """Work on a job until it has ended; the exit status tells whether it was free."""
    os.nice(_NICENESS)
    line = sys.stdin.buffer.readline()
    settings = decode_settings(line) if line else Settings.from_environment()
    if line:
        threading.Thread(target=_end_with, args=(sys.stdin.fileno(),), daemon=True).start()
    record = JobRecord(Path(sys.argv[1]), fsync=settings.fsync)
    with try_locked(record.lock_path) as is_free:
        if not is_free:
            return _IS_BUSY
        asyncio.run(JobWork(settings=settings, record=record, wall=wall_now).run())
    return 0


def _end_with(endpoint: int) -> None:
    """End this process at once when the endpoint is gone: whatever is not committed is done again."""
    while os.read(endpoint, 1):  # past Python's buffer, whose lock would abort the end of the process
        pass
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
