"""The check of who reads what goes: it warns, then fails, and a consumer that has moved is left in peace."""

import datetime as dt

import dagster as dg
import msgspec
import pytest

from platform_assets import consumers
from platform_assets.contract.consumers import Consumer
from platform_assets.orchestration.reader_checks import readers_result
from tests.unit.contract.contract_samples import FIRST, second_version
from tests.unit.serving.conftest import product_named

CHURN = product_named("churn")
SECOND = second_version(CHURN)
BEFORE, AFTER = FIRST.deprecated_at, FIRST.sunset_at


def declare(monkeypatch: pytest.MonkeyPatch, *versions: int) -> None:
    """Let every consumer of churn read these versions."""

    def reading(consumer: Consumer) -> Consumer:
        reads = tuple(msgspec.structs.replace(one, versions=versions) for one in consumer.reads)
        return msgspec.structs.replace(consumer, reads=reads)

    monkeypatch.setattr(consumers, "CONSUMERS", tuple(map(reading, consumers.CONSUMERS)))


@pytest.mark.parametrize(
    ("versions", "at", "passed", "severity"),
    [
        ((1,), BEFORE - dt.timedelta(days=1), True, None),
        ((1,), BEFORE, False, dg.AssetCheckSeverity.WARN),
        ((1,), AFTER, False, dg.AssetCheckSeverity.ERROR),
        ((1, 2), BEFORE, True, None),
        ((1, 2), AFTER, True, None),
        ((2,), AFTER, True, None),
        ((3,), BEFORE, False, dg.AssetCheckSeverity.ERROR),
    ],
)
def test_the_check_warns_while_a_version_goes_and_fails_once_it_is_gone(
    monkeypatch: pytest.MonkeyPatch,
    versions: tuple[int, ...],
    at: dt.datetime,
    passed: bool,  # noqa: FBT001 - a parameter of the test
    severity: dg.AssetCheckSeverity | None,
) -> None:
    declare(monkeypatch, *versions)
    found = readers_result(SECOND, at)
    assert found.passed is passed
    assert passed or found.severity == severity
    assert ("marketing_automation reads version" in (found.description or "")) is not passed
