"""Who answers a row: the same release for the same unit, everywhere and always."""

import asyncio
import json
import math
import os
import subprocess
import sys
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from platform_assets.contract.assignment import Unit
from platform_assets.serving.traffic.choice import choose, unit_text
from platform_assets.serving.traffic.facts import Facts, facts_of
from platform_assets.serving.traffic.split import Candidate, Split
from platform_assets.settings import PROJECT_ROOT
from tests.unit.serving.conftest import make_endpoint
from tests.unit.serving.traffic.rolling import Rolling, begin_rollout, plan_of

SHARES = (0.05, 0.2, 0.5)
FACTS = Facts("r")


@pytest.fixture(scope="session")
def rolling(tmp_path_factory: pytest.TempPathFactory) -> Rolling:
    return asyncio.run(begin_rollout(make_endpoint(tmp_path_factory.mktemp("choice")), *SHARES))


def at_share(rolling: Rolling, share: float, unit: Unit = "entity") -> Split:
    split = rolling.endpoint.parts.releases.split("churn")
    assert split is not None
    rollout = msgspec.structs.replace(rolling.rollout, plan=plan_of(*SHARES, unit=unit))
    return Split(control=split.control, candidate=Candidate(rolling.candidate.live, rollout, share))


def role(split: Split, facts: Facts, entity: str) -> str:
    return choose(split, facts, entity).role


@settings(max_examples=300, deadline=None)
@given(
    entity=st.text(max_size=20),
    user=st.text(min_size=1, max_size=20) | st.none(),
    unit=st.sampled_from(["user", "entity", "request"]),
    shares=st.tuples(st.floats(0.001, 1.0), st.floats(0.001, 1.0)).map(sorted),
)
def test_whoever_met_the_candidate_keeps_it_when_its_share_rises(
    rolling: Rolling, entity: str, user: str | None, unit: Unit, shares: list[float]
) -> None:
    facts = Facts("request-7", user)
    before, after = (role(at_share(rolling, share, unit), facts, entity) for share in shares)
    assert (before, after) != ("candidate", "control")


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("unit", ["user", "entity", "request"])
def test_the_observed_share_is_the_declared_one_within_what_chance_explains(
    rolling: Rolling, share: float, unit: Unit
) -> None:
    count, split = 20_000, at_share(rolling, share, unit)
    taken = sum(
        role(split, Facts(f"request-{number}", f"user-{number}"), f"{number}") == "candidate" for number in range(count)
    )
    assert abs(taken - count * share) < 5.0 * math.sqrt(count * share * (1.0 - share))  # of a binomial


def test_another_process_with_another_hash_seed_chooses_the_same(rolling: Rolling) -> None:
    code = (
        "import json, sys; from platform_assets.contract.assignment import takes_new; "
        "salt, share = sys.argv[1], float(sys.argv[2]); "
        "print(json.dumps([takes_new(salt, f'entity:{n}', share) for n in range(500)]))"
    )
    split = at_share(rolling, 0.2)
    here = [role(split, FACTS, f"{number}") == "candidate" for number in range(500)]
    for seed in ("0", "12345"):
        there = subprocess.run(
            [sys.executable, "-c", code, rolling.rollout.rollout_id, "0.2"],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=PROJECT_ROOT,
            capture_output=True,
            check=True,
            timeout=60,
        )
        assert json.loads(there.stdout) == here
    assert 0 < sum(here) < 500


def test_the_same_user_meets_the_same_release_whatever_is_asked(rolling: Rolling) -> None:
    split = at_share(rolling, 0.5, "user")
    for number in range(50):
        met = {role(split, Facts(f"r{call}", f"user-{number}"), f"{call}") for call in range(20)}
        assert len(met) == 1


def test_without_a_user_the_entity_takes_its_place(rolling: Rolling) -> None:
    by_user, by_entity = at_share(rolling, 0.5, "user"), at_share(rolling, 0.5, "entity")
    entities = [f"{number}" for number in range(200)]
    assert [role(by_user, FACTS, each) for each in entities] == [role(by_entity, FACTS, each) for each in entities]


def test_the_kind_of_a_unit_is_part_of_it() -> None:
    facts = Facts("7", "7")
    units: tuple[Unit, ...] = ("user", "entity", "request")
    texts = {unit_text(unit, facts, "7")[0] for unit in units}
    assert texts == {"user:7", "entity:7", "request:7"}


def test_two_rollouts_of_one_release_are_tried_on_other_units_first(rolling: Rolling) -> None:
    one = at_share(rolling, 0.5)
    assert one.candidate is not None
    rollout = msgspec.structs.replace(one.candidate.rollout, rollout_id="another")
    other = replace(one, candidate=replace(one.candidate, rollout=rollout))
    entities = [f"{number}" for number in range(400)]
    same = sum(role(one, FACTS, each) == role(other, FACTS, each) for each in entities)
    assert 140 < same < 260  # of two coins 200, give or take 6 standard deviations


def test_a_user_is_in_the_log_as_a_digest_of_this_rollout_alone(rolling: Rolling) -> None:
    assigned = choose(at_share(rolling, 0.5, "user"), Facts("r", "anna@example.org"), "7").assigned
    assert assigned is not None
    assert assigned.unit is not None
    assert "anna" not in assigned.unit
    assert (assigned.experiment, assigned.chosen) == (rolling.rollout.rollout_id, "unit")


def test_a_name_that_no_loaded_release_has_changes_nothing(rolling: Rolling) -> None:
    split = at_share(rolling, 0.5)
    for number in range(50):
        assert choose(split, Facts("r", None, "gone"), f"{number}") == choose(split, FACTS, f"{number}")


def test_a_release_is_chosen_only_by_who_may() -> None:
    sent = [(b"x-release", b" abc "), (b"x-user-id", b"anna"), (b"host", b"h")]
    assert facts_of("r", sent, may_choose=True) == Facts("r", "anna", "abc")
    assert facts_of("r", sent, may_choose=False) == Facts("r", "anna", None)
    assert facts_of("r", [(b"x-user-id", b"  ")], may_choose=True) == Facts("r")
