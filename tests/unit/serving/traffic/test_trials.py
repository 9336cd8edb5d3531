"""An experiment at the endpoint: who gets which variant, what is logged and counted, and what ends it."""

from collections import Counter

import httpx
import pytest

from platform_assets.contract.experiments import assign
from platform_assets.contract.rollout import RolloutPlan
from platform_assets.errors import NoExperimentError
from platform_assets.inference.live_pointer import read_live
from platform_assets.rollouts import moves
from platform_assets.serving.traffic.trial_watch import TrialBoard
from tests.unit.serving.conftest import Endpoint, make_endpoint
from tests.unit.serving.traffic.rolling import NEW_SCORE, OLD_SCORE, word
from tests.unit.serving.traffic.trying import PRODUCT, Trying, begin_trial, trial

pytestmark = pytest.mark.anyio

CUSTOMERS = [f"{number}" for number in range(60)]


async def test_each_entity_gets_the_variant_that_its_hash_says_and_keeps_it(endpoint: Endpoint) -> None:
    trying = await begin_trial(endpoint)
    for _ in range(2):
        answers = await trying.ask(*CUSTOMERS)
        for customer, answer in zip(CUSTOMERS, answers, strict=True):
            told = assign(trying.record.experiment, unit=customer, request_id="r")
            is_new = told.variant == "treatment"
            assert (answer.score, answer.release_id) == (
                (NEW_SCORE, trying.new.release_id) if is_new else (OLD_SCORE, trying.old.release_id)
            )


async def test_the_log_names_experiment_variant_and_how_each_row_was_chosen(endpoint: Endpoint) -> None:
    trying = await begin_trial(endpoint)
    answers = await trying.ask(*CUSTOMERS)
    by_id = {entry.prediction_id: entry for entry in trying.logged}
    assert len(by_id) == len(CUSTOMERS)
    for answer in answers:
        entry = by_id[answer.prediction_id]
        assert (entry.experiment_id, entry.chosen, entry.unit) == ("trial", "unit", None)
        assert entry.variant == ("treatment" if entry.release_id == trying.new.release_id else "control")


async def test_a_user_keeps_a_variant_over_entities_and_is_logged_by_a_digest(endpoint: Endpoint) -> None:
    trying = await begin_trial(endpoint, trial(unit="user"))
    seen = set()
    for user in [f"u{number}" for number in range(12)]:
        scores = {answer.score for answer in await trying.ask(*CUSTOMERS[:9], X_User_Id=user)}
        assert len(scores) == 1
        seen |= scores
    assert seen == {OLD_SCORE, NEW_SCORE}
    digests = {entry.unit for entry in trying.logged}
    assert len(digests) == 12
    assert None not in digests
    await trying.ask("1")
    assert trying.logged[-1].unit is None, "without a user the entity takes the place"


async def test_by_request_the_same_entity_meets_both_variants(endpoint: Endpoint) -> None:
    trying = await begin_trial(endpoint, trial(unit="request"))
    counts = Counter([(await trying.ask("1", request_id=f"r{n}"))[0].score for n in range(40)])
    assert counts.keys() == {OLD_SCORE, NEW_SCORE}
    assert {entry.chosen for entry in trying.logged} == {"request"}


async def test_a_caller_who_names_a_variants_release_gets_it_and_is_in_no_figure(endpoint: Endpoint) -> None:
    trying = await begin_trial(endpoint, trial(share=0.0))
    (answer,) = await trying.ask("1", X_Release=trying.new.release_id)
    assert answer.score == NEW_SCORE
    assert (trying.logged[-1].variant, trying.logged[-1].chosen) == ("treatment", "override")
    assert [one.answers for one in trying.figures.variants] == [0, 0]


async def test_live_figures_have_answers_errors_latency_and_scores_of_each_variant(endpoint: Endpoint) -> None:
    trying = await begin_trial(endpoint)
    for customer in CUSTOMERS:
        await trying.ask(customer)
    async with endpoint.client() as client:
        told = (await client.get(f"/v1/experiments/{PRODUCT}")).json()
    control, treatment = told["variants"]
    assert control["answers"] + treatment["answers"] == len(CUSTOMERS)
    assert treatment["errors"] == 0
    assert treatment["p99_ms"] > 0
    assert list(control["scores"]["counts"]) == ["25"]
    assert list(treatment["scores"]["counts"]) == ["75"]
    assert told["paused"] is None


async def test_without_an_experiment_there_is_nothing_to_tell(endpoint: Endpoint) -> None:
    endpoint.publisher.publish(PRODUCT)
    await endpoint.parts.refresh()
    async with endpoint.client() as client:
        answer: httpx.Response = await client.get(f"/v1/experiments/{PRODUCT}")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_experiment")


async def test_a_stopped_experiment_leaves_everything_to_the_control(endpoint: Endpoint) -> None:
    trying = await begin_trial(endpoint)
    await trying.stop()
    assert {answer.score for answer in await trying.ask(*CUSTOMERS)} == {OLD_SCORE}
    assert {entry.experiment_id for entry in trying.logged} == {None}
    assert endpoint.parts.releases.split(PRODUCT) is None
    with pytest.raises(NoExperimentError):
        _ = trying.figures


async def test_a_rollout_pauses_an_experiment_and_its_end_lets_it_go_on(endpoint: Endpoint) -> None:
    trying = await begin_trial(endpoint)
    third = endpoint.publisher.publish(PRODUCT, model_version=3, constant=0.5)
    endpoint.publisher.point_at(PRODUCT, trying.old.release_id)
    await endpoint.parts.refresh()
    before = [answer.score for answer in await trying.ask(*CUSTOMERS)]
    moves.begin(trying.pointers, PRODUCT, release_id=third.release_id, plan=RolloutPlan(), word=word())
    await endpoint.parts.refresh()
    assert {answer.score for answer in await trying.ask(*CUSTOMERS)} == {OLD_SCORE}
    assert "in a rollout" in str(trying.figures.paused)
    live = read_live(trying.pointers.releases_dir, PRODUCT)
    assert live is not None
    assert live.rollout is not None
    moves.end(trying.pointers, PRODUCT, rollout_id=live.rollout.rollout_id, word=word())
    await endpoint.parts.refresh()
    assert [answer.score for answer in await trying.ask(*CUSTOMERS)] == before


async def test_a_move_to_another_release_pauses_an_experiment(endpoint: Endpoint) -> None:
    trying = await begin_trial(endpoint)
    endpoint.publisher.point_at(PRODUCT, trying.new.release_id)
    await endpoint.parts.refresh()
    assert {answer.score for answer in await trying.ask(*CUSTOMERS)} == {NEW_SCORE}
    assert "the control is" in str(trying.figures.paused)


async def test_a_variant_that_fails_is_out_by_the_answer_that_shows_it_and_the_experiment_is_stopped(
    endpoint: Endpoint,
) -> None:
    trying = await begin_trial(endpoint)
    split = endpoint.parts.releases.split(PRODUCT)
    assert split is not None
    assert split.trial is not None
    split.trial.lives["treatment"].bundle.predictor.close()
    answers = [(await trying.ask(customer))[0] for customer in CUSTOMERS]
    failed = [answer for answer in answers if answer.reason == "engine_error"]
    assert 0 < len(failed) < 10
    last = answers.index(failed[-1])
    assert {answer.score for answer in answers[last + 1 :]} == {OLD_SCORE}
    await endpoint.parts.heart.traffic.finish()
    change = trying.record.changes[-1]
    assert (change.state, change.by) == ("stopped", "endpoint")
    assert "treatment: " in change.reason
    assert change.evidence["treatment"]["errors"] == len(failed)


async def test_a_control_that_fails_ends_nothing(endpoint: Endpoint) -> None:
    trying = await begin_trial(endpoint)
    endpoint.parts.releases.current(PRODUCT).bundle.predictor.close()
    for customer in CUSTOMERS:
        await trying.ask(customer)
    endpoint.parts.heart.traffic.watch.beat()
    assert trying.record.state == "running"


async def test_a_variant_that_cannot_be_loaded_ends_its_experiment_and_the_control_goes_on(
    endpoint: Endpoint,
) -> None:
    trying = await begin_trial(endpoint, files={"model.txt": b"no model"})
    assert {answer.score for answer in await trying.ask(*CUSTOMERS)} == {OLD_SCORE}
    change = trying.record.changes[-1]
    assert (change.state, change.by) == ("stopped", "endpoint")
    assert "cannot load a variant" in change.reason


async def test_two_variants_of_one_release_are_told_apart_in_one_call(endpoint: Endpoint) -> None:
    trying = await begin_trial(endpoint, trial(treatment="live"))
    answers = await trying.ask(*CUSTOMERS)
    assert {answer.score for answer in answers} == {OLD_SCORE}
    by_id = {entry.prediction_id: entry for entry in trying.logged}
    for customer, answer in zip(CUSTOMERS, answers, strict=True):
        told = assign(trying.record.experiment, unit=customer, request_id="r")
        assert by_id[answer.prediction_id].variant == told.variant


async def test_workers_add_up_what_they_saw_and_a_limit_that_only_the_sum_breaks_is_seen(endpoint: Endpoint) -> None:
    board = endpoint.publisher.home / "board"
    board.mkdir()
    one = await begin_trial(endpoint)
    other = make_endpoint(endpoint.publisher.home)
    other.features.rows = endpoint.features.rows
    two = Trying(other, one.old, one.new)
    for number, each in enumerate((one, two)):
        each.endpoint.parts.heart.traffic.watch.trials.share(TrialBoard(board, f"worker-{number}"))
    await other.parts.refresh()
    for customer in CUSTOMERS:
        await one.ask(customer)
        await two.ask(customer)
    other.parts.heart.traffic.watch.beat()
    assert sum(variant.answers for variant in one.figures.variants) == 2 * len(CUSTOMERS)
    one.endpoint.parts.heart.traffic.watch.beat()
    assert two.figures.variants == one.figures.variants


async def test_what_a_worker_had_counted_is_not_lost_with_it(endpoint: Endpoint) -> None:
    board = endpoint.publisher.home / "board"
    board.mkdir()
    one = await begin_trial(endpoint)
    one.endpoint.parts.heart.traffic.watch.trials.share(TrialBoard(board, "worker-0"))
    await one.ask("1")
    one.endpoint.parts.heart.traffic.watch.beat()
    for _ in range(2):  # the first successor is killed before it has counted anything
        again = make_endpoint(endpoint.publisher.home)
        again.parts.heart.traffic.watch.trials.share(TrialBoard(board, "worker-0"))
        await again.parts.refresh()
    assert sum(variant.answers for variant in Trying(again, one.old, one.new).figures.variants) == 1


async def test_an_experiment_that_cannot_be_stopped_on_disk_is_over_here_all_the_same(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    trying = await begin_trial(endpoint)

    def full(*_args: object, **_options: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("platform_assets.rollouts.experiments.write_file", full)
        split = endpoint.parts.releases.split(PRODUCT)
        assert split is not None
        assert split.trial is not None
        split.trial.lives["treatment"].bundle.predictor.close()
        for customer in CUSTOMERS:
            await trying.ask(customer)
        await endpoint.parts.heart.traffic.finish()
        await endpoint.parts.refresh()
        assert {answer.score for answer in await trying.ask(*CUSTOMERS)} == {OLD_SCORE}
        changes = len(trying.record.changes)
    await endpoint.parts.refresh()
    assert [change.state for change in trying.record.changes] == ["draft", "running", "stopped"]
    assert changes == 2, "while the disk was full"


async def test_a_damaged_file_of_another_experiment_changes_nobody(endpoint: Endpoint) -> None:
    trying = await begin_trial(endpoint)
    before = [answer.score for answer in await trying.ask(*CUSTOMERS)]
    (trying.pointers.releases_dir / PRODUCT / "experiments" / "another.json").write_bytes(b"{")
    await endpoint.parts.refresh()
    assert [answer.score for answer in await trying.ask(*CUSTOMERS)] == before
