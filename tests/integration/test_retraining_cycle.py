"""The whole way on the sample data: drift is found, a new model is asked for, trained at a newer cut-off, released.

Everything is the platform's own: dbt, Feast, MLflow, gates, ledger, watch. Only who asks changes: one day it is those
alone who have not ordered for a quarter, as when a campaign begins to look for them.
"""

import datetime as dt
from pathlib import Path

import msgspec
import numpy as np
import pyarrow.compute as pc
import pytest

from platform_assets.clock import midnight
from platform_assets.contract.datasets import DATASETS
from platform_assets.contract.evaluation import Acceptance, Gate
from platform_assets.contract.product import Product
from platform_assets.contract.recipes import GradientBoosting
from platform_assets.contract.retraining import Retraining
from platform_assets.features.contracts_raw import validate_raw
from platform_assets.features.dbt_build import dbt_variables, run_dbt
from platform_assets.features.history import append_history
from platform_assets.features.raw_files import fetch_raw
from platform_assets.ledger.incidents import entries
from platform_assets.ledger.retraining import requests
from platform_assets.ledger.run_facts import RunFacts
from platform_assets.orchestration.retraining_request import ask_by_rule
from platform_assets.orchestration.retraining_steps import make_set
from platform_assets.registry.versions import bundle_dir
from platform_assets.settings import Settings
from platform_assets.training.retrain import retrain
from tests.bench.feedback.answers import Asked, everybody, in_force
from tests.bench.feedback.home import BusinessHome, business_home
from tests.bench.feedback.walk import HOUR, Walked, at_once, release_first, walk
from tests.unit.serving.conftest import product_named

FROM, UNTIL = dt.date(2010, 3, 8), dt.date(2011, 4, 20)
CUTOFF = dt.date(2010, 9, 10)
BEGINS = midnight(dt.date(2010, 12, 12))
ORDINARY = [midnight(dt.date(2011, 4, day)) for day in (4, 5, 6)]
CAMPAIGN = [midnight(dt.date(2011, 4, day)) for day in (13, 14, 15, 16, 17, 18, 19)]
WARNINGS = [
    pytest.mark.filterwarnings("ignore:sqlglotrs is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings(r"ignore:fetch_arrow_table\(\) is deprecated:DeprecationWarning"),
]
pytestmark = WARNINGS


def small_churn() -> Product:
    """Return the product with a small model, an early cut-off, and gates that compare: the sample is a twentieth."""
    declared = at_once(product_named("churn"))
    assert isinstance(declared.recipe, GradientBoosting)
    return msgspec.structs.replace(
        declared,
        recipe=msgspec.structs.replace(declared.recipe, rounds=40, min_rows_per_leaf=20),
        split=msgspec.structs.replace(declared.split, cutoff=CUTOFF, train_from=dt.date(2010, 3, 10)),
        gates=(Gate(metric="auc", minimum=0.55),),
        acceptance=Acceptance(metric="brier", max_calibration_error=0.5),
        retraining=Retraining(needs_new_labels=200),
    )


def feature_home(root: Path) -> Settings:
    """Build staging and the history of the product's view from the committed sample, with the real dbt."""
    settings = Settings(home=root, data_source="sample", fsync=False)
    for dataset in DATASETS:
        validate_raw(fetch_raw(dataset, settings, fetched_at=BEGINS), settings)
    build = root / "build"
    variables = dbt_variables(settings, as_of_from=FROM, as_of_to=UNTIL, build_dir=build)
    run_dbt(settings, ["run", "--select", "+customer_orders"], scratch=root / "scratch_dbt", variables=variables)
    append_history(settings, "customer_orders", build / "customer_orders.parquet", known_at=None)
    return settings


def lapsed(asked: Asked) -> Asked:
    """Return only those who have not ordered for a quarter."""
    rows = pc.equal(asked.inputs["order_count_90d"], 0).combine_chunks()
    return Asked(asked.at, asked.inputs.filter(rows), asked.truth[np.asarray(rows)])


@pytest.fixture(scope="module")
def cycle(tmp_path_factory: pytest.TempPathFactory) -> tuple[BusinessHome, Product, Walked]:
    """Walk through a fortnight in which the ones who are asked change, seven months after the cut-off."""
    product = small_churn()
    full = feature_home(tmp_path_factory.mktemp("features"))
    home = business_home(full, tmp_path_factory.mktemp("cycle") / "home", product, begins=BEGINS)
    release_first(home, product, BEGINS)
    known_until = DATASETS[product.dataset].replay_now
    days = everybody(home.settings, product, [*ORDINARY, *CAMPAIGN], known_until=known_until)
    asked = [one if one.at in ORDINARY else lapsed(one) for one in days]
    return home, product, walk(home, product, asked)


def test_as_long_as_the_usual_ones_ask_nothing_is_requested(cycle: tuple[BusinessHome, Product, Walked]) -> None:
    _, _, walked = cycle
    assert all("nothing" in told for told in walked.held[: len(ORDINARY)])


def test_drift_is_answered_by_one_request_that_ends_in_a_release(cycle: tuple[BusinessHome, Product, Walked]) -> None:
    home, product, walked = cycle
    (request,) = walked.requests
    assert [step.state for step in request.steps] == ["started", "candidate", "released"]
    assert request.evidence["promise"] == "rule_score_shift"
    assert request.evidence["value"] > 0.1
    assert in_force(home.settings, product.name).release.model_version == 2
    versions = [one.model_version for one in walked.answered]
    assert versions[0] == 1
    assert versions[-1] == 2, "those who ask on the day after are answered by the new model"


def test_the_new_model_learned_up_to_what_was_known_by_then_and_the_product_file_is_as_it_was(
    cycle: tuple[BusinessHome, Product, Walked],
) -> None:
    home, product, walked = cycle
    learned = in_force(home.settings, product.name).bundle.product
    assert learned.split.cutoff == walked.requests[0].cutoff == dt.date(2011, 1, 10)  # whose 90 days end on 10 April
    assert product.split.cutoff == CUTOFF
    assert msgspec.structs.replace(learned, split=product.split) == product


def test_training_again_from_the_records_gives_the_same_files(cycle: tuple[BusinessHome, Product, Walked]) -> None:
    home, product, _ = cycle
    again = retrain(home.settings, home.ledger, product.name, 2)
    assert again.is_identical
    assert again.is_same_bundle
    assert again.same_measurements


def test_an_ordinary_training_run_does_not_fall_back_behind_the_release_in_force(
    cycle: tuple[BusinessHome, Product, Walked],
) -> None:
    home, product, walked = cycle
    made = make_set(home.settings, home.ledger, product, RunFacts("monthly", CAMPAIGN[-1] + 5 * HOUR, "c" * 16))
    assert made.details["cutoff"] == walked.requests[0].cutoff.isoformat()


def test_the_incident_tells_the_request_and_its_end_and_nothing_is_asked_for_twice(
    cycle: tuple[BusinessHome, Product, Walked],
) -> None:
    home, product, walked = cycle
    incident = walked.requests[0].incident_id
    assert incident is not None
    told = [one.text for one in entries(home.ledger, incident) if "retraining request 1" in one.text]
    assert len(told) == 4
    assert "is in force in place of" in told[-1]
    assert ask_by_rule(home.settings, home.ledger, product, CAMPAIGN[-1] + 6 * HOUR).request is None
    assert len(requests(home.ledger)) == 1


def test_every_version_has_its_bundle(cycle: tuple[BusinessHome, Product, Walked]) -> None:
    home, product, _ = cycle
    assert [bundle_dir(home.settings, product.name, version).is_dir() for version in (1, 2, 3)] == [True, True, False]
