"""Settings survive the way through the environment of a child."""

from dataclasses import replace
from pathlib import Path

import pytest

from platform_assets.alert_settings import AlertSettings
from platform_assets.batch_settings import BatchSettings
from platform_assets.cost_settings import CostSettings
from platform_assets.processes.environment import environment_of
from platform_assets.settings import Settings

PLAIN = Settings(home=Path("/somewhere"))


@pytest.mark.parametrize(
    "settings",
    [
        PLAIN,
        replace(PLAIN, data_source="sample", clock_mode="live", fsync=False),
        replace(PLAIN, redis_url="redis://there:1/0", mlflow_url="http://there", ledger_url="postgresql://there/x"),
        replace(PLAIN, batch_roots=(Path("/one"), Path("/another"))),
        replace(PLAIN, dagster_port=1, endpoint_port=2, mlflow_port=3, redis_port=4, feast_port=5, console_port=6),
        replace(PLAIN, log_kafka="one:9092,two:9092"),
        replace(PLAIN, outcome_percent=1),
        replace(PLAIN, endpoint_workers=3, otlp_url="http://there/v1/traces", log_format="json"),
        replace(PLAIN, batch=BatchSettings(chunk_rows=1000, memory_mib=512, engine="ray", workers=8)),
        replace(PLAIN, alerts=AlertSettings(smtp="there:25", slack="https://there/x", sender="a@there")),
        replace(PLAIN, costs=CostSettings(currency="USD", cpu_core_hour=0.1, gpu_hour=3)),
    ],
)
def test_a_child_reads_back_the_settings_of_its_starter(settings: Settings) -> None:
    assert Settings.from_environment(environment_of(settings)) == settings
