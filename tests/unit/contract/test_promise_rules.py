"""Promises that no watch could hold a product to are refused with their declaration."""

import msgspec
import pytest

from platform_assets.contract.consumers import Reading
from platform_assets.contract.product import Product
from platform_assets.contract.rules import broken_rules
from platform_assets.contract.slas import BatchSla, Objective
from tests.unit.serving.conftest import product_named

CHURN = product_named("churn")


def batch(**changes: object) -> Product:
    return msgspec.structs.replace(CHURN, batch=msgspec.structs.replace(CHURN.batch, **changes))


def broken(product: Product) -> list[str]:
    return [rule.where for rule in broken_rules(product, file_stem="churn")]


@pytest.mark.parametrize("cron", ["0 4 * * MON", "@weekly", "0 4 * *"])
def test_a_cron_line_that_cannot_be_read_is_refused(cron: str) -> None:
    assert broken(batch(cron=cron)) == ["batch.cron"]
    with pytest.raises(ValueError, match=r"cron line|neither"):
        Reading(product="churn", output="published_predictions", versions=(1,), purposes=("x",), at_cron=cron)


def test_two_objectives_of_one_measure_would_be_one_promise_and_are_refused() -> None:
    twice = tuple(Objective(measure="coverage", target_ratio=ratio) for ratio in (0.9, 0.99))
    assert broken(batch(sla=BatchSla(objectives=twice))) == ["batch.sla.objectives"]
    assert broken(CHURN) == []
