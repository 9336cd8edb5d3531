"""A year of the real data in business time: what it changes that a rule asks for a new model.

Needs a home with the real data (`make demo`); writes its tables into the documents. One walk is held to the gates of
the product file, the other to gates that compare the candidate with the release in force.
"""

import datetime as dt
from pathlib import Path

import msgspec
import pytest

from platform_assets.clock import midnight
from platform_assets.contract.datasets import DATASETS
from platform_assets.contract.evaluation import Acceptance, Gate
from platform_assets.contract.product import Product
from platform_assets.settings import PROJECT_ROOT, Settings
from tests.bench.feedback.answers import everybody, in_force
from tests.bench.feedback.home import business_home
from tests.bench.feedback.tables import months_of, outcome_table, request_table
from tests.bench.feedback.walk import at_once, release_first, walk
from tests.bench.guardrails.tables import put_between
from tests.unit.serving.conftest import product_named

PAGE = PROJECT_ROOT / "docs" / "benchmarks" / "feedback.md"
BEGINS = midnight(dt.date(2010, 12, 12))  # the labels of the first cut-off are known
WEEKS = [midnight(dt.date(2010, 12, 13)) + dt.timedelta(days=7 * week) for week in range(52)]
# The bound of the declared calibration gate was set for one season; so was that of its AUC.
COMPARING = Acceptance(metric="brier", allowed_loss=0.0, allowed_unproven_loss=0.0, max_calibration_error=0.35)


def product_with(gates: str) -> Product:
    """Return the product at an early cut-off: with its own gates, or with those that compare with the champion."""
    declared = at_once(product_named("churn"))
    split = msgspec.structs.replace(declared.split, cutoff=dt.date(2010, 9, 10), train_from=dt.date(2010, 3, 10))
    early = msgspec.structs.replace(declared, split=split)
    if gates == "declared":
        return early
    return msgspec.structs.replace(early, gates=(Gate(metric="auc", minimum=0.7),), acceptance=COMPARING)


@pytest.mark.timeout(3600)
@pytest.mark.filterwarnings("ignore:sqlglotrs is deprecated:DeprecationWarning")
@pytest.mark.filterwarnings(r"ignore:fetch_arrow_table\(\) is deprecated:DeprecationWarning")
@pytest.mark.parametrize("gates", ["declared", "comparing"])
def test_a_year_with_and_without_retraining(gates: str, tmp_path: Path) -> None:
    """Walk through the year; whatever comes out is written, and no request is made twice for the same cut-off."""
    full = Settings.from_environment()
    if full.data_source != "full" or not list(full.staging_dir.glob("*.parquet")):
        pytest.skip(f"{full.home} does not hold the full data: run `make demo` first, or set PLATFORM_HOME")
    product = product_with(gates)
    home = business_home(full, tmp_path / "home", product, begins=BEGINS)
    release_first(home, product, BEGINS)
    first = in_force(home.settings, product.name).bundle
    asked = everybody(home.settings, product, WEEKS, known_until=DATASETS[product.dataset].replay_now)
    walked = walk(home, product, asked)
    tables = {
        f"{gates} outcomes": outcome_table(months_of(product, first, asked, walked.answered)),
        f"{gates} requests": request_table(walked),
    }
    print(*tables.values(), *walked.held, sep="\n\n")
    for name, table in tables.items():
        put_between(PAGE, name, table)
    assert len({(one.release_id, one.cutoff) for one in walked.requests}) == len(walked.requests)
