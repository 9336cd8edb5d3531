"""Every setting of the platform, read from the environment once and passed down as one frozen value."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, Self, cast, get_args

from platform_assets.alert_settings import AlertSettings
from platform_assets.batch_settings import BatchSettings
from platform_assets.clock import BusinessClock, ClockMode
from platform_assets.cost_settings import CostSettings
from platform_assets.setting_values import brokers, choice, directories, number, optional_port, port

DataSource = Literal["full", "sample"]
AccessMode = Literal["on", "open"]
LogFormat = Literal["text", "json"]
PROJECT_ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Settings:
    """Where state lives and which outside services replace the embedded ones.

    All paths derive from `home`; all URLs have a default that needs nothing but this machine. Those that may hold a
    password are not in its `repr`.
    """

    home: Path
    project_root: Path = PROJECT_ROOT
    data_source: DataSource = "full"
    clock_mode: ClockMode = "replay"
    redis_url: str | None = field(default=None, repr=False)
    mlflow_url: str | None = field(default=None, repr=False)
    ledger_url: str | None = field(default=None, repr=False)
    dagster_port: int = 3000
    dagster_read_only_port: int | None = None
    endpoint_port: int = 8000
    endpoint_workers: int = 1
    console_port: int = 8010
    mlflow_port: int = 5000
    redis_port: int = 6399
    feast_port: int = 8888
    fsync: bool = True
    otlp_url: str | None = field(default=None, repr=False)
    log_format: LogFormat = "text"
    openlineage_url: str | None = None
    batch_roots: tuple[Path, ...] = ()
    log_kafka: str | None = None
    actor: str | None = None
    alerts: AlertSettings = field(default_factory=AlertSettings)
    batch: BatchSettings = field(default_factory=BatchSettings)
    costs: CostSettings = field(default_factory=CostSettings)
    access: AccessMode = "on"
    outcome_percent: int = 100
    oidc_file: Path | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read `PLATFORM_*`, `REDIS_URL`, `MLFLOW_TRACKING_URI`; raises InvalidSettingError naming the variable."""
        env = os.environ if environment is None else environment
        return cls(
            home=Path(env.get("PLATFORM_HOME", PROJECT_ROOT / ".platform")).resolve(),
            data_source=cast("DataSource", choice(env, "PLATFORM_DATA", "full", get_args(DataSource))),
            clock_mode=cast("ClockMode", choice(env, "PLATFORM_CLOCK", "replay", get_args(ClockMode))),
            redis_url=env.get("REDIS_URL") or None,
            mlflow_url=env.get("MLFLOW_TRACKING_URI") or None,
            ledger_url=env.get("PLATFORM_LEDGER_URL") or None,
            dagster_port=port(env, "PLATFORM_DAGSTER_PORT", 3000),
            dagster_read_only_port=optional_port(env, "PLATFORM_DAGSTER_READ_ONLY_PORT"),
            endpoint_port=port(env, "PLATFORM_ENDPOINT_PORT", 8000),
            endpoint_workers=number(env, "PLATFORM_ENDPOINT_WORKERS", 1, range(1, 65)),
            console_port=port(env, "PLATFORM_CONSOLE_PORT", 8010),
            mlflow_port=port(env, "PLATFORM_MLFLOW_PORT", 5000),
            redis_port=port(env, "PLATFORM_REDIS_PORT", 6399),
            feast_port=port(env, "PLATFORM_FEAST_PORT", 8888),
            fsync=choice(env, "PLATFORM_FSYNC", "on", ("on", "off")) == "on",
            otlp_url=env.get("PLATFORM_OTLP_URL") or None,
            log_format=cast("LogFormat", choice(env, "PLATFORM_LOG_FORMAT", "text", get_args(LogFormat))),
            openlineage_url=env.get("PLATFORM_OPENLINEAGE_URL") or None,
            batch_roots=directories(env, "PLATFORM_BATCH_ROOTS"),
            log_kafka=brokers(env, "PLATFORM_LOG_KAFKA"),
            actor=env.get("PLATFORM_ACTOR") or None,
            alerts=AlertSettings.from_environment(env),
            batch=BatchSettings.from_environment(env),
            costs=CostSettings.from_environment(env),
            access=cast("AccessMode", choice(env, "PLATFORM_ACCESS", "on", get_args(AccessMode))),
            outcome_percent=number(env, "PLATFORM_OUTCOME_PERCENT", 100, range(1, 101)),
            oidc_file=next(iter(directories(env, "PLATFORM_OIDC")), None),
        )

    def with_home(self, home: Path) -> Self:
        """Return the same settings with all state in another directory."""
        return replace(self, home=home)

    @property
    def clock(self) -> BusinessClock:
        """The business clock in the configured mode."""
        return BusinessClock(self.clock_mode)

    @property
    def raw_dir(self) -> Path:
        """Raw files, one directory per data set, content-addressed."""
        return self.home / "raw"

    @property
    def staging_dir(self) -> Path:
        """Parquet written by dbt staging models, one file per model."""
        return self.home / "staging"

    @property
    def features_dir(self) -> Path:
        """Append-only feature history: `<view>/as_of_date=YYYY-MM-DD/part-*.parquet`."""
        return self.home / "features"

    @property
    def scratch_dir(self) -> Path:
        """Per-run working files; safe to delete when nothing runs."""
        return self.home / "scratch"

    @property
    def training_dir(self) -> Path:
        """Training sets, `<product>/<digest>.parquet`."""
        return self.home / "training"

    @property
    def bundles_dir(self) -> Path:
        """Bundles, `<product>/<model version>/`."""
        return self.home / "bundles"

    @property
    def releases_dir(self) -> Path:
        """Releases and the live pointer per product: all that the endpoint reads besides bundles and Redis."""
        return self.home / "releases"

    @property
    def lake_dir(self) -> Path:
        """Delta tables."""
        return self.home / "lake"

    @property
    def predictions_dir(self) -> Path:
        """Prediction tables, one per product: append-only, by prediction date and model version."""
        return self.lake_dir / "predictions"

    @property
    def prediction_log_dir(self) -> Path:
        """The table of every online answer."""
        return self.lake_dir / "prediction_log"

    @property
    def quarantine_dir(self) -> Path:
        """Batches that a guardrail refused, with their reasons."""
        return self.lake_dir / "quarantine"

    @property
    def published_dir(self) -> Path:
        """What consumers read: one Parquet file per product, the last good batch."""
        return self.lake_dir / "published"

    @property
    def index_dir(self) -> Path:
        """Where single predictions lie in their tables; made again from them when it is deleted."""
        return self.home / "index"

    @property
    def snapshots_dir(self) -> Path:
        """Parquet copies of published online snapshots, for rollback and rebuild."""
        return self.home / "snapshots"

    @property
    def spool_dir(self) -> Path:
        """Prediction log entries that wait for Redis to come back."""
        return self.home / "spool"

    @property
    def access_dir(self) -> Path:
        """The policy in force, the digests of API keys, the platform's own keys and the anchors of the access log."""
        return self.home / "access"

    @property
    def access_log_dir(self) -> Path:
        """The log of every access that was allowed or denied."""
        return self.home / "access_log"

    @property
    def figures_dir(self) -> Path:
        """What was worked out or observed elsewhere and the endpoint shows at /metrics; made again by who writes it."""
        return self.home / "figures"

    @property
    def jobs_dir(self) -> Path:
        """Batch prediction jobs of the endpoint, one directory each."""
        return self.home / "jobs"

    @property
    def exchange_dir(self) -> Path:
        """Where callers of batch prediction jobs put inputs and find outputs, unless PLATFORM_BATCH_ROOTS says else."""
        return self.home / "exchange"

    @property
    def allowed_batch_roots(self) -> tuple[Path, ...]:
        """The directories that a batch prediction job may read and write below; the first takes relative paths."""
        return self.batch_roots or (self.exchange_dir,)

    @property
    def run_dir(self) -> Path:
        """Process ids and endpoints of what this platform started."""
        return self.home / "run"

    @property
    def logs_dir(self) -> Path:
        """One log file per process."""
        return self.home / "logs"

    @property
    def dagster_dir(self) -> Path:
        """The Dagster instance."""
        return self.home / "dagster"

    @property
    def feast_dir(self) -> Path:
        """The Feast registry."""
        return self.home / "feast"

    @property
    def lineage_file(self) -> Path:
        """OpenLineage events, one a line, where no catalogue takes them over HTTP."""
        return self.home / "lineage" / "events.jsonl"

    @property
    def mlflow_dir(self) -> Path:
        """The local MLflow backend and its artifacts."""
        return self.home / "mlflow"

    @property
    def redis_dir(self) -> Path:
        """Data directory of the embedded online store."""
        return self.home / "redis"

    @property
    def mlflow_tracking_uri(self) -> str:
        """The configured MLflow server, else the local SQLite backend."""
        return self.mlflow_url or f"sqlite:///{self.mlflow_dir / 'mlflow.db'}"

    @property
    def ledger_dsn(self) -> str:
        """The configured database, else the local SQLite ledger."""
        return self.ledger_url or f"sqlite:///{self.home / 'ledger.db'}"

    @property
    def online_url(self) -> str:
        """The configured Redis, else the embedded server on loopback."""
        return self.redis_url or f"redis://127.0.0.1:{self.redis_port}/0"


@contextmanager
def exported(variables: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for programs that are started inside the block, then restore what was there."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
