"""Evidence of rollouts for tests: a candidate and its control with the figures that a test names."""

import datetime as dt

from platform_assets.contract.rollout import RolloutPlan
from platform_assets.experiments.evidence import Evidence
from platform_assets.experiments.histogram import Histogram, log_bucket
from platform_assets.experiments.summary import Summary

START = dt.datetime(2026, 3, 1, 9, tzinfo=dt.UTC)
PLAN = RolloutPlan()
CANARY = PLAN.steps[1]
LATER = START + dt.timedelta(hours=1)


def seen(
    answers: int, errors: int = 0, *, slow: int = 0, slow_ms: float = 300.0, scores: tuple[int, int] = (20, 80)
) -> Summary:
    """Return a summary: `slow` answers took `slow_ms`, the others 20 ms; scores lie half in each of two buckets."""
    return Summary(
        answers=answers,
        errors=errors,
        latency_ms=Histogram({log_bucket(20.0): answers - slow, log_bucket(slow_ms): slow}),
        scores=Histogram({scores[0]: answers // 2, scores[1]: answers - answers // 2}),
    )


def evidence(
    candidate: Summary, control: Summary | None = None, *, recent: Summary | None = None, out_of_memory: int = 0
) -> Evidence:
    """Return the evidence of a step; the control has nineteen times the answers and one error in a thousand."""
    return Evidence(
        rollout_since=START,
        step_since=START,
        candidate=candidate,
        control=control or seen(19 * candidate.answers, 19 * candidate.answers // 1000),
        recent=recent or Summary(),
        out_of_memory=out_of_memory,
    )
