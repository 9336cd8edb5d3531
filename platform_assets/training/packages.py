"""Which versions of other packages train: another one may give another model from the same rows."""

import platform
from functools import cache
from importlib.metadata import version

_PACKAGES = ("lightgbm", "numpy", "pyarrow", "scikit-learn")


@cache
def package_versions() -> dict[str, str]:
    """Return the version of Python and of every package that decides the bytes of a pair."""
    return {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}}
