"""The sensor of retraining: one run per request whoever looks and however often, and an end where runs lead nowhere."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.sensor_definition import SensorExecutionData

from platform_assets.clock import wall_now
from platform_assets.definitions import product_assets
from platform_assets.ledger.decisions import Mandate
from platform_assets.ledger.retraining import RetrainingRequest, get_request
from platform_assets.monitoring.retraining.decide import Prospect
from platform_assets.monitoring.retraining.records import ask_by_hand, follow, withdraw
from platform_assets.orchestration import retraining
from platform_assets.orchestration.jobs import product_jobs
from platform_assets.orchestration.retraining import MOST_RUNS, retraining_sensor
from platform_assets.orchestration.retraining_tag import REQUEST_TAG
from tests.unit.batch.batch_home import BatchHome, unreleased_home

AT = dt.datetime(2026, 3, 1, 9, tzinfo=dt.UTC)
WORD = Mandate(by="ann", at=AT, reason="the season has turned")
PROSPECT = Prospect(cutoff=dt.date(2011, 10, 10), train_from=dt.date(2010, 6, 10), new_labels=900)
JOB = "churn_train"


@pytest.fixture
def home(tmp_path: Path) -> BatchHome:
    return unreleased_home(tmp_path)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.instance_for_test() as made:
        yield made


def ask(home: BatchHome) -> RetrainingRequest:
    return ask_by_hand(home.ledger, "churn", release_id="a" * 16, prospect=PROSPECT, mandate=WORD)


def tick(home: BatchHome, instance: dg.DagsterInstance) -> SensorExecutionData:
    jobs = product_jobs(home.product)
    definitions = dg.Definitions(
        assets=product_assets(home.product, home.settings),
        jobs=[job for job in jobs if job.name == JOB],
        sensors=[retraining_sensor(home.product, home.settings, [job for job in jobs if job.name == JOB])],
    )
    context = dg.build_sensor_context(
        instance=instance, instance_ref=instance.get_ref(), repository_def=definitions.get_repository_def()
    )
    return definitions.resolve_sensor_def("churn_retraining").evaluate_tick(context)


def run_of(instance: dg.DagsterInstance, request: RetrainingRequest, status: dg.DagsterRunStatus) -> str:
    """Record a run of a request that stands so."""
    run = instance.create_run_for_job(
        dg.GraphDefinition(name=JOB).to_job(), tags={REQUEST_TAG: str(request.request_id)}, status=status
    )
    return run.run_id


def test_without_a_broken_rule_nothing_is_trained_and_the_tick_says_so(
    home: BatchHome, instance: dg.DagsterInstance
) -> None:
    data = tick(home, instance)
    assert not data.run_requests
    assert data.skip_message == "nothing: no rule that asks for a new model is broken"


def test_a_request_becomes_one_run_of_the_training_job_however_often_the_sensor_looks(
    home: BatchHome, instance: dg.DagsterInstance
) -> None:
    made = ask(home)
    (first,), (again,) = tick(home, instance).run_requests or (), tick(home, instance).run_requests or ()
    assert first.run_key == again.run_key == f"{JOB}-request-{made.request_id}-1", "the same run key is one run"
    assert (first.job_name, first.tags[REQUEST_TAG]) == (JOB, str(made.request_id))


def test_while_a_run_is_at_work_no_other_one_is_asked_for(home: BatchHome, instance: dg.DagsterInstance) -> None:
    run_id = run_of(instance, ask(home), dg.DagsterRunStatus.STARTED)
    assert f"run {run_id} is at work" in (tick(home, instance).skip_message or "")


def test_a_run_that_failed_is_asked_for_again_after_a_pause(
    home: BatchHome, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = ask(home)
    run = instance.get_run_by_id(run_of(instance, made, dg.DagsterRunStatus.STARTED))
    assert run is not None
    instance.report_run_failed(run)
    assert "the next one starts at" in (tick(home, instance).skip_message or "")
    later = wall_now() + dt.timedelta(minutes=11)
    monkeypatch.setattr(retraining, "wall_now", lambda: later)
    (request,) = tick(home, instance).run_requests or ()
    assert request.run_key == f"{JOB}-request-{made.request_id}-2"


def test_runs_that_lead_nowhere_end_the_request(home: BatchHome, instance: dg.DagsterInstance) -> None:
    made = ask(home)
    for _ in range(MOST_RUNS):
        run_of(instance, made, dg.DagsterRunStatus.FAILURE)
    assert "3 runs ended without a candidate" in (tick(home, instance).skip_message or "")
    assert get_request(home.ledger, made.request_id).state == "failed"
    assert tick(home, instance).skip_message == "nothing: no rule that asks for a new model is broken"


def test_a_candidate_whose_runs_are_used_up_waits_for_a_person(home: BatchHome, instance: dg.DagsterInstance) -> None:
    made = ask(home)
    facts = {"model_version": 2, "bundle_digest": "b" * 64}
    follow(home.ledger, made.request_id, "candidate", "version 2", at=AT, facts=facts)
    for _ in range(MOST_RUNS):
        run_of(instance, made, dg.DagsterRunStatus.FAILURE)
    assert "approve or reject its version" in (tick(home, instance).skip_message or "")
    assert get_request(home.ledger, made.request_id).state == "candidate"


def test_a_request_that_was_withdrawn_is_not_trained(home: BatchHome, instance: dg.DagsterInstance) -> None:
    withdraw(home.ledger, ask(home).request_id, WORD)
    assert not tick(home, instance).run_requests
