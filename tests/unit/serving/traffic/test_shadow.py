"""A shadowed candidate: it sees what the control answers, and nobody sees anything of it."""

import asyncio

import pytest

from platform_assets.serving.asked import Asked, ask
from platform_assets.serving.judge import Judged
from platform_assets.serving.traffic.outcome import Outcome
from platform_assets.serving.traffic.shadow import _MOST_COPIES, Shadow
from platform_assets.serving.wire import PredictRequest
from tests.unit.serving.conftest import Endpoint
from tests.unit.serving.traffic.rolling import NEW_SCORE, OLD_SCORE, Rolling, begin_rollout, plan_of

pytestmark = pytest.mark.anyio


@pytest.fixture
async def shadowed(endpoint: Endpoint) -> Rolling:
    return await begin_rollout(endpoint, 0.0, 0.5)


async def settled(rolling: Rolling, copies: int) -> None:
    """Return when so many copies were scored or dropped."""
    for _ in range(2000):
        report = rolling.endpoint.parts.heart.traffic.watch.report("churn")
        if report.evidence.candidate.answers + report.dropped_copies >= copies:
            return
        await asyncio.sleep(0.001)
    pytest.fail("the copies were never scored")


async def test_the_candidate_scores_what_the_control_answers_and_nobody_sees_it(shadowed: Rolling) -> None:
    for number in range(30):
        (answer,) = await shadowed.ask(f"{number}")
        assert (answer.release_id, answer.score) == (shadowed.old.release_id, OLD_SCORE)
        await settled(shadowed, number + 1)
    evidence = shadowed.endpoint.parts.heart.traffic.watch.report("churn").evidence
    assert (evidence.candidate.answers, evidence.control.answers) == (30, 30)
    assert (evidence.candidate.scores.counts, evidence.control.scores.counts) == (
        {int(NEW_SCORE * 100): 30},
        {int(OLD_SCORE * 100): 30},
    )
    assert {entry.release_id for entry in shadowed.endpoint.log.entries} == {shadowed.old.release_id}
    assert len(shadowed.endpoint.log.entries) == 30
    text = shadowed.endpoint.parts.metrics.render().decode()
    assert shadowed.new.release_id not in text
    assert 'platform_traffic_seconds_count{outcome="answered",product="churn",role="shadow"} 30.0' in text


async def test_a_candidate_that_breaks_changes_no_answer(endpoint: Endpoint) -> None:
    rolling = await begin_rollout(endpoint, 0.0, 0.5)
    rolling.candidate.live.bundle.predictor.close()
    (answer,) = await rolling.ask("1")
    assert (answer.score, answer.fallback) == (OLD_SCORE, "none")
    await settled(rolling, 1)
    evidence = endpoint.parts.heart.traffic.watch.report("churn").evidence
    assert (evidence.candidate.errors, evidence.control.errors) == (1, 0)


async def test_a_copy_that_ends_in_an_unforeseen_error_is_the_candidates_failure_alone(
    shadowed: Rolling, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = shadowed.endpoint.features.read

    async def read_or_break(live: object, columns: object) -> object:
        if live is shadowed.candidate.live:
            raise ZeroDivisionError
        return await read(live, columns)  # type: ignore[arg-type]

    monkeypatch.setattr(shadowed.endpoint.features, "read", read_or_break)
    (answer,) = await shadowed.ask("7")
    await settled(shadowed, 1)
    evidence = shadowed.endpoint.parts.heart.traffic.watch.report("churn").evidence
    assert answer.score == OLD_SCORE
    assert (evidence.candidate.errors, evidence.control.errors) == (1, 0)


async def test_a_busy_candidate_drops_copies_counts_them_and_delays_nobody(
    shadowed: Rolling, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, gate = shadowed.endpoint.features.read, asyncio.Event()

    async def read_when_open(live: object, columns: object) -> object:
        if live is shadowed.candidate.live:
            await gate.wait()
        return await read(live, columns)  # type: ignore[arg-type]

    monkeypatch.setattr(shadowed.endpoint.features, "read", read_when_open)
    answers = [(await shadowed.ask(f"{number}"))[0] for number in range(_MOST_COPIES + 5)]
    assert {answer.score for answer in answers} == {OLD_SCORE}
    watch = shadowed.endpoint.parts.heart.traffic.watch
    assert (watch.report("churn").dropped_copies, watch.report("churn").evidence.control.answers) == (5, 0)
    gate.set()
    await settled(shadowed, _MOST_COPIES + 5)
    evidence = watch.report("churn").evidence
    assert evidence.candidate.answers == evidence.control.answers == _MOST_COPIES


@pytest.mark.parametrize("trouble", ["calls wait for their turn", "the event loop is late"])
def test_no_copy_is_made_while_there_is_much_to_do(endpoint: Endpoint, trouble: str) -> None:
    async def ask_in_trouble() -> tuple[int, int]:
        rolling = await begin_rollout(endpoint, 0.0, 0.5)
        metrics = endpoint.parts.metrics
        metrics.queued, metrics.loop_lag_s = (1, 0.0) if trouble.startswith("calls") else (0, 0.1)
        await rolling.ask("1")
        report = endpoint.parts.heart.traffic.watch.report("churn")
        return report.dropped_copies, report.evidence.candidate.answers

    assert asyncio.run(ask_in_trouble()) == (1, 0)


async def test_copies_take_a_tenth_of_the_time_while_others_wait_and_all_of_it_while_nobody_does(
    shadowed: Rolling,
) -> None:
    parts, now = shadowed.endpoint.parts, [0.0]
    watch, split = parts.heart.traffic.watch, parts.releases.split("churn")
    assert split is not None
    shadow = Shadow(watch, timer=lambda: now[0])
    asked = ask(parts.releases, PredictRequest(product="churn", entities=["1"]))

    async def take_a_second(asked: Asked) -> list[Judged]:
        now[0] += 1.0
        return await parts.heart.copy(asked)

    async def copied(instant: float, *, in_flight: int) -> int:
        """Return how many copies were scored by now."""
        now[0], parts.metrics.in_flight = instant, in_flight
        before = watch.report("churn").dropped_copies
        shadow.offer(asked, split, shadowed.candidate, Outcome(1.0, is_failed=False), take_a_second)
        if watch.report("churn").dropped_copies == before:
            await settled(shadowed, watch.report("churn").evidence.candidate.answers + before + 1)
        return watch.report("churn").evidence.candidate.answers

    assert await copied(0.0, in_flight=2) == 1
    assert await copied(9.9, in_flight=2) == 1
    assert await copied(10.1, in_flight=2) == 2
    assert await copied(12.0, in_flight=1) == 3
    assert await copied(28.0, in_flight=2) == 3
    assert await copied(29.2, in_flight=2) == 4


async def test_the_end_of_the_endpoint_waits_for_no_copy(shadowed: Rolling, monkeypatch: pytest.MonkeyPatch) -> None:
    read = shadowed.endpoint.features.read

    async def read_never(live: object, columns: object) -> object:
        if live is shadowed.candidate.live:
            await asyncio.Event().wait()
        return await read(live, columns)  # type: ignore[arg-type]

    monkeypatch.setattr(shadowed.endpoint.features, "read", read_never)
    await shadowed.ask("1")
    await asyncio.wait_for(shadowed.endpoint.parts.heart.traffic.finish(), timeout=10)


async def test_a_shadow_that_keeps_failing_is_ended_like_any_candidate(endpoint: Endpoint) -> None:
    rolling = await begin_rollout(endpoint, plan=plan_of(0.0, 0.5))
    rolling.candidate.live.bundle.predictor.close()
    for number in range(40):
        (answer,) = await rolling.ask(f"{number}")
        assert answer.score == OLD_SCORE
        await asyncio.sleep(0)
        await asyncio.sleep(0.001)
        if endpoint.parts.releases.split("churn") is None:
            break
    await endpoint.parts.heart.traffic.finish()
    assert rolling.pointer.rollout is None
    assert rolling.last_move.cause.by == "endpoint"
