"""Compiles the kernel at set-up: `python -m platform_assets.inference.native.build [compiler]`. Never while serving."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from platform_assets.inference.native.binary import FLAGS, LIBRARIES, SOURCE, binary_path

COMPILERS = ("cc", "gcc", "clang")
_SECONDS = 300
_INSTEAD = "LightGBM's own library scores: the same bits, more slowly."


def build(target: Path, compilers: Sequence[str] = COMPILERS) -> str:
    """Return one line about the binary at `target`, made with the first compiler found unless it is there.

    It is there as a whole or not at all. Nothing is raised: the platform works without it.
    """
    if target.exists():
        return f"The native engine is built: {target}"
    compiler = next((path for name in compilers if (path := shutil.which(name))), None)
    if compiler is None:
        return f"No native engine, for want of a C compiler ({', '.join(compilers)}). {_INSTEAD}"
    try:
        _compile(compiler, target)
    except (OSError, subprocess.SubprocessError) as error:
        return f"No native engine: {_reason(error)}. {_INSTEAD}"
    return f"Built the native engine with {compiler}: {target}"


def _compile(compiler: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:  # one file system, so that the rename is atomic
        draft = Path(folder, target.name)
        command = [compiler, *FLAGS, str(SOURCE), "-o", str(draft), *LIBRARIES]
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=_SECONDS)
        draft.replace(target)


def _reason(error: OSError | subprocess.SubprocessError) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        complaints = [line for line in error.stderr.splitlines() if "error" in line]
        return complaints[0] if complaints else f"{error.cmd[0]} ended with {error.returncode}"
    return str(error)


if __name__ == "__main__":
    wished = [name for name in sys.argv[1:] if name]
    sys.stdout.write(build(binary_path(), (*wished, *COMPILERS)) + "\n")
