"""What the endpoint would load with the rules of rollouts and experiments."""

import subprocess
import sys

IMPORT_ALL = """
import importlib, pkgutil, sys
import platform_assets.experiments as package
for module in pkgutil.iter_modules(package.__path__):
    importlib.import_module(f"platform_assets.experiments.{module.name}")
print(sorted({name.partition(".")[0] for name in sys.modules}))
"""


def test_rules_and_statistics_load_none_of_the_heavy_packages() -> None:
    told = subprocess.run([sys.executable, "-c", IMPORT_ALL], check=True, capture_output=True, text=True).stdout
    assert "'numpy'" in told
    for heavy in ("scipy", "pandas", "pyarrow", "sklearn", "starlette", "redis", "sqlalchemy"):
        assert f"'{heavy}'" not in told
