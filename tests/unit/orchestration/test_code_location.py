"""The code location as a whole: it loads, its graph follows from the declarations, and it loads lightly."""

import subprocess
import sys

import dagster as dg
import pytest

from platform_assets.contract.datasets import DATASETS
from platform_assets.contract.guardrails import GUARDRAILS
from platform_assets.contract.product import Product
from platform_assets.definitions import product_assets
from platform_assets.orchestration.promises import FRESHNESS_CHECK
from platform_assets.orchestration.streaming_assets import takes_events
from platform_assets.products._discovery import discover_products
from platform_assets.settings import PROJECT_ROOT, Settings
from tests.unit.orchestration.small_code_location import code_location

HEAVY = ("mlflow", "feast", "lightgbm", "sklearn", "pandera", "pandas", "deltalake", "duckdb", "scipy")
CHAIN = {
    "training_set",
    "preprocessor",
    "model",
    "evaluation",
    "release",
    "predictions",
    "published_predictions",
    "drift",
    "outcomes",
}
ONLINE = {"online_snapshot", "endpoint", "experiments"}
PRODUCTS = discover_products()


@pytest.fixture(scope="module")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    return code_location(tmp_path_factory.mktemp("code_location"))


@pytest.fixture(scope="module")
def specs(definitions: dg.Definitions) -> dict[dg.AssetKey, dg.AssetSpec]:
    return {spec.key: spec for spec in definitions.resolve_all_asset_specs()}


def crons_of(definitions: dg.Definitions) -> dict[str, object]:
    schedules = definitions.schedules or ()
    return {each.name: each.cron_schedule for each in schedules if isinstance(each, dg.ScheduleDefinition)}


def test_the_code_location_loads(definitions: dg.Definitions) -> None:
    dg.Definitions.validate_loadable(definitions)


ONCE = {("prediction_log",), ("incidents",), ("parity",), ("replay_audit",), ("access_policy",), ("access_log",)} | {
    ("figures",),
    ("event_log",),
}


def test_the_assets_of_a_product_follow_from_its_declaration(specs: dict[dg.AssetKey, dg.AssetSpec]) -> None:
    for product in PRODUCTS:
        found = {key.path[1] for key in specs if key.path[0] == product.name}
        streamed = {"streamed_features"} if takes_events(product) else set()
        assert found == streamed | (CHAIN | ONLINE if product.online else CHAIN), product.name


def test_every_other_asset_is_raw_staging_a_feature_view_or_something_that_there_is_once(
    specs: dict[dg.AssetKey, dg.AssetSpec],
) -> None:
    names = {product.name for product in PRODUCTS}
    models = PROJECT_ROOT / "dbt_project" / "models"
    staged = {("staging", path.stem) for path in (models / "staging").glob("*.sql")}
    viewed = {("features", path.stem) for path in (models / "features").glob("*.sql")}
    raw = {("raw", dataset) for dataset in DATASETS}
    found = {tuple(key.path) for key in specs if key.path[0] not in names}
    assert found == staged | viewed | raw | ONCE


def test_every_asset_has_an_owner_a_group_and_a_description(specs: dict[dg.AssetKey, dg.AssetSpec]) -> None:
    for key, spec in specs.items():
        assert spec.owners, key
        assert spec.group_name, key
        assert len(spec.description or "") > 20, key


def test_whatever_others_read_promises_its_freshness_and_declares_the_check_of_it(
    specs: dict[dg.AssetKey, dg.AssetSpec], definitions: dg.Definitions
) -> None:
    checks = definitions.resolve_asset_graph().asset_check_keys
    promising = {key for key, spec in specs.items() if spec.freshness_policy is not None}
    read = {key for key in specs if key.path[-1] in {"published_predictions", "online_snapshot"}}
    assert promising == read
    assert {key.asset_key for key in checks if key.name == FRESHNESS_CHECK} == read


@pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: product.name)
def test_gates_and_guardrails_are_blocking_checks(product: Product, definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    blocking = {
        (key.asset_key.path[1], key.name)
        for key in graph.asset_check_keys
        if key.asset_key.path[0] == product.name and graph.get(key).blocking
    }
    everywhere = ("calibration", "champion", "slices", "schema", "smoke")
    gates = {("evaluation", f"gate_{told}") for told in (*range(len(product.gates)), *everywhere)}
    assert blocking == gates | {("predictions", f"guardrail_{name}") for name in GUARDRAILS}


def test_scoring_does_not_wait_for_training_and_training_not_for_scoring(definitions: dg.Definitions) -> None:
    for product in PRODUCTS:
        train = definitions.resolve_job_def(f"{product.name}_train")
        score = definitions.resolve_job_def(f"{product.name}_score")
        trained = {key.path[1] for key in train.asset_layer.executable_asset_keys}
        scored = {key.path[1] for key in score.asset_layer.executable_asset_keys}
        assert trained == {"training_set", "preprocessor", "model", "evaluation", "release"}
        assert scored == {"predictions"}
    crons = crons_of(definitions)
    for product in PRODUCTS:
        assert crons[f"{product.name}_score_{product.batch.cadence}"] == product.batch.cron
        assert crons[f"{product.name}_train_monthly"] == "0 6 1 * *"


def test_features_are_built_nightly_at_two(definitions: dg.Definitions) -> None:
    crons = crons_of(definitions)
    assert {crons[f"build_features_{dataset}_nightly"] for dataset in DATASETS} == {"0 2 * * *"}


def test_a_product_without_an_online_block_has_no_online_job(definitions: dg.Definitions) -> None:
    jobs = {job.name for job in definitions.jobs or ()}
    for product in PRODUCTS:
        for activity in ("sync", "deploy", "experiment"):
            assert (f"{product.name}_{activity}" in jobs) == (product.online is not None)


def test_the_assets_of_a_product_can_be_built_on_their_own(tmp_path_factory: pytest.TempPathFactory) -> None:
    settings = Settings(home=tmp_path_factory.mktemp("alone"))
    for product in PRODUCTS:
        assert {key.path[0] for each in product_assets(product, settings) for key in each.keys} == {product.name}


def test_importing_the_definitions_loads_no_library_of_a_step() -> None:
    asked = f"import sys, platform_assets.definitions; print([n for n in {HEAVY!r} if n in sys.modules])"
    told = subprocess.run(
        [sys.executable, "-c", asked], cwd=PROJECT_ROOT, check=True, capture_output=True, text=True
    ).stdout
    assert told.strip() == "[]"
