"""What runs by itself: the published view after a batch that its guardrails let pass, never after a refused one."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.asset_daemon_cursor import AssetDaemonCursor

from platform_assets.batch.guarding.result import Level
from platform_assets.contract.guardrails import GUARDRAILS
from platform_assets.orchestration.partitions import prediction_key
from platform_assets.settings import Settings
from tests.unit.batch.batch_home import AS_OF
from tests.unit.orchestration.small_code_location import code_location

BATCHES = dg.AssetKey(["churn", "predictions"])
PUBLISHED = dg.AssetKey(["churn", "published_predictions"])


@pytest.fixture(scope="module")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    return code_location(tmp_path_factory.mktemp("automation"))


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


class Automation:
    """Asks again and again what automation requests, as its daemon does."""

    def __init__(self, definitions: dg.Definitions, instance: dg.DagsterInstance) -> None:
        """Start from two known model versions and nothing materialized."""
        self._definitions, self._instance = definitions, instance
        self._cursor: AssetDaemonCursor | None = None
        for name in ("1", "2"):
            instance.add_dynamic_partitions("churn_model_versions", [name])
        self.tick()

    def tick(self) -> bool:
        """Return whether the published view of churn is requested now."""
        result = dg.evaluate_automation_conditions(
            defs=self._definitions,
            instance=self._instance,
            asset_selection=dg.AssetSelection.assets(PUBLISHED),
            cursor=self._cursor,
        )
        self._cursor = result.cursor
        return result.total_requested == 1

    def batch(self, version: int, level: Level = "pass") -> None:
        """Record what a batch leaves: its checks, and a materialization unless it is refused."""
        severity = dg.AssetCheckSeverity.WARN if level == "warn" else dg.AssetCheckSeverity.ERROR
        for name in GUARDRAILS:
            self._instance.report_runless_asset_event(
                dg.AssetCheckEvaluation(
                    asset_key=BATCHES, check_name=f"guardrail_{name}", passed=level == "pass", severity=severity
                )
            )
        if level != "fail":
            key = prediction_key(AS_OF.date(), version)
            self._instance.report_runless_asset_event(dg.AssetMaterialization(BATCHES, partition=key))

    def published(self) -> None:
        self._instance.report_runless_asset_event(dg.AssetMaterialization(PUBLISHED))


@pytest.fixture
def automation(definitions: dg.Definitions, instance: dg.DagsterInstance) -> Automation:
    return Automation(definitions, instance)


def test_a_good_batch_requests_the_published_view_once(automation: Automation) -> None:
    automation.batch(1)
    assert automation.tick()
    automation.published()
    assert not automation.tick()


def test_a_batch_that_a_guardrail_refused_requests_nothing(automation: Automation) -> None:
    automation.batch(1)
    assert automation.tick()
    automation.published()
    assert not automation.tick()
    automation.batch(2, "fail")
    assert not automation.tick()
    assert not automation.tick()


def test_a_batch_that_guardrails_only_warn_of_is_published(automation: Automation) -> None:
    automation.batch(1, "warn")
    assert automation.tick()


def test_the_next_good_batch_after_a_refused_one_is_published(automation: Automation) -> None:
    automation.batch(1, "fail")
    assert not automation.tick()
    automation.batch(1)
    assert automation.tick()


def test_a_batch_of_an_earlier_release_is_published_after_a_move_back(automation: Automation) -> None:
    for version in (1, 2, 1):
        automation.batch(version)
        assert automation.tick(), version
        automation.published()
        assert not automation.tick()


def test_nothing_else_starts_by_itself(definitions: dg.Definitions, tmp_path: Path) -> None:
    assert Settings(home=tmp_path).clock_mode == "replay"
    graph = definitions.resolve_asset_graph()
    automated = {key for key in graph.materializable_asset_keys if graph.get(key).automation_condition is not None}
    assert {key.path[-1] for key in automated} == {
        "published_predictions",
        "parity",
        "figures",
        "replay_audit",
        "drift",
        "outcomes",
    }
