"""The dbt project as assets: staging models, and feature views per as-of day appended to their history."""

import datetime as dt
import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliResource
from dagster_dbt import dbt_assets as dbt_assets_decorator

from platform_assets.contract.datasets import DATASETS, Dataset
from platform_assets.features.dbt_build import dbt_environment, dbt_variables
from platform_assets.orchestration.dbt_project import ensure_manifest, project_dir
from platform_assets.orchestration.dbt_records import BUILD_DIR, STAGING_DIR, append_views, put_in_place, record_staging
from platform_assets.orchestration.dbt_translation import PlatformDbtTranslator, models_of
from platform_assets.orchestration.partitions import as_of_days
from platform_assets.orchestration.run_facts import run_facts
from platform_assets.settings import Settings, exported

_POOL = "duckdb"  # one dbt run at a time; dagster.yaml gives a pool one place
_NO_UNIT_TESTS = "test_type:unit"  # they judge the SQL, not the data, and run in the test suite


@dataclass(frozen=True, slots=True)
class DbtWork:
    """The dbt project, compiled, and how to run it."""

    settings: Settings
    manifest: Mapping[str, Any]

    @property
    def cli(self) -> DbtCliResource:
        """The dbt of this environment on the project of this repository."""
        directory = str(project_dir(self.settings))
        executable = str(Path(sys.executable).with_name("dbt"))
        return DbtCliResource(project_dir=directory, profiles_dir=directory, dbt_executable=executable)


def dbt_assets(settings: Settings) -> list[dg.AssetsDefinition]:
    """Return the staging models as one step and the feature views of each data set as one step per as-of range."""
    work = DbtWork(settings, json.loads(ensure_manifest(settings).read_bytes()))
    return [_staging(work), *(_features(work, dataset) for dataset in DATASETS.values())]


def _staging(work: DbtWork) -> dg.AssetsDefinition:
    models = {dataset: models_of(work.manifest, "staging", dataset) for dataset in DATASETS}

    @dbt_assets_decorator(
        name="staging_models",
        manifest=work.manifest,
        select=" ".join(name for of_dataset in models.values() for name in of_dataset),
        exclude=_NO_UNIT_TESTS,
        dagster_dbt_translator=PlatformDbtTranslator(work.manifest),
        pool=_POOL,
    )
    def staging(context: dg.AssetExecutionContext) -> Iterator[Any]:
        settings, facts = work.settings, run_facts(context)
        with _scratch(settings, context.run.run_id) as scratch:
            # Held back until everything is recorded: a kill in between leaves the assets as not materialized.
            events = list(_build(work, context, scratch, days=None))
            put_in_place(scratch / STAGING_DIR, settings.staging_dir)
        for dataset, names_of_models in models.items():
            record_staging(settings, facts, dataset, names_of_models)
        yield from events

    return staging


def _features(work: DbtWork, dataset: Dataset) -> dg.AssetsDefinition:
    views = models_of(work.manifest, "features", dataset.name)

    @dbt_assets_decorator(
        name=f"feature_views_{dataset.name}",
        manifest=work.manifest,
        select=" ".join(views),
        exclude=_NO_UNIT_TESTS,
        dagster_dbt_translator=PlatformDbtTranslator(work.manifest),
        partitions_def=as_of_days(dataset.name, work.settings.clock_mode),
        backfill_policy=dg.BackfillPolicy.single_run(),
        pool=_POOL,
    )
    def features(context: dg.AssetExecutionContext) -> Iterator[Any]:
        settings, facts = work.settings, run_facts(context)
        days = context.partition_key_range
        with _scratch(settings, context.run.run_id) as scratch:
            events = list(_build(work, context, scratch, days=(days.start, days.end)))
            appended = append_views(settings, facts, dataset, views, scratch)
        for event in events:
            yield _with_metadata(event, appended)

    return features


@contextmanager
def _scratch(settings: Settings, run_id: str) -> Iterator[Path]:
    """Give a run its own directory: its DuckDB file is opened by nobody else."""
    directory = settings.scratch_dir / run_id
    (directory / BUILD_DIR).mkdir(parents=True, exist_ok=True)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _build(
    work: DbtWork, context: dg.AssetExecutionContext, scratch: Path, *, days: tuple[str, str] | None
) -> Iterator[Any]:
    first, last = (dt.date.fromisoformat(day) for day in days or ("2000-01-01", "2000-01-01"))
    variables = dbt_variables(
        work.settings,
        as_of_from=first,
        as_of_to=last,
        build_dir=scratch / BUILD_DIR,
        # Staging is built and tested aside; feature views read what is in place.
        staging_dir=scratch / STAGING_DIR if days is None else None,
    )
    with exported(dbt_environment(work.settings, scratch)):
        arguments = ["build", "--vars", json.dumps(variables)]
        yield from work.cli.cli(arguments, context=context, target_path=scratch / "target").stream()


def _with_metadata(event: Any, appended: Mapping[str, Mapping[str, Any]]) -> Any:  # noqa: ANN401 - any Dagster event
    if not isinstance(event, dg.Output) or event.output_name is None:
        return event
    view = next((name for name in appended if event.output_name == f"features__{name}"), None)
    extra = appended[view] if view else {}
    return dg.Output(None, output_name=event.output_name, metadata={**event.metadata, **extra})
