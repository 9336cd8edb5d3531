"""What the scoring path loads into a process."""

import subprocess
import sys

IMPORT_ALL = """
import importlib, pkgutil, sys
import platform_assets.inference as package
for module in pkgutil.iter_modules(package.__path__):
    importlib.import_module(f"platform_assets.inference.{module.name}")
from platform_assets.inference.lightgbm_library import lightgbm_library
lightgbm_library()
print(sorted({name.partition(".")[0] for name in sys.modules}))
"""


def test_the_scoring_path_loads_none_of_the_heavy_packages() -> None:
    told = subprocess.run([sys.executable, "-c", IMPORT_ALL], check=True, capture_output=True, text=True).stdout
    assert "'msgspec'" in told
    for heavy in ("lightgbm", "pandas", "pyarrow", "sklearn", "scipy", "duckdb"):
        assert f"'{heavy}'" not in told
