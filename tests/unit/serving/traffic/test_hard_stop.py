"""A candidate that misbehaves is out at once: in memory with the next call, on disk right after, and for good."""

import asyncio
import datetime as dt
from collections.abc import Callable

import msgspec
import pytest

from platform_assets.errors import NoRolloutError, ReleaseConflictError
from platform_assets.inference.engine_events import EngineEvent
from platform_assets.inference.live_pointer import LivePointer
from platform_assets.inference.tables import LinearTable
from platform_assets.rollouts import moves
from platform_assets.serving.traffic import ending, routing
from platform_assets.serving.traffic.call_parts import Answered, predictions
from platform_assets.serving.traffic.outcome import Outcome, outcome_of
from platform_assets.serving.wire import Answer
from tests.unit.serving.conftest import WALL, Endpoint
from tests.unit.serving.traffic.rolling import OLD_SCORE, Rolling, begin_rollout, word

pytestmark = pytest.mark.anyio

FAILING: dict[str, bytes] = {"calibration.json": msgspec.json.encode(LinearTable(x=(0.0,), y=(7.0,)))}


@pytest.fixture
async def half(endpoint: Endpoint) -> Rolling:
    return await begin_rollout(endpoint, 0.5)


async def asked(rolling: Rolling, count: int, start: int = 0) -> list[Answer]:
    return [(await rolling.ask(f"{number}"))[0] for number in range(start, start + count)]


async def ended(rolling: Rolling) -> None:
    await rolling.endpoint.parts.heart.traffic.finish()
    assert rolling.pointer.rollout is None
    assert rolling.pointer.release_id == rolling.old.release_id


async def test_a_candidate_that_fails_is_taken_out_by_the_answer_that_shows_it(half: Rolling) -> None:
    half.candidate.live.bundle.predictor.close()
    answers = await asked(half, 100)
    failed = [answer for answer in answers if answer.reason == "engine_error"]
    assert 0 < len(failed) < 10
    last = answers.index(failed[-1])
    assert {answer.score for answer in answers[last + 1 :]} == {OLD_SCORE}
    await ended(half)
    move = half.last_move
    assert (move.cause.kind, move.cause.by) == ("rollout_ended", "endpoint")
    assert "failed, above the hard limit" in move.cause.reason
    assert move.cause.evidence["candidate"]["errors"] == len(failed)


@pytest.mark.parametrize("pace", [1, -1])
async def test_the_end_tells_when_the_first_bad_answer_was_and_never_after_itself(
    half: Rolling, monkeypatch: pytest.MonkeyPatch, pace: int
) -> None:
    now = [WALL]
    monkeypatch.setattr(half.endpoint.parts.releases, "wall", lambda: now[0])
    half.candidate.live.bundle.predictor.close()
    failed: list[dt.datetime] = []
    for number in range(100):
        now[0] += dt.timedelta(seconds=pace)
        (answer,) = await half.ask(f"{number}")
        if answer.reason == "engine_error":
            failed.append(now[0])
    await ended(half)
    assert len(failed) > 1
    assert half.pointer.moved_at == failed[-1]
    told = dt.datetime.fromisoformat(half.last_move.cause.evidence["first_bad_at"])
    assert told == min(failed[0], failed[-1])


async def test_the_very_next_call_is_answered_by_the_control_though_the_pointer_has_not_moved_yet(
    half: Rolling, monkeypatch: pytest.MonkeyPatch
) -> None:
    half.candidate.live.bundle.predictor.close()
    reached, goes_on = asyncio.Event(), asyncio.Event()

    async def wait(work: Callable[..., object], *arguments: object, **named: object) -> object:
        reached.set()
        await goes_on.wait()
        return work(*arguments, **named)

    with monkeypatch.context() as patched:
        patched.setattr(asyncio, "to_thread", wait)
        answers: list[Answer] = []
        while not reached.is_set():
            answers += await asked(half, 1, start=len(answers))
            await asyncio.sleep(0)
        assert half.pointer.rollout is not None
        assert {answer.score for answer in await asked(half, 100)} == {OLD_SCORE}
        goes_on.set()
        await ended(half)


async def test_a_slow_candidate_is_taken_out(half: Rolling, monkeypatch: pytest.MonkeyPatch) -> None:
    # Nobody waits: what is counted says that each answer of the candidate took half a second.
    elapsed = {half.old.release_id: 1.0, half.new.release_id: 500.0}

    def slow(answered: Answered, _: float) -> Outcome:
        return outcome_of(answered, elapsed[predictions(answered)[0].release_id])

    monkeypatch.setattr(routing, "outcome_of", slow)
    await asked(half, 200)
    await ended(half)
    assert "took longer than 200 ms, the hard limit of the p99" in half.last_move.cause.reason


async def test_memory_that_runs_out_takes_the_candidate_out_with_its_next_answer(half: Rolling) -> None:
    note = half.endpoint.parts.releases._note  # noqa: SLF001 - what the bundle of a real engine calls
    event = EngineEvent(kind="out_of_memory", reason="16 GiB asked", rows=512)
    note("churn", half.old.release_id, event)
    await asked(half, 20)
    assert half.pointer.rollout is not None  # it was the control's memory
    note("churn", half.new.release_id, event)
    await asked(half, 20)
    await ended(half)
    assert half.last_move.cause.reason == "memory ran out 1 times"
    assert "first_bad_at" not in half.last_move.cause.evidence, "every answer was good"
    counted = 'platform_engine_events_total{kind="out_of_memory",product="churn"} 2.0'
    assert counted in half.endpoint.parts.metrics.render().decode()


async def test_an_unforeseen_error_of_the_candidate_reaches_its_caller_and_counts(
    half: Rolling, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, candidate = half.endpoint.features.read, half.candidate.live

    async def read_or_break(live: object, columns: object) -> object:
        if live is candidate:
            raise ZeroDivisionError
        return await read(live, columns)  # type: ignore[arg-type]

    monkeypatch.setattr(half.endpoint.features, "read", read_or_break)
    errors = 0
    for number in range(100):
        try:
            (answer,) = await half.ask(f"{number}")
        except ZeroDivisionError:
            errors += 1
        else:
            assert answer.score == OLD_SCORE
    assert 0 < errors < 10
    await ended(half)


async def test_a_candidate_that_cannot_be_loaded_ends_its_rollout_and_the_control_goes_on(endpoint: Endpoint) -> None:
    rolling = await begin_rollout(endpoint, 0.5, constant=None, files=FAILING)
    assert rolling.pointer.rollout is None
    assert (rolling.last_move.cause.kind, rolling.last_move.cause.by) == ("rollout_ended", "endpoint")
    assert "cannot load it" in rolling.last_move.cause.reason
    state = endpoint.parts.releases.states["churn"]
    assert (state.state, state.split, state.pointer) == ("serving", None, rolling.pointer)
    assert {answer.score for answer in await asked(rolling, 20)} == {OLD_SCORE}


async def test_a_pointer_that_cannot_be_written_keeps_nobody_with_the_candidate(
    half: Rolling, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    half.candidate.live.bundle.predictor.close()
    with monkeypatch.context() as patched:
        patched.setattr(ending, "end", full)
        await asked(half, 100)
        await half.endpoint.parts.heart.traffic.finish()
        await half.endpoint.parts.refresh()
        assert half.pointer.rollout is not None
        assert {answer.score for answer in await asked(half, 50)} == {OLD_SCORE}
    await half.endpoint.parts.refresh()  # there is room again
    assert half.pointer.rollout is None


async def test_an_end_that_meets_another_move_is_tried_again(half: Rolling, monkeypatch: pytest.MonkeyPatch) -> None:
    half.candidate.live.bundle.predictor.close()
    end, rivals = moves.end, list[LivePointer]()

    def end_after_a_rival(*arguments: object, **named: object) -> object:
        if not rivals:
            rivals.append(moves.switch_off(half.pointers, "churn", word()))
            raise ReleaseConflictError(product="churn", expected=1, actual=2)
        return end(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(ending, "end", end_after_a_rival)
    await asked(half, 100)
    await ended(half)
    assert half.pointer.off is not None


async def test_the_figures_are_told_until_the_rollout_is_over(half: Rolling) -> None:
    async with half.endpoint.client() as client:
        told = (await client.get("/v1/rollouts/churn")).json()
        assert (told["rollout_id"], told["step_name"]) == (half.rollout.rollout_id, "step0")
        half.candidate.live.bundle.predictor.close()
        await asked(half, 100)
        await ended(half)
        gone = await client.get("/v1/rollouts/churn")
        unknown = await client.get("/v1/rollouts/nothing")
    assert (gone.status_code, gone.json()["code"]) == (404, "no_rollout")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_product")
    with pytest.raises(NoRolloutError, match="no rollout of 'churn' is under way"):
        half.endpoint.parts.heart.traffic.watch.report("churn")


async def test_a_good_candidate_stays(half: Rolling) -> None:
    await asked(half, 300)
    await half.endpoint.parts.refresh()
    assert half.pointer.rollout is not None
