"""Experiments on disk: a life of draft, running and stopped, one at a time, and never beside a rollout."""

import threading
from pathlib import Path

import msgspec
import pytest

from platform_assets.contract.evaluation import Label
from platform_assets.contract.experiment_rules import broken_product_experiment_rules
from platform_assets.contract.experiments import Metric, Variant
from platform_assets.contract.product import Product
from platform_assets.contract.rollout import RolloutPlan
from platform_assets.errors import (
    ExperimentStateError,
    InvalidExperimentError,
    ModelUnusableError,
    PlatformError,
    UnknownExperimentError,
)
from platform_assets.inference.live_pointer import read_live
from platform_assets.products._discovery import discover_products
from platform_assets.rollouts import moves
from platform_assets.rollouts.experiments import (
    create,
    read_experiment,
    read_experiments,
    running_experiment,
    start,
    stop,
)
from platform_assets.rollouts.experiments_course import pause
from tests.unit.rollouts.experiment_samples import PRODUCT, comparison, two_releases, word

DECLARED: Product = next(product for product in discover_products() if product.name == PRODUCT)
ACCURACY = Metric(name="accuracy", margin=0.01)
VALUE = Metric(name="value", margin=1.0)


def declaring(**online: object) -> Product:
    assert DECLARED.online is not None
    return msgspec.structs.replace(DECLARED, online=msgspec.structs.replace(DECLARED.online, **online))


def test_a_draft_names_the_ids_of_the_releases_that_it_compares(tmp_path: Path) -> None:
    pointers, first, second = two_releases(tmp_path)
    record = create(pointers, DECLARED, comparison(), word())
    assert [variant.release for variant in record.experiment.variants] == [first.release_id, second.release_id]
    assert record.state == "draft"
    assert read_experiments(tmp_path, PRODUCT) == [record]
    assert running_experiment(tmp_path, PRODUCT) is None


def test_every_change_keeps_who_made_it_when_and_why(tmp_path: Path) -> None:
    pointers, *_ = two_releases(tmp_path)
    create(pointers, DECLARED, comparison(), word("the second is trained on more"))
    start(pointers, PRODUCT, "newer-model", word("approved by the owner", minutes=5))
    record = stop(pointers, PRODUCT, "newer-model", word("enough was seen", minutes=9))
    assert record == read_experiment(tmp_path, PRODUCT, "newer-model")
    assert [(one.state, one.by, one.reason) for one in record.changes] == [
        ("draft", "ada", "the second is trained on more"),
        ("running", "ada", "approved by the owner"),
        ("stopped", "ada", "enough was seen"),
    ]
    assert (record.started_at, record.stopped_at) == (word(minutes=5).at, word(minutes=9).at)


def test_what_was_stopped_never_starts_again(tmp_path: Path) -> None:
    pointers, *_ = two_releases(tmp_path)
    create(pointers, DECLARED, comparison(), word())
    stop(pointers, PRODUCT, "newer-model", word("not wanted"))
    with pytest.raises(ExperimentStateError, match="only a draft can start"):
        start(pointers, PRODUCT, "newer-model", word())
    with pytest.raises(ExperimentStateError, match="ada stopped it at 2026-03-01T09:00:00"):
        stop(pointers, PRODUCT, "newer-model", word())


def test_an_id_is_used_once_since_it_is_the_salt_of_the_assignment(tmp_path: Path) -> None:
    pointers, *_ = two_releases(tmp_path)
    create(pointers, DECLARED, comparison(), word())
    with pytest.raises(ExperimentStateError, match="it is draft now"):
        create(pointers, DECLARED, comparison(), word())


def test_one_experiment_of_a_product_runs_at_a_time(tmp_path: Path) -> None:
    pointers, *_ = two_releases(tmp_path)
    for name in ("one", "two"):
        create(pointers, DECLARED, comparison(id=name), word())
    start(pointers, PRODUCT, "one", word())
    with pytest.raises(ExperimentStateError, match="'one' is running; stop it first"):
        start(pointers, PRODUCT, "two", word())
    stop(pointers, PRODUCT, "one", word())
    assert start(pointers, PRODUCT, "two", word()).state == "running"


def test_of_many_that_stop_an_experiment_at_once_one_does_and_the_others_are_told(tmp_path: Path) -> None:
    pointers, *_ = two_releases(tmp_path)
    create(pointers, DECLARED, comparison(), word())
    start(pointers, PRODUCT, "newer-model", word())
    refused: list[PlatformError] = []
    gate = threading.Barrier(8)

    def stop_it() -> None:
        gate.wait()
        try:
            stop(pointers, PRODUCT, "newer-model", word())
        except ExperimentStateError as error:
            refused.append(error)

    threads = [threading.Thread(target=stop_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 7
    assert read_experiment(tmp_path, PRODUCT, "newer-model").sequence == 3


def test_no_experiment_starts_beside_a_rollout_and_a_rollout_pauses_a_running_one(tmp_path: Path) -> None:
    pointers, first, second = two_releases(tmp_path)
    create(pointers, DECLARED, comparison(), word())
    moves.begin(pointers, PRODUCT, release_id=second.release_id, plan=RolloutPlan(), word=word())
    with pytest.raises(ExperimentStateError, match="is on its way in a rollout"):
        start(pointers, PRODUCT, "newer-model", word())
    live = read_live(tmp_path, PRODUCT)
    assert live is not None
    assert live.rollout is not None
    moves.end(pointers, PRODUCT, rollout_id=live.rollout.rollout_id, word=word())
    record = start(pointers, PRODUCT, "newer-model", word())
    assert pause(record.experiment, read_live(tmp_path, PRODUCT)) is None
    moves.begin(pointers, PRODUCT, release_id=second.release_id, plan=RolloutPlan(), word=word())
    assert "in a rollout" in str(pause(record.experiment, read_live(tmp_path, PRODUCT)))
    assert record.experiment.control.release == first.release_id


def test_an_experiment_is_paused_while_its_control_is_not_in_force_or_the_product_is_off(tmp_path: Path) -> None:
    pointers, _, second = two_releases(tmp_path)
    record = create(pointers, DECLARED, comparison(), word())
    moves.switch_off(pointers, PRODUCT, word("the shop is closed"))
    assert "the shop is closed" in str(pause(record.experiment, read_live(tmp_path, PRODUCT)))
    moves.switch_on(pointers, PRODUCT, word())
    instant = RolloutPlan(strategy="instant")
    moves.begin(pointers, PRODUCT, release_id=second.release_id, plan=instant, word=word())
    with pytest.raises(ExperimentStateError, match=f"release {second.release_id} is in force"):
        start(pointers, PRODUCT, "newer-model", word())


@pytest.mark.parametrize("named", ["v7", "0123456789abcdef", "../live", ""])
def test_a_release_that_is_not_stored_is_refused_by_its_variant(tmp_path: Path, named: str) -> None:
    pointers, *_ = two_releases(tmp_path)
    variants = (
        Variant(name="control", release="live", share=0.5),
        Variant(name="treatment", release=named, share=0.5),
    )
    with pytest.raises(InvalidExperimentError, match=r"variants\.treatment\.release: no stored release"):
        create(pointers, DECLARED, comparison(variants=variants), word())


@pytest.mark.parametrize("wrong", ["../live", "UPPER", "nowhere", ""])
def test_an_unknown_id_is_told_with_what_is_stored(tmp_path: Path, wrong: str) -> None:
    pointers, *_ = two_releases(tmp_path)
    create(pointers, DECLARED, comparison(), word())
    with pytest.raises(UnknownExperimentError, match="stored: newer-model"):
        read_experiment(tmp_path, PRODUCT, wrong)


def test_a_document_of_wrong_types_is_refused_with_its_path(tmp_path: Path) -> None:
    pointers, *_ = two_releases(tmp_path)
    with pytest.raises(InvalidExperimentError, match=r"\$\.alpha"):
        create(pointers, DECLARED, comparison(alpha=2.0), word())
    with pytest.raises(InvalidExperimentError, match=r"product: it is 'clv', not 'churn'"):
        create(pointers, DECLARED, comparison(product="clv"), word())


def test_a_damaged_file_is_named_and_not_taken_for_an_absent_one(tmp_path: Path) -> None:
    pointers, *_ = two_releases(tmp_path)
    create(pointers, DECLARED, comparison(), word())
    (tmp_path / PRODUCT / "experiments" / "newer-model.json").write_bytes(b"{")
    with pytest.raises(ModelUnusableError, match=r"newer-model\.json"):
        running_experiment(tmp_path, PRODUCT)


def test_a_product_declares_experiments_on_what_it_can_measure() -> None:
    value = Label(sql="select 1", horizon_hours=24, description="What they spend.")
    sound = declaring(experiments=(comparison(metrics=(ACCURACY, VALUE)),), value=value)
    assert list(broken_product_experiment_rules(sound)) == []
    without = declaring(experiments=(comparison(metrics=(ACCURACY, VALUE)), comparison()))
    blind = msgspec.structs.replace(without, score=msgspec.structs.replace(without.score, threshold=None))
    assert [where for where, *_ in broken_product_experiment_rules(blind)] == [
        "experiments",
        "experiments.newer-model.metrics.accuracy",
        "experiments.newer-model.metrics.value",
    ]
