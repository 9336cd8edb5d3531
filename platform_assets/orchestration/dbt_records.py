"""What a dbt run leaves behind: staging files and feature history, each in the platform's own manifest."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from platform_assets.contract.datasets import Dataset
from platform_assets.features.history import append_history
from platform_assets.features.history_files import history_dir
from platform_assets.features.view_contracts import load_views, view_named
from platform_assets.ledger.database import open_ledger
from platform_assets.ledger.manifest import newest, record
from platform_assets.ledger.run_facts import RunFacts
from platform_assets.settings import Settings

BUILD_DIR, STAGING_DIR = "build", "staging"


def put_in_place(built: Path, staging_dir: Path) -> None:
    """Move built and tested staging files to where every reader finds them; each is replaced as a whole."""
    staging_dir.mkdir(parents=True, exist_ok=True)
    for path in sorted(built.glob("*.parquet")):
        path.replace(staging_dir / path.name)


def record_staging(settings: Settings, facts: RunFacts, dataset: str, models: Sequence[str]) -> str:
    """Record the staging files of a data set as one artifact made from its raw file; returns the id."""
    digest = hashlib.sha256()
    for model in models:
        digest.update(model.encode() + b"\0" + (settings.staging_dir / f"{model}.parquet").read_bytes())
    ledger = open_ledger(settings.ledger_dsn)
    return record(
        ledger,
        facts,
        kind="staging",
        name=dataset,
        digest=digest.hexdigest(),
        uri=str(settings.staging_dir),
        inputs=newest(ledger, "raw_file", dataset),
        details={"models": ", ".join(models)},
    )


def append_views(
    settings: Settings, facts: RunFacts, dataset: Dataset, views: Sequence[str], scratch: Path
) -> dict[str, dict[str, Any]]:
    """Append what dbt built to the history of each view; returns the metadata to show per view."""
    ledger = open_ledger(settings.ledger_dsn)
    known_at = settings.clock.now(pinned=dataset.replay_now, wall=facts.at)
    staging = newest(ledger, "staging", dataset.name)
    contracts = load_views(settings.project_root)
    shown: dict[str, dict[str, Any]] = {}
    for view in views:
        appended = append_history(settings, view, scratch / BUILD_DIR / f"{view}.parquet", known_at=known_at)
        uri = str(history_dir(settings, view_named(contracts, view)))
        artifact = record(
            ledger, facts, kind="feature_history", name=view, digest=appended.digest, uri=uri, inputs=staging
        )
        shown[view] = {
            "rows_appended": appended.rows_written,
            "days_appended": appended.partitions_written,
            "history_digest": appended.digest,
            "artifact": artifact,
            "path": dg.MetadataValue.path(uri),
        }
    return shown
