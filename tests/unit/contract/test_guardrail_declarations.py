"""Guardrail blocks: what is declared holds, what contradicts itself is refused with its place."""

import msgspec
import pytest

from platform_assets.contract.guardrail_rules import broken_guardrail_rules
from platform_assets.contract.guardrails import DEFAULT_LIMITS, GUARDRAILS, OWN_FIELDS, Guardrails, Limit, SwitchedOff


def test_every_guardrail_has_levels_by_default() -> None:
    block = Guardrails(min_rows=1)
    assert set(DEFAULT_LIMITS) | OWN_FIELDS == set(GUARDRAILS)
    for name in GUARDRAILS:
        limit = block.limit(name)
        assert limit.warn is not None or limit.fail is not None
        assert block.off_reason(name) is None
    assert (
        list(
            broken_guardrail_rules(
                Guardrails(
                    min_rows=1, limits=tuple(limit for name, limit in DEFAULT_LIMITS.items() if name not in OWN_FIELDS)
                )
            )
        )
        == []
    )


def test_the_fields_of_earlier_declarations_still_say_the_same() -> None:
    document = b'{"min_rows": 50, "max_null_ratio": 0.1, "max_row_change_ratio": 0.4}'
    block = msgspec.json.decode(document, type=Guardrails)
    assert block.limit("null_ratio").fail == 0.1
    assert block.limit("row_count_change") == Limit(guardrail="row_count_change", warn=0.2, fail=0.4)


@pytest.mark.parametrize(
    ("block", "where"),
    [
        (Guardrails(min_rows=1, limits=(Limit(guardrail="row_count", fail=3.0),)), "guardrails.limits.row_count"),
        (
            Guardrails(min_rows=1, limits=(Limit(guardrail="same_score", warn=0.9, fail=0.5),)),
            "guardrails.limits.same_score",
        ),
        (Guardrails(min_rows=1, limits=(Limit(guardrail="same_score"),)), "guardrails.limits.same_score"),
        (Guardrails(min_rows=1, off=(SwitchedOff(guardrail="schema", reason=" "),)), "guardrails.off.schema"),
        (Guardrails(min_rows=1, season_days=0), "guardrails.season_days"),
        (
            Guardrails(
                min_rows=1,
                limits=(Limit(guardrail="coverage", fail=0.1),),
                off=(SwitchedOff(guardrail="coverage", reason="both"),),
            ),
            "guardrails.coverage",
        ),
    ],
)
def test_a_block_that_contradicts_itself_is_refused_with_its_place(block: Guardrails, where: str) -> None:
    assert [broken[0] for broken in broken_guardrail_rules(block)] == [where]
