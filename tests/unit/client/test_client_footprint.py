"""Importing the client is light: a program that wants predictions does not load the platform."""

import subprocess
import sys

PROGRAM = """
import sys
import platform_assets.client.async_client
import platform_assets.client.client
print(*sorted({name.split(".")[0] for name in sys.modules}))
print(*sorted(name for name in sys.modules if name.startswith("platform_assets.")))
"""
HEAVY = {"numpy", "pandas", "pyarrow", "starlette", "uvicorn", "redis", "prometheus_client", "lightgbm", "dagster"}


def test_importing_the_client_loads_no_server_and_no_numbers() -> None:
    shown = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    packages, modules = (set(line.split()) for line in shown.stdout.splitlines())
    assert packages & HEAVY == set()
    assert {"httpx", "msgspec"} <= packages
    assert not {name for name in modules if name.startswith(("platform_assets.online", "platform_assets.products"))}
