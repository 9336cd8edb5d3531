"""How a call goes, without any transport: attempts, pauses, the deadline and the end of a job."""

import secrets
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from itertools import count
from typing import TypeVar

from platform_assets.client import calls
from platform_assets.client.calls import Call
from platform_assets.client.replies import Failure, read_reply
from platform_assets.client.retries import RetryBudget, RetryPolicy
from platform_assets.client.steps import Broken, Outcome, Pause, Reply, Send, Step
from platform_assets.errors import JobUnfinishedError
from platform_assets.serving.jobs.record import FINISHED
from platform_assets.serving.jobs.wire import JobSeen

T = TypeVar("T")
Conversation = Generator[Step, Outcome, T]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversations:
    """Begins the conversations of one client: generators that yield steps, are sent outcomes and return the answer."""

    policy: RetryPolicy = field(default_factory=RetryPolicy)
    budget: RetryBudget = field(default_factory=RetryBudget)
    timer: Callable[[], float] = time.monotonic

    def once(self, call: Call[T], request_id: str | None = None) -> Conversation[T]:
        """Return the answer of a call, repeated under one request id while that may help and may be afforded.

        Raises EndpointRefusedError, EndpointUnavailableError, EndpointUnreachableError or UnreadableAnswerError.
        """
        told_id = request_id or new_request_id()
        deadline = self.timer() + self.policy.deadline_s
        for attempt in count(1):
            outcome = yield self._send(call, told_id, deadline - self.timer())
            read = read_reply(call, _told(outcome), request_id=told_id)
            if not isinstance(read, Failure):
                self.budget.earn()
                return read
            pause_s = self.policy.pause_s(attempt, read.asked_s)
            is_in_time = attempt < self.policy.attempts and self.timer() + pause_s < deadline
            if not (read.error.retryable and is_in_time and self.budget.spend()):
                raise read.error
            yield Pause(pause_s)
        raise AssertionError  # count never ends

    def until_finished(self, job_id: str, *, timeout_s: float, poll_s: float) -> Conversation[JobSeen]:
        """Return a job once it has ended, well or not; raises JobUnfinishedError after `timeout_s`."""
        deadline = self.timer() + timeout_s
        while True:
            seen = yield from self.once(calls.job(job_id))
            if seen.status in FINISHED:
                return seen
            if self.timer() + poll_s > deadline:
                raise JobUnfinishedError(job_id=job_id, status=seen.status, waited_s=timeout_s)
            yield Pause(poll_s)

    def _send(self, call: Call[T], request_id: str, left_s: float) -> Send:
        content = call.content
        headers = {**call.headers, "X-Request-Id": request_id}
        if content is not None:
            headers["Content-Type"] = "application/json"
        return Send(
            method=call.method,
            path=call.path,
            query=call.query,
            headers=headers,
            content=content,
            timeout_s=min(self.policy.attempt_s, left_s),
        )


def new_request_id() -> str:
    """Return an id for a call that the caller gave none."""
    return secrets.token_hex(12)


def _told(outcome: Outcome) -> Reply | Broken:
    return outcome if outcome is not None else Broken("the transport told nothing")
