"""Feast's own command line in feature_repo, for people who know Feast."""

import os
import subprocess
import sys
from pathlib import Path

from platform_assets.settings import PROJECT_ROOT


def _feast(home: Path, *arguments: str) -> str:
    environment = {**os.environ, "PLATFORM_HOME": str(home), "PYTHONPATH": str(PROJECT_ROOT), "FEAST_USAGE": "False"}
    command = [str(Path(sys.executable).parent / "feast"), *arguments]
    done = subprocess.run(
        command, cwd=PROJECT_ROOT / "feature_repo", env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_feast_applies_and_lists_the_generated_definitions(tmp_path: Path) -> None:
    _feast(tmp_path, "apply")
    assert (tmp_path / "feast" / "registry.db").exists()
    listed = _feast(tmp_path, "feature-views", "list")
    assert {"customer_orders", "parking_recent", "parking_slot_history", "churn_on_demand"} <= set(listed.split())
