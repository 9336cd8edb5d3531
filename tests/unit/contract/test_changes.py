"""Changes of a declaration are told with their kind and the reason, and a breaking one needs the next version."""

import msgspec

from platform_assets.contract.changes import Change, compare
from platform_assets.contract.product import Product
from platform_assets.contract.score import Threshold
from platform_assets.products._discovery import discover_products
from tests.unit.contract.contract_samples import CHANNEL, second_version

CHURN = next(product for product in discover_products() if product.name == "churn")


def scored(**fields: object) -> Product:
    return msgspec.structs.replace(CHURN, score=msgspec.structs.replace(CHURN.score, **fields))


def changes(after: Product) -> dict[str, Change]:
    return {one.field: one for one in compare(CHURN, after).changes}


def test_the_same_declaration_has_no_change() -> None:
    assert compare(CHURN, CHURN).changes == []


def test_a_narrower_range_new_words_and_an_optional_field_are_compatible_and_say_why() -> None:
    optional = msgspec.structs.replace(CHANNEL, is_required=False)
    after = msgspec.structs.replace(scored(high=0.9, meaning="Another sentence."), request=(optional,))
    found = changes(after)
    assert {one.kind for one in found.values()} == {"compatible"}
    assert found["score.high"].change == "falls from 1 to 0.9"
    assert found["request.channel"].reason == "callers need not send it"
    assert "score.meaning" in found
    assert all(one.reason for one in found.values())
    assert compare(CHURN, after).problems == []


def test_a_threshold_that_moves_is_compatible_and_one_with_other_labels_breaks() -> None:
    threshold = CHURN.score.threshold
    assert threshold is not None
    moved = scored(threshold=msgspec.structs.replace(threshold, value=threshold.value / 2))
    assert changes(moved)["score.threshold.value"].kind == "compatible"
    renamed = scored(threshold=Threshold(value=threshold.value, at_or_above="leaving", below="staying"))
    assert changes(renamed)["score.threshold"].kind == "breaking"


def test_a_breaking_change_is_a_problem_until_the_output_version_is_raised() -> None:
    wider = compare(CHURN, scored(high=2.0))
    assert [(one.kind, one.field) for one in wider.changes] == [("breaking", "score.high")]
    assert wider.problems == ["score.high rises from 1 to 2"]
    second = compare(CHURN, second_version(CHURN))
    assert {"score.high", "score.unit", "request.channel"} <= {
        one.field for one in second.changes if one.kind == "breaking"
    }
    assert (second.from_version, second.to_version, second.problems) == (1, 2, [])


def test_a_version_that_goes_back_is_a_problem() -> None:
    assert compare(second_version(CHURN), CHURN).problems == ["score.schema_version goes back from 2 to 1"]
