"""What the environment says is taken as it is, or refused by the name of its variable."""

import pytest

from platform_assets.errors import InvalidSettingError
from platform_assets.settings import Settings


@pytest.mark.parametrize("servers", ["one:9092", "10.0.0.1:9092,two.example:9093", "[::1]:9092"])
def test_brokers_are_hosts_with_ports(servers: str) -> None:
    assert Settings.from_environment({"PLATFORM_LOG_KAFKA": servers}).log_kafka == servers


@pytest.mark.parametrize("servers", ["one", "one:9092,", "kafka://one:9092", "one:9092 two:9092"])
def test_a_broker_without_a_port_is_refused_by_the_name_of_the_variable(servers: str) -> None:
    with pytest.raises(InvalidSettingError, match=r"PLATFORM_LOG_KAFKA=.*host:port"):
        Settings.from_environment({"PLATFORM_LOG_KAFKA": servers})


@pytest.mark.parametrize(
    ("name", "value"),
    [("PLATFORM_PRICE_CURRENCY", "GBP"), ("PLATFORM_PRICE_GPU_HOUR", "-1"), ("PLATFORM_PRICE_CPU_CORE_HOUR", "cheap")],
)
def test_a_price_that_is_none_is_refused_by_the_name_of_the_variable(name: str, value: str) -> None:
    with pytest.raises(InvalidSettingError, match=rf"{name}=.*{value}"):
        Settings.from_environment({name: value})


@pytest.mark.parametrize("percent", ["0", "101", "half", "1.5", "-1"])
def test_a_share_of_outcomes_that_is_none_is_refused_by_the_name_of_the_variable(percent: str) -> None:
    with pytest.raises(InvalidSettingError, match="PLATFORM_OUTCOME_PERCENT"):
        Settings.from_environment({"PLATFORM_OUTCOME_PERCENT": percent})


def test_every_prediction_is_joined_to_its_outcome_unless_a_share_is_set() -> None:
    assert Settings.from_environment({}).outcome_percent == 100
    assert Settings.from_environment({"PLATFORM_OUTCOME_PERCENT": "1"}).outcome_percent == 1
