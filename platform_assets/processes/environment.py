"""Settings as environment variables, so that a started process reads back exactly the settings of its starter."""

import os

from platform_assets.settings import Settings

_NO_TELEMETRY = {
    "DO_NOT_TRACK": "1",
    "DAGSTER_DISABLE_TELEMETRY": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "False",
    "FEAST_USAGE": "False",
}


def environment_of(settings: Settings) -> dict[str, str]:
    """Return the variables from which `Settings.from_environment` reads equal settings, telemetry off."""
    return {
        "PLATFORM_HOME": str(settings.home),
        "PLATFORM_DATA": settings.data_source,
        "PLATFORM_CLOCK": settings.clock_mode,
        "REDIS_URL": settings.redis_url or "",
        "MLFLOW_TRACKING_URI": settings.mlflow_url or "",
        "PLATFORM_LEDGER_URL": settings.ledger_url or "",
        "PLATFORM_DAGSTER_PORT": str(settings.dagster_port),
        "PLATFORM_DAGSTER_READ_ONLY_PORT": str(settings.dagster_read_only_port or ""),
        "PLATFORM_ENDPOINT_PORT": str(settings.endpoint_port),
        "PLATFORM_ENDPOINT_WORKERS": str(settings.endpoint_workers),
        "PLATFORM_CONSOLE_PORT": str(settings.console_port),
        "PLATFORM_MLFLOW_PORT": str(settings.mlflow_port),
        "PLATFORM_REDIS_PORT": str(settings.redis_port),
        "PLATFORM_FEAST_PORT": str(settings.feast_port),
        "PLATFORM_FSYNC": "on" if settings.fsync else "off",
        "PLATFORM_OTLP_URL": settings.otlp_url or "",
        "PLATFORM_LOG_FORMAT": settings.log_format,
        "PLATFORM_OPENLINEAGE_URL": settings.openlineage_url or "",
        "PLATFORM_BATCH_ROOTS": os.pathsep.join(map(str, settings.batch_roots)),
        "PLATFORM_LOG_KAFKA": settings.log_kafka or "",
        "PLATFORM_ACCESS": settings.access,
        "PLATFORM_OUTCOME_PERCENT": str(settings.outcome_percent),
        "PLATFORM_OIDC": str(settings.oidc_file or ""),
        "DAGSTER_HOME": str(settings.dagster_dir),
        **settings.alerts.variables,
        **settings.batch.variables,
        **settings.costs.variables,
        "PYTHONUNBUFFERED": "1",
        **_NO_TELEMETRY,
    }
