"""When labels are asked for: where a gate judges them; and what is said where there are none."""

from pathlib import Path

import msgspec
import pytest

from platform_assets.contract.product import Product
from platform_assets.monitoring.rollout_labels import Known, StepLabels
from platform_assets.orchestration.label_evidence import known_labels, with_labels
from platform_assets.settings import Settings
from tests.unit.experiments.rollout_samples import START, evidence, seen
from tests.unit.monitoring.experiment_logs import ExperimentHome, answer
from tests.unit.orchestration.test_rollout_decision import rollout
from tests.unit.serving.conftest import product_named


def without_threshold() -> Product:
    product = product_named("churn")
    return msgspec.structs.replace(product, score=msgspec.structs.replace(product.score, threshold=None))


@pytest.mark.parametrize(
    ("step", "product", "reason"),
    [
        ("shadow", product_named("churn"), "copies are not logged"),
        ("all", product_named("churn"), "hard limits alone"),
        ("canary", without_threshold(), "without a threshold"),
    ],
)
def test_a_step_that_no_label_can_judge_is_told_without_a_look_at_the_lake(
    tmp_path: Path, step: str, product: Product, reason: str
) -> None:
    home = ExperimentHome(Settings(home=tmp_path, fsync=False), product)
    home.log([answer(1, "candidate", experiment_id="churn-b-2")])  # without staging files: to read it would fail
    labels = known_labels(home.settings, product, rollout(step), START)
    assert reason in labels.told
    assert (labels.candidate, labels.control) == (Known(), Known())


def test_a_lake_without_a_log_has_none(tmp_path: Path) -> None:
    labels = known_labels(Settings(home=tmp_path), product_named("churn"), rollout(), START)
    assert labels == StepLabels(told="no prediction log was drained to the lake yet")


def test_a_lake_that_cannot_be_read_is_told_and_raises_nothing(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    log = settings.prediction_log_dir / "_delta_log"
    log.mkdir(parents=True)
    (log / f"{0:020d}.json").write_text("half a line")
    labels = known_labels(settings, product_named("churn"), rollout(), START)
    assert labels.told.startswith("the lake cannot be read: ")
    assert labels == StepLabels(told=labels.told)


def test_labels_replace_no_other_figure_of_the_endpoint() -> None:
    told = evidence(seen(500, 3))
    found = with_labels(told, StepLabels(told="", candidate=Known(20, 19), control=Known(400, 380)))
    assert (found.candidate.accuracy, found.control.accuracy) == (0.95, 0.95)
    assert with_labels(found, StepLabels(told="")) == told
