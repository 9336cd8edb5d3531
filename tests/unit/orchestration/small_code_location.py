"""The whole code location over a home of its own."""

from pathlib import Path

import dagster as dg

from platform_assets.definitions import build_definitions
from platform_assets.settings import Settings


def code_location(home: Path) -> dg.Definitions:
    return build_definitions(Settings(home=home, fsync=False))
