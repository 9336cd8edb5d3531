"""Business time walked instant by instant: answer, join outcomes, watch the rules, request, train, judge, release."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType

import msgspec

from platform_assets.contract.evaluation import Acceptance
from platform_assets.contract.product import Product
from platform_assets.contract.rollout import RolloutPlan
from platform_assets.ledger.promises import promise_standings
from platform_assets.ledger.retraining import RetrainingRequest
from platform_assets.ledger.run_facts import RunFacts
from platform_assets.monitoring.outcomes.join import join_outcomes
from platform_assets.monitoring.rules.observe import observe_rules
from platform_assets.monitoring.slas.endpoint import look_at_endpoint
from platform_assets.monitoring.watch import watch_promises
from platform_assets.orchestration.retraining_request import ask_by_rule
from platform_assets.orchestration.retraining_steps import carry_out, judge_asked, make_set, release_asked, train_asked
from tests.bench.feedback.answers import Asked, Floats, in_force, log_answers
from tests.bench.feedback.home import BusinessHome

HOUR = dt.timedelta(hours=1)
_AT_ONCE = RolloutPlan(strategy="instant")
_NO_CONDITION = Acceptance(with_champion=False, max_calibration_error=1.0, min_slice_rows=1)


@dataclass(frozen=True)
class Answered:
    """One instant: what the release in force said of everybody, and how the rules stood when it was over."""

    at: dt.datetime
    model_version: int
    scores: Floats
    measured: Mapping[str, float | None]


@dataclass
class Walked:
    """All instants of a walk, and the requests that were made on it with what became of them."""

    answered: list[Answered] = field(default_factory=list)
    requests: list[RetrainingRequest] = field(default_factory=list)
    held: list[str] = field(default_factory=list)


def at_once(product: Product) -> Product:
    """Return a product whose releases come into force at once: a walk has no traffic to share step by step."""
    assert product.online is not None
    return msgspec.structs.replace(product, online=msgspec.structs.replace(product.online, rollout=_AT_ONCE))


def release_first(home: BusinessHome, product: Product, at: dt.datetime) -> None:
    """Put the first model in force, whatever its gates say: there is none before it."""
    unjudged = msgspec.structs.replace(product, gates=(), acceptance=_NO_CONDITION)
    facts = RunFacts("first", at, "c" * 16)
    for step in (make_set, train_asked, judge_asked, release_asked):
        step(home.settings, home.ledger, unjudged, facts)


def walk(home: BusinessHome, product: Product, everybody: Sequence[Asked], *, with_labels: bool = True) -> Walked:
    """Walk through the instants in order; what is requested is trained and judged within the same hour."""
    walked = Walked()
    observers = MappingProxyType({"rules": partial(observe_rules, look=look_at_endpoint)})
    for number, asked in enumerate(everybody):
        answering = in_force(home.settings, product.name)
        scores = log_answers(home.settings, product, asked, answering, number)
        at = asked.at + HOUR
        if with_labels:
            join_outcomes(home.settings, home.ledger, product, known_until=at, at=at)
        watch_promises(home.settings, home.ledger, [product], at, observers=observers)
        measured = {one.promise: one.value for one in promise_standings(home.ledger, product.name)}
        walked.answered.append(Answered(asked.at, answering.release.model_version, scores, measured))
        made = ask_by_rule(home.settings, home.ledger, product, at + HOUR)
        if made.request is None:
            walked.held.append(f"{asked.at:%Y-%m-%d} {made.verdict.action}: {made.verdict.reason}")
            continue
        number_of = made.request.request_id
        facts = RunFacts(f"request-{number_of}", at + 2 * HOUR, "c" * 16)
        walked.requests.append(carry_out(home.settings, home.ledger, product, number_of, facts))
    return walked
