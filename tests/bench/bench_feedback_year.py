"""A year of the real data in business time: what it changes that a rule asks for a new model.

Needs a home with the real data (`make demo`); writes its tables into the documents. Candidates are held to gates that
compare them with the release in force; what the gates of the product file would say is told beside it.
"""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from platform_assets.clock import midnight
from platform_assets.contract.datasets import DATASETS
from platform_assets.contract.evaluation import Acceptance, Gate
from platform_assets.contract.product import Product
from platform_assets.settings import PROJECT_ROOT, Settings
from tests.bench.feedback.answers import Asked, everybody
from tests.bench.feedback.home import BusinessHome, business_home
from tests.bench.feedback.tables import months_of, outcome_table, request_table
from tests.bench.feedback.walk import at_once, release_first, walk
from tests.bench.guardrails.tables import put_between
from tests.unit.serving.conftest import product_named

PAGE = PROJECT_ROOT / "docs" / "benchmarks" / "feedback.md"
BEGINS = midnight(dt.date(2010, 12, 12))  # the labels of the first cut-off are known
# To the end of August 2011: the 90 days of what is answered later end with the data or after it.
WEEKS = [midnight(dt.date(2010, 12, 13)) + dt.timedelta(days=7 * week) for week in range(38)]
# The bound of the declared calibration gate was set for one season; so was that of its AUC.
COMPARING = Acceptance(metric="brier", allowed_loss=0.0, allowed_unproven_loss=0.0, max_calibration_error=0.35)


def early_product() -> Product:
    """Return the product at an early cut-off."""
    declared = at_once(product_named("churn"))
    split = msgspec.structs.replace(declared.split, cutoff=dt.date(2010, 9, 10), train_from=dt.date(2010, 3, 10))
    return msgspec.structs.replace(declared, split=split)


@pytest.mark.timeout(3600)
@pytest.mark.filterwarnings("ignore:sqlglotrs is deprecated:DeprecationWarning")
@pytest.mark.filterwarnings(r"ignore:fetch_arrow_table\(\) is deprecated:DeprecationWarning")
def test_a_year_with_and_without_retraining(tmp_path: Path) -> None:
    """Walk through the year; whatever comes out is written, and no request is made twice for the same cut-off."""
    full = Settings.from_environment()
    if full.data_source != "full" or not list(full.staging_dir.glob("*.parquet")):
        pytest.skip(f"{full.home} does not hold the full data: run `make demo` first, or set PLATFORM_HOME")
    declared = early_product()
    product = msgspec.structs.replace(declared, gates=(Gate(metric="auc", minimum=0.7),), acceptance=COMPARING)
    home = business_home(full, tmp_path / "home", product, begins=BEGINS)
    release_first(home, product, BEGINS)
    asked = everybody(home.settings, product, WEEKS, known_until=DATASETS[product.dataset].replay_now)
    walked = walk(home, product, asked)
    write_tables(home, product, declared, asked)
    assert len({(one.release_id, one.cutoff) for one in walked.requests}) == len(walked.requests)


def write_tables(home: BusinessHome, product: Product, declared: Product, asked: Sequence[Asked]) -> None:
    """Write what the records of a walk say into the document."""
    tables = {
        "outcomes": outcome_table(months_of(home, product, asked)),
        "requests": request_table(home, product, declared),
    }
    print(*tables.values(), sep="\n\n")
    for name, table in tables.items():
        put_between(PAGE, name, table)
