"""Raw data as assets: pinned, hash-checked files; the data version is the sha256 of the content."""

from typing import TYPE_CHECKING

import dagster as dg

from platform_assets.contract import names
from platform_assets.contract.datasets import DATASETS, Dataset
from platform_assets.orchestration.run_facts import run_facts
from platform_assets.settings import Settings

if TYPE_CHECKING:
    from platform_assets.features.raw_files import RawFile
    from platform_assets.features.raw_report import RawReport

MAX_SET_ASIDE_RATIO = 0.01


def raw_assets(settings: Settings) -> list[dg.AssetsDefinition]:
    """Return one asset per raw data set."""
    return [_raw_asset(dataset, settings) for dataset in DATASETS.values()]


def _raw_asset(dataset: Dataset, settings: Settings) -> dg.AssetsDefinition:
    key = dg.AssetKey(names.raw_key(dataset.name))

    @dg.asset(
        key=key,
        group_name="raw",
        kinds={"file"},
        owners=["team:data-platform"],
        tags={"dataset": dataset.name},
        description=(
            f"{dataset.title}.\n\nThe file exactly as published, kept under its sha256 with licence and attribution. "
            "A file with another hash or other columns is refused and the one before stays. Rows that break the "
            "contract of the data set are set aside with their reason and counted here."
        ),
        check_specs=[
            dg.AssetCheckSpec("raw_contract", asset=key, blocking=True, description="Share of rows set aside is small.")
        ],
        retry_policy=dg.RetryPolicy(max_retries=2, delay=10),
    )
    def raw(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        from platform_assets.features.contracts_raw import validate_raw
        from platform_assets.features.raw_files import fetch_raw
        from platform_assets.ledger.database import open_ledger
        from platform_assets.ledger.manifest import record

        facts = run_facts(context)
        file = fetch_raw(dataset.name, settings, fetched_at=facts.at)
        report = validate_raw(file, settings)
        record(
            open_ledger(settings.ledger_dsn),
            facts,
            kind="raw_file",
            name=dataset.name,
            digest=file.sha256,
            uri=str(file.path),
            inputs=[],
            details={"licence": file.licence, "source": file.source, "set_aside": report.rows_set_aside},
        )
        return _result(file, report)

    return raw


def _result(file: "RawFile", report: "RawReport") -> dg.MaterializeResult:
    share = report.rows_set_aside / max(report.rows + report.rows_set_aside, 1)
    return dg.MaterializeResult(
        data_version=dg.DataVersion(file.sha256),
        metadata={
            "sha256": file.sha256,
            "bytes": file.n_bytes,
            "path": dg.MetadataValue.path(str(file.path)),
            "licence": file.licence,
            "attribution": file.attribution,
            "dagster/row_count": report.rows,
            "rows_set_aside": report.rows_set_aside,
            "reasons": dg.MetadataValue.json(report.reasons),
            "is_new": file.changed,
        },
        check_results=[
            dg.AssetCheckResult(
                check_name="raw_contract",
                passed=share <= MAX_SET_ASIDE_RATIO,
                metadata={"set_aside_ratio": share, "reasons": dg.MetadataValue.json(report.reasons)},
            )
        ],
    )
