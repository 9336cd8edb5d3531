"""What this process uses of its machine."""

import os
import resource
import sys
import time
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")
_STATM = Path("/proc/self/statm")
_OPEN_FILES = (Path("/proc/self/fd"), Path("/dev/fd"))


def cpu_seconds() -> float:
    """Return the processor time of this process, all its threads together."""
    return time.process_time()


def resident_bytes() -> float:
    """Return the resident memory; where the system tells only the largest so far, that."""
    try:
        return float(int(_STATM.read_text().split()[1]) * _PAGE)
    except OSError:
        largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return float(largest if sys.platform == "darwin" else largest * 1024)


def open_files() -> float:
    """Return the number of open file descriptors; 0 where the system does not tell."""
    shown = next((path for path in _OPEN_FILES if path.is_dir()), None)
    return float(sum(1 for _ in shown.iterdir())) if shown else 0.0
