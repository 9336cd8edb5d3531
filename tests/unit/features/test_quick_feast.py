"""The quick import of Feast leaves nothing changed behind it."""

import subprocess
import sys

from platform_assets.settings import PROJECT_ROOT

_SCRIPT = """
import typeguard
before = typeguard.typechecked
from platform_assets.features.quick_feast import import_feast
import_feast()
import_feast()
import feast
assert typeguard.typechecked is before
feast.Entity(name="customer_id", join_keys=["customer_id"], value_type=feast.ValueType.STRING)
"""


def test_importing_feast_quickly_restores_the_type_checker() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT], cwd=PROJECT_ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
