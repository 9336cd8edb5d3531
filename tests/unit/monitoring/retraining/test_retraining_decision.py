"""Whether a new model is asked for: every reason to hold it back, and none where nothing stands against it."""

import msgspec
import pytest

from platform_assets.contract.retraining import Retraining
from platform_assets.monitoring.retraining.decide import Verdict, decide
from tests.unit.monitoring.retraining.retraining_samples import (
    BREACH,
    DAY,
    NOW,
    PROSPECT,
    RELEASE,
    request,
    situation,
)

CAUSE = BREACH.cause(RELEASE, PROSPECT.cutoff)


def held(verdict: Verdict) -> str:
    assert verdict.action == "hold"
    return verdict.reason


def test_a_broken_rule_asks_for_a_new_model_and_says_why() -> None:
    verdict = decide(situation())
    assert (verdict.action, verdict.breach) == ("request", BREACH)
    assert "rule_score_shift is broken since 2026-03-09" in verdict.reason
    assert "differ by 0.210" in verdict.reason


def test_nothing_is_asked_for_while_no_rule_is_broken() -> None:
    assert decide(situation(breaches=())).action == "nothing"


def test_the_labels_are_counted_only_when_nothing_else_stands_against_it() -> None:
    assert decide(situation(prospect=None)).action == "count"
    assert decide(situation(prospect=None, held="a recall")).action == "hold"


def test_a_product_may_leave_it_to_people() -> None:
    assert "a person asks" in held(decide(situation(limits=Retraining(is_automatic=False))))


def test_too_few_new_labels_are_not_worth_a_model() -> None:
    few = msgspec.structs.replace(PROSPECT, new_labels=499)
    assert "499 labels are new" in held(decide(situation(prospect=few)))


def test_a_cooldown_lies_between_two_requests_and_ends() -> None:
    recent = request(1, "refused", days_ago=6.9)
    assert "cooldown until 2026-03-10" in held(decide(situation(history=(recent,))))
    assert decide(situation(history=(request(1, "refused", days_ago=7),))).action == "request"


def test_no_more_than_so_many_are_asked_for_in_thirty_days() -> None:
    two = (request(1, "refused", days_ago=29), request(2, "released", days_ago=8))
    assert "2 requests within 30 days" in held(decide(situation(history=two)))
    old = (request(1, "refused", days_ago=31), request(2, "released", days_ago=8))
    assert decide(situation(history=old)).action == "request"


def test_a_request_that_was_withdrawn_counts_for_no_limit() -> None:
    withdrawn = tuple(request(number, "withdrawn", days_ago=1) for number in (1, 2, 3))
    assert decide(situation(history=withdrawn)).action == "request"


def test_a_request_from_the_future_of_a_clock_that_was_set_back_counts() -> None:
    assert held(decide(situation(history=(request(1, "refused", days_ago=-2),)))).startswith("the last request")


@pytest.mark.parametrize("state", ["requested", "started"])
def test_one_request_at_a_time_is_under_way(state: str) -> None:
    busy = request(1, state, days_ago=20)  # type: ignore[arg-type]
    assert held(decide(situation(history=(busy,)))) == f"request 1 is {state}"


def test_a_candidate_that_waits_for_its_approval_holds_another_one_back() -> None:
    assert "waits for its approval" in held(decide(situation(history=(request(1, "candidate", days_ago=20),))))


def test_a_release_on_its_way_and_a_hold_are_waited_for() -> None:
    assert "is on its way" in held(decide(situation(on_its_way="release b is on its way")))
    assert "recalled" in held(decide(situation(held="staging was recalled")))


def test_a_breach_is_answered_once_unless_gates_refused_the_candidate() -> None:
    for state in ("withdrawn", "failed"):
        known = request(4, state, days_ago=90, cause=CAUSE)
        assert held(decide(situation(history=(known,)))).startswith("request 4 of")


def test_a_refused_candidate_is_not_trained_again_from_the_same_examples_but_from_newer_ones() -> None:
    refused = request(4, "refused", days_ago=90, cause=CAUSE)
    assert "request 4 was refused" in held(decide(situation(history=(refused,))))
    newer = msgspec.structs.replace(PROSPECT, cutoff=PROSPECT.cutoff + DAY)
    assert decide(situation(history=(refused,), prospect=newer)).action == "request"


def test_a_rule_that_breaks_and_holds_within_one_incident_is_one_breach() -> None:
    known = request(4, "failed", days_ago=90, cause=CAUSE)
    again = msgspec.structs.replace(BREACH, since=NOW)
    assert decide(situation(breaches=(again,), history=(known,))).action == "hold"
    other = msgspec.structs.replace(again, incident_id=6)
    assert decide(situation(breaches=(other,), history=(known,))).action == "request"


def test_a_release_since_answers_a_breach_until_its_measure_speaks_of_it_alone() -> None:
    assert "came into force after it broke" in held(decide(situation(release_since=NOW - DAY / 2)))
    settled = situation(release_since=NOW - 7 * DAY, breaches=(msgspec.structs.replace(BREACH, since=NOW - 8 * DAY),))
    assert decide(settled).action == "request", "broken still, by answers of the new release alone"


def test_a_second_breach_is_looked_at_when_the_first_is_answered() -> None:
    other = msgspec.structs.replace(BREACH, promise="rule_accuracy_drop", incident_id=9)
    known = request(4, "released", days_ago=90, cause=CAUSE)
    assert decide(situation(breaches=(BREACH, other), history=(known,))).breach == other


def test_before_the_first_release_there_is_nothing_to_train_again() -> None:
    assert held(decide(situation(release_id=None, release_since=None))) == "nothing was ever released"
