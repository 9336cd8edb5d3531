"""Experiments as declared, and which variant answers whom."""

from collections import Counter

import msgspec
import pytest

from platform_assets.contract.assignment import Unit
from platform_assets.contract.experiment_rules import broken_experiment_rules
from platform_assets.contract.experiments import Assigned, Experiment, Metric, Variant, assign, assign_text


def experiment(share: float = 0.2, unit: Unit = "user") -> Experiment:
    return Experiment(
        id="newer-model",
        product="churn",
        unit=unit,
        variants=(
            Variant(name="control", release="churn-1", share=1.0 - share),
            Variant(name="treatment", release="churn-2", share=share),
        ),
        metrics=(Metric(name="error_rate", margin=0.002),),
    )


def test_a_user_keeps_the_variant_over_requests_and_after_a_ramp() -> None:
    for number in range(500):
        user = f"u{number}"
        chosen = [
            assign(experiment(share), unit=user, request_id=f"r{share}").variant for share in (0.05, 0.2, 0.2, 1.0)
        ]
        assert chosen == sorted(chosen), "control comes before treatment, and nobody goes back"


def test_eighty_to_twenty_is_what_users_get() -> None:
    counts = Counter(assign(experiment(), unit=f"u{n}", request_id="r").variant for n in range(20_000))
    assert counts["treatment"] / 20_000 == pytest.approx(0.2, abs=0.012)


def test_without_a_user_the_request_decides_and_that_is_told() -> None:
    assert assign(experiment(), unit=None, request_id="r1").chosen == "request"
    assert assign(experiment(), unit="", request_id="r1").chosen == "request"
    assert assign(experiment(), unit="u1", request_id="r1").chosen == "unit"


def test_per_request_the_same_user_meets_both_variants_and_a_repeat_the_same() -> None:
    by_request = experiment(0.5, unit="request")
    chosen = [assign(by_request, unit="u1", request_id=f"r{number}").variant for number in range(100)]
    assert set(chosen) == {"control", "treatment"}
    assert [assign(by_request, unit="u2", request_id=f"r{number}").variant for number in range(100)] == chosen


def test_an_override_wins_when_it_names_a_variant_and_has_no_effect_otherwise() -> None:
    told = assign(experiment(0.0), unit="u1", request_id="r1", override="treatment")
    assert told == Assigned(experiment="newer-model", variant="treatment", chosen="override")
    assert assign(experiment(0.0), unit="u1", request_id="r1", override="other").variant == "control"


def test_a_request_whose_id_equals_a_user_is_still_another_unit() -> None:
    half = experiment(0.5)
    differ = [
        assign(half, unit=f"x{n}", request_id="r").variant != assign(half, unit=None, request_id=f"x{n}").variant
        for n in range(200)
    ]
    assert any(differ)


def test_an_experiment_comes_back_from_json_as_it_was() -> None:
    declared = experiment()
    assert msgspec.json.decode(msgspec.json.encode(declared), type=Experiment) == declared


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"variants": (Variant(name="a", release="r", share=1.0),)}, "nothing to compare"),
        ({"variants": tuple(Variant(name="a", release="r", share=0.5) for _ in range(2))}, "same name"),
        ({"variants": tuple(Variant(name=n, release="r", share=0.4) for n in "ab")}, "add up to 0.8"),
        (
            {
                "variants": tuple(
                    Variant(name=n, release="r", share=s) for n, s in zip("abc", (0.3, 0.6, 0.1), strict=True)
                )
            },
            "above 0.5",
        ),
        ({"metrics": ()}, "nothing is measured"),
        ({"metrics": (Metric(name="value", margin=0.0, bounds=(1.0, 1.0)),)}, "no range"),
        ({"metrics": (Metric(name="accuracy", margin=0.0, bounds=(0.0, 1.0)),)}, "bounds of its own"),
        ({"metrics": (Metric(name="value", margin=0.0),) * 2}, "declared twice"),
    ],
)
def test_an_experiment_that_contradicts_itself_is_told(changed: dict[str, object], problem: str) -> None:
    assert list(broken_experiment_rules(experiment())) == []
    (broken,) = broken_experiment_rules(msgspec.structs.replace(experiment(), **changed))
    assert problem in broken[1]


def test_a_user_is_told_by_a_digest_that_is_stable_and_does_not_show_who_it_is() -> None:
    first, again = (assign(experiment(0.5), unit="ada@example.com", request_id=f"r{number}") for number in range(2))
    other = assign(experiment(0.5), unit="bob@example.com", request_id="r0")
    assert first.unit == again.unit != other.unit
    assert first.unit == "3eebe02b4cc7507e"
    elsewhere = assign(msgspec.structs.replace(experiment(0.5), id="later"), unit="ada@example.com", request_id="r0")
    assert elsewhere.unit != first.unit


def test_an_entity_that_stands_in_for_a_user_is_assigned_by_its_own_text() -> None:
    told = [assign_text(experiment(0.5), f"entity:e{number}", chosen="unit") for number in range(50)]
    assert {one.variant for one in told} == {"control", "treatment"}
    assert {one.unit for one in told} == {None}, "the log has the entity in any case"
    assert assign(experiment(0.5), unit="e1", request_id="r1") == assign_text(experiment(0.5), "user:e1", chosen="unit")


def test_a_name_that_ends_in_a_line_feed_is_refused() -> None:
    broken = list(broken_experiment_rules(msgspec.structs.replace(experiment(), id="greeting\n")))
    assert [problem for _, problem, _ in broken] == ["the name 'greeting\\n' ends in a line feed"]
