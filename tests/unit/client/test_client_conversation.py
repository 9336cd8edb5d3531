"""How a call goes: what is repeated, for how long, at what pace and at whose expense."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec
import pytest

from platform_assets.client import calls
from platform_assets.client.conversation import Conversation, Conversations
from platform_assets.client.retries import RetryBudget, RetryPolicy
from platform_assets.client.steps import Broken, Outcome, Pause, Reply, Send, Step
from platform_assets.errors import (
    EndpointRefusedError,
    EndpointUnavailableError,
    EndpointUnreachableError,
    JobUnfinishedError,
    UnreadableAnswerError,
)
from platform_assets.serving.health import Readiness

T = TypeVar("T")
JSON, PROBLEM = {"content-type": "application/json"}, {"content-type": "application/problem+json"}
READY = Reply(200, JSON, b'{"is_ready": true, "failing": []}')
JOB = {
    **dict.fromkeys(["job_id", "product", "release_id", "input_uri", "output_uri"], "x"),
    **dict.fromkeys(["rows_total", "rows_per_second", "eta_seconds", "event_at", "started_at", "finished_at"]),
    "progress": "10%",
    "progress_ratio": 0.1,
    "rows_done": 10,
    "rows_failed": 0,
    "model_version": 1,
    "batch_size": 1000,
    "created_at": "2026-01-01T00:00:00Z",
    "error": None,
    "status": "running",
}


def problem(status: int, code: str, *, retryable: bool, **headers: str) -> Reply:
    told = {"type": "t", "title": "T", "status": status, "code": code, "detail": "d", "request_id": "r-1"}
    content = msgspec.json.encode({**told, "retryable": retryable})
    return Reply(status, {**PROBLEM, **{name.replace("_", "-"): value for name, value in headers.items()}}, content)


def job(status: str) -> Reply:
    return Reply(200, JSON, msgspec.json.encode({**JOB, "status": status}))


AWAY = problem(503, "overloaded", retryable=True)


@dataclass
class Played:
    """Plays the other side of a conversation; time passes only in its pauses and by `lasting_s` in each attempt."""

    outcomes: Sequence[Reply | Broken]
    lasting_s: float = 0.0
    budget: RetryBudget = field(default_factory=RetryBudget)
    policy: RetryPolicy = field(default_factory=lambda: RetryPolicy(uniform=lambda _, most: most))
    now: float = 100.0
    steps: list[Step] = field(default_factory=list)

    @property
    def talks(self) -> Conversations:
        return Conversations(policy=self.policy, budget=self.budget, timer=lambda: self.now)

    @property
    def sent(self) -> list[Send]:
        return [step for step in self.steps if isinstance(step, Send)]

    @property
    def pauses(self) -> list[float]:
        return [step.seconds for step in self.steps if isinstance(step, Pause)]

    def play(self, conversation: Conversation[T]) -> T:
        left, outcome = list(self.outcomes), None
        while True:
            try:
                step = conversation.send(outcome)
            except StopIteration as end:
                answer: T = end.value
                return answer
            self.steps.append(step)
            self.now += step.seconds if isinstance(step, Pause) else self.lasting_s
            outcome = self._outcome(step, left)

    def _outcome(self, step: Step, left: list[Reply | Broken]) -> Outcome:
        if isinstance(step, Pause):
            return None
        return left.pop(0) if len(left) > 1 else left[0]


def test_an_answer_comes_as_its_type_under_a_request_id_of_its_own() -> None:
    played = Played([READY])
    for _ in range(2):
        answer = played.play(played.talks.once(calls.ready()))
        assert isinstance(answer, Readiness)
        assert answer.is_ready
    first, second = (step.headers["X-Request-Id"] for step in played.sent)
    assert first != second


def test_a_repeat_keeps_the_request_id_and_waits_twice_as_long_each_time() -> None:
    played = Played([AWAY, AWAY, AWAY, READY])
    played.play(played.talks.once(calls.ready(), "mine"))
    assert [step.headers["X-Request-Id"] for step in played.sent] == ["mine"] * 4
    assert played.pauses == pytest.approx([0.1, 0.2, 0.4])


def test_a_problem_that_a_repeat_does_not_change_is_raised_at_once_with_all_it_says() -> None:
    played = Played([problem(422, "malformed_request", retryable=False)])
    with pytest.raises(EndpointRefusedError) as caught:
        played.play(played.talks.once(calls.products()))
    error = caught.value
    assert (error.problem_code, error.http_status, error.detail) == ("malformed_request", 422, "d")
    assert (error.request_id, error.retryable, len(played.sent)) == ("r-1", False, 1)


def test_after_the_last_attempt_the_last_problem_is_raised() -> None:
    played = Played([AWAY])
    with pytest.raises(EndpointUnavailableError) as caught:
        played.play(played.talks.once(calls.products()))
    assert (caught.value.problem_code, caught.value.retryable, len(played.sent)) == ("overloaded", True, 4)


def test_a_broken_connection_is_repeated_and_then_told() -> None:
    played = Played([Broken("ReadError")])
    with pytest.raises(EndpointUnreachableError, match="ReadError"):
        played.play(played.talks.once(calls.products()))
    assert len(played.sent) == 4


def test_a_pause_is_never_shorter_than_the_endpoint_asks_for() -> None:
    played = Played([problem(503, "overloaded", retryable=True, retry_after="3"), READY])
    played.play(played.talks.once(calls.ready()))
    assert played.pauses == pytest.approx([3.1])


def test_a_date_to_come_back_counts_from_the_date_of_the_answer() -> None:
    dates = {"date": "Sat, 21 Nov 2026 10:00:00 GMT", "retry_after": "Sat, 21 Nov 2026 10:00:02 GMT"}
    played = Played([problem(503, "overloaded", retryable=True, **dates), READY])
    played.play(played.talks.once(calls.ready()))
    assert played.pauses == pytest.approx([2.1])


def test_a_wish_to_come_back_that_cannot_be_read_is_no_wish() -> None:
    played = Played([problem(503, "overloaded", retryable=True, retry_after="soon"), READY])
    played.play(played.talks.once(calls.ready()))
    assert played.pauses == pytest.approx([0.1])


def test_nothing_is_repeated_beyond_the_deadline_and_no_attempt_may_last_longer_than_what_is_left() -> None:
    played = Played([Broken("ReadTimeout")], lasting_s=4.0)
    with pytest.raises(EndpointUnreachableError):
        played.play(played.talks.once(calls.products()))
    assert [step.timeout_s for step in played.sent] == pytest.approx([5.0, 5.0, 1.7])


def test_an_endpoint_that_asks_for_more_time_than_the_deadline_leaves_is_not_asked_again() -> None:
    played = Played([problem(503, "overloaded", retryable=True, retry_after="60")])
    with pytest.raises(EndpointUnavailableError):
        played.play(played.talks.once(calls.products()))
    assert (len(played.sent), played.pauses) == (1, [])


def test_repeats_stop_when_the_budget_is_spent_and_success_earns_them_back() -> None:
    played = Played([AWAY], budget=RetryBudget(capacity=2.0, earned=0.5))
    for expected in (3, 4):  # two repeats, then none
        with pytest.raises(EndpointUnavailableError):
            played.play(played.talks.once(calls.products()))
        assert len(played.sent) == expected
    played.outcomes = [READY]
    for _ in range(2):
        played.play(played.talks.once(calls.ready()))
    played.outcomes, played.steps = [AWAY], []
    with pytest.raises(EndpointUnavailableError):
        played.play(played.talks.once(calls.products()))
    assert len(played.sent) == 2


def test_being_unready_is_an_answer_and_not_an_error() -> None:
    played = Played([Reply(503, JSON, b'{"is_ready": false, "failing": ["churn"]}')])
    answer = played.play(played.talks.once(calls.ready()))
    assert answer.failing == ["churn"]


def test_a_gateway_without_problem_details_is_repeated_only_for_what_passes() -> None:
    html = {"content-type": "text/html"}
    passing, lasting = Played([Reply(502, html, b"<p>"), READY]), Played([Reply(404, html, b"<p>")])
    passing.play(passing.talks.once(calls.ready()))
    with pytest.raises(EndpointRefusedError, match="http_404"):
        lasting.play(lasting.talks.once(calls.ready()))
    assert (len(passing.sent), len(lasting.sent)) == (2, 1)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"is_ready": "maybe"}', b"\xff"])
def test_what_is_no_such_answer_is_told_as_unreadable(content: bytes) -> None:
    played = Played([Reply(200, JSON, content)])
    with pytest.raises(UnreadableAnswerError, match="/readyz"):
        played.play(played.talks.once(calls.ready()))


def test_a_job_is_asked_for_until_it_has_ended() -> None:
    played = Played([job("queued"), job("running"), job("failed")])
    seen = played.play(played.talks.until_finished("j/1", timeout_s=60.0, poll_s=0.5))
    assert seen.status == "failed"
    assert {step.path for step in played.sent} == {"/v1/jobs/j%2F1"}
    assert played.pauses == [0.5, 0.5]


def test_a_job_that_does_not_end_in_time_is_told_and_goes_on() -> None:
    played = Played([job("running")])
    with pytest.raises(JobUnfinishedError, match="running after 2 s"):
        played.play(played.talks.until_finished("j", timeout_s=2.0, poll_s=0.5))


def test_pauses_of_clients_that_failed_together_differ_and_stay_below_their_limit() -> None:
    pauses = [RetryPolicy().pause_s(attempt, None) for attempt in (1, 5, 9) for _ in range(50)]
    assert len(set(pauses)) > 100
    assert min(pauses) >= 0.0
    assert max(pauses) <= 2.0
