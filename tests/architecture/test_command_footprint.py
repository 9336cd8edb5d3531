"""The command line starts quickly because nothing heavy is loaded before a command needs it."""

import subprocess
import sys

HEAVY = {
    "dagster",
    "mlflow",
    "feast",
    "dbt",
    "pandas",
    "duckdb",
    "deltalake",
    "pyarrow",
    "sqlalchemy",
    "sklearn",
    "lightgbm",
}
PROGRAM = """
import sys
from platform_assets.cli import run
code = run(["--help"])
print("loaded:", code, *sorted({name.split(".")[0] for name in sys.modules}))
"""


def test_showing_the_help_of_the_command_line_loads_no_heavy_package() -> None:
    shown = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    _, code, *loaded = shown.stdout.splitlines()[-1].split()
    assert code == "0"
    assert set(loaded) & HEAVY == set()
