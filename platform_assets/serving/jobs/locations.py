"""Which files a job may read and write: regular files below the allowed roots, named by file URI or by path.

Whoever may write below a root is trusted with everything below that root and with nothing outside it.
"""

import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from platform_assets.errors import OutputExistsError, PathRefusedError

SUFFIXES = (".csv", ".parquet")
_UNFOLLOWED = "the path cannot be followed"
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


@dataclass(frozen=True, slots=True)
class Locations:
    """Resolves what callers name. Nothing is told about files outside the roots, not even whether they exist."""

    roots: Sequence[Path]

    def input(self, uri: str) -> Path:
        """Return the regular file that is to be read; raises PathRefusedError."""
        path = self._resolve(uri, "$.input_uri")
        if not _is_regular(path):
            raise PathRefusedError(where="$.input_uri", problem=f"there is no regular file {uri!r}")
        return path

    def output(self, uri: str) -> Path:
        """Return the file that is to be made; raises PathRefusedError, and OutputExistsError when it is there."""
        path = self._resolve(uri, "$.output_uri")
        try:
            has_directory, exists = path.parent.is_dir(), path.exists()
        except OSError:  # a name that is too long
            raise PathRefusedError(where="$.output_uri", problem=_UNFOLLOWED) from None
        if not has_directory:
            raise PathRefusedError(where="$.output_uri", problem=f"the directory of {uri!r} does not exist")
        if exists:
            raise OutputExistsError(output_uri=uri)
        return path

    def _resolve(self, uri: str, where: str) -> Path:
        path = _path_of(uri, where)
        if path.suffix not in SUFFIXES:
            raise PathRefusedError(where=where, problem=f"name a file that ends in {' or '.join(SUFFIXES)}")
        if ".." in path.parts:
            raise PathRefusedError(where=where, problem="a path must not hold '..'")
        roots = [root.resolve() for root in self.roots]
        try:
            resolved = (roots[0] / path).resolve()
        except (OSError, RuntimeError):  # too long, or links in a circle
            raise PathRefusedError(where=where, problem=_UNFOLLOWED) from None
        if not any(resolved.is_relative_to(root) for root in roots):
            raise PathRefusedError(where=where, problem="the path leads outside the directories that jobs may use")
        if resolved.suffix not in SUFFIXES:
            raise PathRefusedError(where=where, problem="the path leads to a file of another kind")
        return resolved


def _path_of(uri: str, where: str) -> Path:
    """Return the path that a file URI or a plain path names, undecoded bytes and other schemes refused."""
    text = _decoded(uri, where) if _SCHEME.match(uri) else uri
    if not text.isprintable():
        raise PathRefusedError(where=where, problem="a path must not hold control characters")
    return Path(text)


def _decoded(uri: str, where: str) -> str:
    try:
        parts = urlsplit(uri)
    except ValueError:
        raise PathRefusedError(where=where, problem="this is no URI") from None
    if parts.scheme != "file":
        raise PathRefusedError(where=where, problem="only file URIs and plain paths can be used")
    if parts.netloc not in {"", "localhost"} or parts.query or parts.fragment:
        raise PathRefusedError(where=where, problem="a file URI has a path alone, as in file:///directory/file.csv")
    if not parts.path.startswith("/"):
        raise PathRefusedError(where=where, problem="a file URI holds an absolute path")
    return unquote(parts.path)


def _is_regular(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False
