"""The batcher: what is scored together, where, in which order, and who pays for a failure."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest

from platform_assets.contract.online import Batching
from platform_assets.errors import ModelUnusableError, OverloadedError
from platform_assets.inference.frame import Floats
from platform_assets.inference.scoring import Scored
from platform_assets.serving.batching.batcher import Batcher
from platform_assets.serving.batching.costs import Costs
from platform_assets.serving.batching.lane import LaneKey

pytestmark = pytest.mark.anyio

CHURN, CLV = LaneKey("churn", "release-1"), LaneKey("clv", "release-9")
POISON = -1.0


@dataclass
class Engine:
    """Scores a row by twice its number; remembers what it was given, and refuses poison."""

    gate: threading.Event | None = None
    error: Callable[[], Exception] = lambda: ModelUnusableError(file="model.txt", problem="poison")
    batches: list[list[float]] = field(default_factory=list)
    threads: set[str] = field(default_factory=set)

    def __call__(self, matrix: Floats) -> Scored:
        assert matrix.flags.c_contiguous
        self.batches.append(matrix[:, 0].tolist())
        self.threads.add(threading.current_thread().name)
        if self.gate is not None:
            assert self.gate.wait(30)
        if (matrix == POISON).any():
            raise self.error()
        return Scored(matrix[:, 0] * 2.0, matrix[:, 0] / 4.0, matrix[:, 0] > 0.0)

    @property
    def sizes(self) -> list[int]:
        return [len(batch) for batch in self.batches]


@dataclass
class Bench:
    """A batcher that knows its engines: `cheap` ones are scored in the loop, all others in the thread."""

    batcher: Batcher
    engine: Engine = field(default_factory=Engine)

    def knows(self, key: LaneKey, seconds_per_row: float) -> None:
        for rows in (2**power for power in range(15)):
            self.batcher.costs.observe(key, rows, seconds_per_row * rows)

    def ask(
        self,
        *values: float,
        key: LaneKey = CHURN,
        engine: Engine | None = None,
        limits: Batching = Batching(),  # noqa: B008 - frozen
    ) -> asyncio.Task[Scored]:
        matrix = np.array(values, dtype=np.float64)[:, np.newaxis]
        return asyncio.create_task(self.batcher.score(key, engine or self.engine, matrix, limits))


@pytest.fixture
def bench() -> Iterator[Bench]:
    batcher = Batcher(timer=lambda: 0.0)  # engines are as fast as told, whatever the machine is busy with
    yield Bench(batcher)
    batcher.close()


@pytest.fixture
async def cheap(bench: Bench) -> Bench:
    """Give a batcher with cheap engines that has just seen two calls in one turn, so it expects company."""
    bench.knows(CHURN, 1e-6)
    bench.knows(CLV, 1e-6)
    await asyncio.gather(bench.ask(1.0, engine=Engine()), bench.ask(1.0, engine=Engine()))
    bench.batcher.counts.clear()
    return bench


async def reached(condition: Callable[[], object]) -> None:
    """Wait until something in the thread has happened."""
    while not condition():  # noqa: ASYNC110 - an engine knows nothing of the loop
        await asyncio.sleep(0.001)


async def test_calls_of_one_turn_are_scored_by_one_engine_call_and_each_gets_its_own_rows(cheap: Bench) -> None:
    answers = await asyncio.gather(cheap.ask(1.0), cheap.ask(2.0, 3.0), cheap.ask(4.0))
    assert cheap.engine.batches == [[1.0, 2.0, 3.0, 4.0]]
    assert [answer.score.tolist() for answer in answers] == [[2.0], [4.0, 6.0], [8.0]]
    assert [answer.uncertainty.tolist() for answer in answers] == [[0.25], [0.5, 0.75], [1.0]]
    counts = cheap.batcher.counts["churn"]
    assert (counts.mean_calls, counts.mean_rows, counts.beside) == (3.0, 4.0, 0)
    assert cheap.batcher.waiting_rows == 0


async def test_a_lone_call_is_scored_at_once_without_giving_up_its_turn(cheap: Bench) -> None:
    await cheap.ask(9.0)
    coroutine = cheap.batcher.score(CHURN, cheap.engine, np.array([[1.0]]))
    with pytest.raises(StopIteration) as ended:
        coroutine.send(None)
    assert ended.value.value.score.tolist() == [2.0]


async def test_whether_a_call_waits_for_the_end_of_its_turn_follows_the_company_of_the_turn_before(
    cheap: Bench,
) -> None:
    await cheap.ask(1.0)
    for _ in range(3):
        await asyncio.gather(*(cheap.ask(float(value)) for value in range(1, 5)))
    assert cheap.engine.sizes == [1, 1, 3, 4, 4]


async def test_a_batch_holds_no_more_rows_than_declared(cheap: Bench) -> None:
    limits = Batching(max_rows=3)
    await asyncio.gather(*(cheap.ask(float(value), limits=limits) for value in range(1, 9)))
    assert cheap.engine.sizes == [3, 3, 2]


async def test_two_releases_are_never_scored_by_one_engine_call(cheap: Bench) -> None:
    old, new = Engine(), Engine()
    newer = LaneKey("churn", "release-2")
    cheap.knows(newer, 1e-6)
    calls = []
    for value in range(1, 9):
        calls += [cheap.ask(float(value), engine=old), cheap.ask(value + 0.5, key=newer, engine=new)]
    await asyncio.gather(*calls)
    assert sum(old.batches, []) == [float(value) for value in range(1, 9)]  # noqa: RUF017 - eight rows
    assert all(value % 1.0 == 0.5 for batch in new.batches for value in batch)


async def test_an_unknown_or_slow_engine_runs_beside_the_event_loop_and_collects_what_arrives(bench: Bench) -> None:
    bench.engine.gate = threading.Event()
    first = bench.ask(1.0)
    await reached(lambda: bench.engine.batches)
    later = [bench.ask(float(value)) for value in range(2, 7)]
    await asyncio.sleep(0)
    assert bench.engine.batches == [[1.0]]
    bench.engine.gate.set()
    answers = await asyncio.gather(first, *later)
    assert bench.engine.sizes == [1, 5]
    assert [answer.score.item() for answer in answers] == [2.0, 4.0, 6.0, 8.0, 10.0, 12.0]
    assert bench.batcher.counts["churn"].beside >= 1


async def test_a_cheap_product_is_answered_while_another_one_keeps_the_thread_busy(bench: Bench) -> None:
    slow, quick = Engine(gate=threading.Event()), Engine()
    bench.knows(CHURN, 1e-6)
    waiting = bench.ask(1.0, key=CLV, engine=slow)
    await reached(lambda: slow.batches)
    assert (await bench.ask(5.0, engine=quick)).score.tolist() == [10.0]
    assert not waiting.done()
    assert slow.gate is not None
    slow.gate.set()
    assert (await waiting).score.tolist() == [2.0]


async def test_a_large_call_is_scored_in_parts_and_lets_small_ones_in_between(bench: Bench) -> None:
    bench.knows(CHURN, 0.0001)  # ten milliseconds hold a hundred rows
    bench.knows(CLV, 0.0001)
    large, small = Engine(), Engine()
    ended: list[str] = []
    big = bench.ask(*(float(value) for value in range(1, 1001)), engine=large)
    big.add_done_callback(lambda _: ended.append("big"))
    same = bench.ask(7.0, engine=large)
    same.add_done_callback(lambda _: ended.append("same"))
    other = bench.ask(9.0, key=CLV, engine=small)
    other.add_done_callback(lambda _: ended.append("other"))
    answers = await asyncio.gather(big, same, other)
    assert answers[0].score.tolist() == [2.0 * value for value in range(1, 1001)]
    assert answers[0].is_valid.all()
    assert (answers[1].score.tolist(), answers[2].score.tolist()) == ([14.0], [18.0])
    assert ended[-1] == "big"
    assert max(large.sizes) <= 128
    assert large.threads - {threading.current_thread().name}


async def test_a_poisoned_row_costs_only_its_own_caller_an_answer(cheap: Bench) -> None:
    calls = [cheap.ask(1.0), cheap.ask(2.0, POISON), cheap.ask(3.0)]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(answers[1], ModelUnusableError)
    assert [answer.score.item() for answer in answers if isinstance(answer, Scored)] == [2.0, 6.0]
    assert cheap.batcher.counts["churn"].retried == 3
    assert cheap.batcher.waiting_rows == 0


@pytest.mark.parametrize("is_slow", [False, True])
async def test_an_error_that_nobody_expected_reaches_the_caller_and_not_the_others(
    bench: Bench, *, is_slow: bool
) -> None:
    bench.knows(CHURN, 1.0 if is_slow else 1e-6)
    bench.engine.error = lambda: ZeroDivisionError("a defect of the engine")
    calls = [bench.ask(1.0), bench.ask(POISON), bench.ask(2.0)]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(answers[1], ZeroDivisionError)
    assert [answer.score.item() for answer in answers if isinstance(answer, Scored)] == [2.0, 4.0]
    assert (await bench.ask(5.0)).score.tolist() == [10.0]


async def test_an_engine_that_gives_too_few_scores_fails_instead_of_mixing_up_rows(cheap: Bench) -> None:
    def short(matrix: Floats) -> Scored:
        return Scored(matrix[1:, 0], matrix[1:, 0], matrix[1:, 0] > 0.0)

    matrix = np.array([[1.0], [2.0]])
    calls = (cheap.batcher.score(CHURN, short, matrix) for _ in range(3))
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(answer) for answer in answers[1:]] == [ModelUnusableError] * 2


async def test_rows_of_a_caller_who_has_gone_are_not_scored(bench: Bench) -> None:
    bench.engine.gate = threading.Event()
    first = bench.ask(1.0)
    await reached(lambda: bench.engine.batches)
    gone, stays = bench.ask(2.0), bench.ask(3.0)
    await asyncio.sleep(0)
    gone.cancel()
    bench.engine.gate.set()
    await asyncio.gather(first, stays)
    assert bench.engine.batches == [[1.0], [3.0]]
    assert (bench.batcher.counts["churn"].dropped, bench.batcher.waiting_rows) == (1, 0)


async def test_a_large_call_whose_caller_has_gone_is_not_finished(bench: Bench) -> None:
    bench.engine.gate = threading.Event()
    large = bench.ask(*(float(value) for value in range(1, 101)))
    await reached(lambda: bench.engine.batches)
    large.cancel()
    bench.engine.gate.set()
    await bench.ask(7.0)
    assert bench.engine.sizes == [32, 1]
    assert bench.batcher.waiting_rows == 0


async def test_beyond_the_bound_calls_are_refused_at_once_and_taken_again_later() -> None:
    batcher, engine = Batcher(most_waiting_rows=10), Engine(gate=threading.Event())
    bench = Bench(batcher, engine)
    large = bench.ask(*range(1, 26))  # larger than the bound, but nothing waits
    await reached(lambda: engine.batches)
    with pytest.raises(OverloadedError, match="25 rows wait"):
        await bench.ask(1.0)
    assert engine.gate is not None
    engine.gate.set()
    assert len((await large).score) == 25
    assert (await bench.ask(1.0)).score.tolist() == [2.0]
    assert batcher.counts["churn"].refused == 1
    batcher.close()


async def test_at_the_end_waiting_calls_are_refused_and_the_one_under_way_is_answered() -> None:
    batcher, engine = Batcher(), Engine(gate=threading.Event())
    bench = Bench(batcher, engine)
    running = bench.ask(1.0)
    await reached(lambda: engine.batches)
    waiting = bench.ask(2.0)
    await asyncio.sleep(0)
    batcher.close()
    assert engine.gate is not None
    engine.gate.set()
    assert (await running).score.tolist() == [2.0]
    with pytest.raises(OverloadedError):
        await waiting


async def test_a_call_without_rows_is_answered_without_rows(bench: Bench) -> None:
    answer = await bench.batcher.score(CHURN, bench.engine, np.empty((0, 1)))
    assert answer.score.shape == (0,)


def test_an_engine_with_a_fixed_price_per_call_is_not_taken_for_cheap_after_a_large_batch() -> None:
    costs = Costs()
    costs.observe("gpu", 1000, 0.005)
    assert costs.estimate("gpu", 1) == 0.005
    assert costs.estimate("gpu", 4000) == pytest.approx(0.005 * 4000 / 512)
    assert costs.estimate("unknown", 1) == float("inf")
    assert costs.rows_within("unknown", 1.0) == 0


def test_an_estimate_follows_faster_calls_quickly_and_slower_ones_reluctantly() -> None:
    costs = Costs()
    costs.observe("cpu", 1, 0.010)
    for _ in range(10):
        costs.observe("cpu", 1, 0.001)
    assert costs.estimate("cpu", 1) < 0.0011
    costs.observe("cpu", 1, 0.010)
    assert costs.estimate("cpu", 1) < 0.002
