"""Several workers of one endpoint are one to a rollout: their counts are added up, whoever is asked."""

import datetime as dt
from pathlib import Path

import msgspec
import pytest

from platform_assets.experiments.histogram import log_bucket
from platform_assets.inference.live_pointer import LiveRollout
from platform_assets.serving.traffic.board import RolloutBoard
from platform_assets.serving.traffic.counts import StepTally
from platform_assets.serving.traffic.outcome import Outcome
from tests.unit.serving.conftest import WALL, make_endpoint
from tests.unit.serving.traffic.rolling import Rolling, begin_rollout, plan_of

pytestmark = pytest.mark.anyio

ROLLOUT = LiveRollout(
    rollout_id="churn-b-2", release_id="b", plan=plan_of(0.5), step_name="step0", step_since=WALL, since=WALL
)
GOOD, BAD = Outcome(5.0, is_failed=False, scores=(0.5,)), Outcome(7.0, is_failed=True)


async def another_worker(rolling: Rolling, board: Path, name: str) -> Rolling:
    other = make_endpoint(rolling.endpoint.publisher.home)
    other.parts.heart.traffic.watch.share(RolloutBoard(board, name))
    other.features.rows = rolling.endpoint.features.rows
    await other.parts.refresh()
    return Rolling(other, rolling.old, rolling.new)


async def pair(tmp_path: Path) -> tuple[Rolling, Rolling]:
    board = tmp_path / "board"
    board.mkdir()
    endpoint = make_endpoint(tmp_path)
    endpoint.parts.heart.traffic.watch.share(RolloutBoard(board, "worker-0"))
    one = await begin_rollout(endpoint, 0.5)
    return one, await another_worker(one, board, "worker-1")


async def test_any_worker_tells_the_sums_of_all(tmp_path: Path) -> None:
    one, two = await pair(tmp_path)
    for number in range(40):
        await one.ask(f"{number}")
        await two.ask(f"{number}")
    for worker in (one, two):
        worker.endpoint.parts.heart.traffic.watch.beat()
    reports = [worker.endpoint.parts.heart.traffic.watch.report("churn") for worker in (one, two)]
    first, second = (report.evidence for report in reports)
    assert (first.candidate, first.control, first.recent) == (second.candidate, second.control, second.recent)
    assert first.candidate.answers + first.control.answers == 80
    assert first.candidate.answers % 2 == 0  # both workers send the same customers to it


async def test_a_limit_that_only_the_sum_breaks_is_seen_by_the_next_beat(tmp_path: Path) -> None:
    one, two = await pair(tmp_path)
    watches = [worker.endpoint.parts.heart.traffic.watch for worker in (one, two)]
    for worker, watch in zip((one, two), watches, strict=True):
        split = worker.endpoint.parts.releases.split("churn")
        assert split is not None
        watch.count_copy(split, worker.candidate, copy=BAD, control=GOOD)
    assert one.pointer.rollout is not None  # one failure shows nothing
    for watch in (*watches, *watches):
        watch.beat()
    await one.endpoint.parts.heart.traffic.finish()
    await two.endpoint.parts.heart.traffic.finish()
    assert one.pointer.rollout is None
    assert "2 of 2" in one.last_move.cause.reason


async def test_a_worker_that_takes_anothers_place_goes_on_where_it_ended(tmp_path: Path) -> None:
    one, two = await pair(tmp_path)
    for number in range(40):
        await one.ask(f"{number}")
    before = one.endpoint.parts.heart.traffic.watch.report("churn").evidence
    successor = await another_worker(one, tmp_path / "board", "worker-0")
    for number in range(40, 50):
        await successor.ask(f"{number}")
    after = successor.endpoint.parts.heart.traffic.watch.report("churn").evidence
    assert after.candidate.answers + after.control.answers == 50
    assert after.candidate.answers >= before.candidate.answers
    assert two.endpoint.parts.heart.traffic.watch.report("churn").evidence.candidate == after.candidate


async def test_a_step_begins_with_nothing_counted(tmp_path: Path) -> None:
    one, _ = await pair(tmp_path)
    await one.ask("1", "2", "3", "4")
    await one.advance()
    report = one.endpoint.parts.heart.traffic.watch.report("churn")
    assert (report.step_name, report.evidence.candidate.answers, report.evidence.control.answers) == ("step1", 0, 0)


async def test_a_worker_that_was_just_started_has_told_at_once_what_the_one_before_had(tmp_path: Path) -> None:
    one, two = await pair(tmp_path)
    for number in range(40):
        await one.ask(f"{number}")
    before = one.endpoint.parts.heart.traffic.watch.report("churn").evidence
    for _ in range(2):  # the second one takes the place of a worker that was killed before it had counted anything
        await another_worker(one, tmp_path / "board", "worker-0")
    assert two.endpoint.parts.heart.traffic.watch.report("churn").evidence.candidate == before.candidate


async def test_the_last_answer_of_a_step_takes_nothing_from_what_the_next_one_has_counted(tmp_path: Path) -> None:
    one, _ = await pair(tmp_path)
    watch = one.endpoint.parts.heart.traffic.watch
    split, candidate = one.endpoint.parts.releases.split("churn"), one.candidate
    assert split is not None
    await one.advance()
    await one.ask("1", "2", "3")
    counted = watch.report("churn").evidence.candidate.answers
    watch.count_copy(split, candidate, copy=GOOD, control=GOOD)
    assert (counted, watch.report("churn").evidence.candidate.answers) == (1, 1)


def test_counts_of_another_step_are_not_added() -> None:
    tally = StepTally(ROLLOUT, log_bucket)
    tally.count_candidate(GOOD)
    other = StepTally(msgspec.structs.replace(ROLLOUT, step_name="step1"), log_bucket)
    other.count_candidate(BAD)
    assert tally.counts() + other.counts() == tally.counts()


def test_the_first_bad_answer_is_the_earliest_of_all_workers_and_of_the_one_before_in_its_place() -> None:
    tallies = [StepTally(ROLLOUT, log_bucket) for _ in range(3)]
    for tally, second in zip(tallies, (5, 3, 4), strict=True):
        tally.note_bad(WALL + dt.timedelta(seconds=second))
        tally.note_bad(WALL)
    one, two, three = (tally.counts() for tally in tallies)
    assert StepTally(ROLLOUT, log_bucket).counts().first_bad_at is None
    assert sum([two, three], one).first_bad_at == WALL + dt.timedelta(seconds=3)
    assert StepTally(ROLLOUT, log_bucket, before=one).counts().first_bad_at == one.first_bad_at


def test_the_last_minutes_forget_what_is_older() -> None:
    now = [0.0]
    tally = StepTally(ROLLOUT, log_bucket, timer=lambda: now[0])
    for minute in range(20):
        now[0] = 60.0 * minute
        tally.count_candidate(BAD if minute < 10 else GOOD)
    counts = tally.counts()
    assert (counts.candidate.answers, counts.candidate.errors) == (20, 10)
    assert (counts.recent.answers, counts.recent.errors) == (5, 0)
    now[0] += 600.0
    assert tally.counts().recent.answers == 0


def test_counts_travel_over_the_board_unchanged(tmp_path: Path) -> None:
    tally = StepTally(ROLLOUT, log_bucket)
    tally.count_candidate(GOOD)
    tally.count_control(BAD)
    tally.dropped = 3
    tally.note_bad(WALL)
    RolloutBoard(tmp_path, "worker-0").tell({"churn": tally.counts()})
    assert RolloutBoard(tmp_path, "worker-1").others() == [{"churn": tally.counts()}]
    assert RolloutBoard(tmp_path, "worker-0").before() == {"churn": tally.counts()}


@pytest.mark.parametrize("content", [b"", b"\xff", b"\x81\xa5churn\x01"])
def test_a_damaged_file_of_another_worker_counts_as_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "worker-7.rollouts").write_bytes(content)
    assert RolloutBoard(tmp_path, "worker-1").others() == [{}]


async def test_a_board_that_cannot_be_written_stops_no_answer(tmp_path: Path) -> None:
    one, _ = await pair(tmp_path)
    one.endpoint.parts.heart.traffic.watch.share(RolloutBoard(tmp_path / "gone", "worker-0"))
    await one.ask("1")
    one.endpoint.parts.heart.traffic.watch.beat()
    assert one.endpoint.parts.heart.traffic.watch.report("churn").evidence.candidate.answers <= 1
    assert b"platform_metrics_unwritten_total 2" in one.endpoint.parts.metrics.render()
