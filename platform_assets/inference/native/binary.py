"""Where the compiled kernel lies: in the virtual environment, under a name that changes with its source and flags."""

import hashlib
import site
from pathlib import Path

SOURCE = Path(__file__).with_name("forest.c")
# No contraction and no fast mathematics: both would change bits.
FLAGS = ("-std=c11", "-O3", "-fPIC", "-shared", "-ffp-contract=off", "-fno-fast-math", "-Wall", "-Wextra")
LIBRARIES = ("-lm",)
BUILD_IT = "install a C compiler and run `python -m platform_assets.inference.native.build`."


def binary_path() -> Path:
    """Return the path of the binary of this very source: one of another source is never found there."""
    made_of = "\0".join((*FLAGS, *LIBRARIES)).encode() + SOURCE.read_bytes()
    digest = hashlib.sha256(made_of).hexdigest()[:16]
    return Path(site.getsitepackages()[0], "platform_native", f"forest-{digest}.so")
