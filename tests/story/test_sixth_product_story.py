"""A sixth product is one new file: nothing else changes, and its whole chain is there."""

import shutil
import subprocess
import sys
from pathlib import Path

from platform_assets.settings import PROJECT_ROOT
from tests.story.sample_platform import sample_environment

GIT = shutil.which("git") or "git"
PRODUCT_FILE = Path(__file__).with_name("sixth_product.py.txt")

_BUILD_ITS_CHAIN = """
import dagster as dg, sys
from platform_assets.definitions import build_definitions
from platform_assets.orchestration.execution import open_instance, run_job
from platform_assets.orchestration.partitions import prediction_key
from platform_assets.processes.dagster_home import prepare_dagster_home
from platform_assets.products._discovery import discover_products
from platform_assets.settings import Settings
from platform_assets.batch.published_view import read_published
import datetime as dt
settings = Settings.from_environment()
instance = open_instance(prepare_dagster_home(settings))
definitions = build_definitions(settings)
run_job(definitions, instance, "reorder_train")
run_job(definitions, instance, "reorder_score", partition_key=prediction_key(dt.date(2011, 12, 10), 1))
run_job(definitions, instance, "reorder_publish")
product = next(p for p in discover_products() if p.name == "reorder")
every = definitions.resolve_asset_graph().get_all_asset_keys()
print("\\n".join(sorted(key.to_user_string() for key in every if key.path[0] == "reorder")))
print("rows", read_published(settings, product).num_rows)
"""


def test_one_new_file_yields_a_trained_scored_and_published_product(
    environment: dict[str, str], settings: object, tmp_path: Path
) -> None:
    assert settings is not None  # the platform has raw data and features
    clone = tmp_path / "clone"
    subprocess.run([GIT, "clone", "-q", str(PROJECT_ROOT), str(clone)], check=True)
    (clone / "platform_assets" / "products" / "reorder.py").write_text(PRODUCT_FILE.read_text())

    result = subprocess.run(
        [sys.executable, "-c", _BUILD_ITS_CHAIN],
        cwd=clone,
        env={**sample_environment(tmp_path), **environment, "PYTHONPATH": str(clone)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 0, result.stderr[-4000:]
    lines = result.stdout.splitlines()
    nouns = {line.split("/")[1] for line in lines if line.startswith("reorder/")}
    assert nouns == {
        "training_set", "preprocessor", "model", "evaluation", "release", "predictions", "published_predictions",
        "online_snapshot", "endpoint", "experiments", "outcomes", "drift",
    }  # fmt: skip
    assert int(lines[-1].split()[1]) > 50
    status = subprocess.run([GIT, "status", "--short"], cwd=clone, capture_output=True, text=True, check=True)
    assert status.stdout == "?? platform_assets/products/reorder.py\n"
