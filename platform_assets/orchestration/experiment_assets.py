"""Experiments as Dagster shows them: one partition each, with verdicts, numbers and a drawing; harm ends them."""

from typing import TYPE_CHECKING

import dagster as dg

from platform_assets.clock import wall_now
from platform_assets.contract import names
from platform_assets.contract.datasets import DATASETS
from platform_assets.contract.product import Product
from platform_assets.lakehouse.table import table_exists
from platform_assets.orchestration.labels import owner_of, tags_of
from platform_assets.orchestration.run_facts import run_facts
from platform_assets.rollouts.experiments import read_experiment, running_experiment
from platform_assets.settings import Settings

if TYPE_CHECKING:
    from platform_assets.monitoring.experiment_reading import ExperimentReading
    from platform_assets.rollouts.experiments_course import ExperimentRecord

SPLIT_CHECK, HARM_CHECK = "sample_ratio", "no_harm"
_LOOK_EVERY_S = 60
_BY = "dagster"


def experiment_assets(product: Product, settings: Settings) -> list[dg.AssetsDefinition]:
    """Return the asset that looks at the experiments of a product with an online block, nothing for the others."""
    if product.online is None:
        return []
    key = dg.AssetKey(names.asset_key(product.name, "experiments"))

    @dg.asset(
        key=key,
        group_name=product.name,
        partitions_def=_partitions(product),
        deps=[dg.AssetDep("prediction_log", partition_mapping=dg.AllPartitionMapping())],
        owners=[owner_of(product.online.owner)],
        tags=tags_of(product),
        kinds={"numpy"},
        check_specs=[
            dg.AssetCheckSpec(
                SPLIT_CHECK, asset=key, description="Units arrive in the declared shares; else no verdict is reliable."
            ),
            dg.AssetCheckSpec(
                HARM_CHECK, asset=key, description="No variant is shown to be worse; one that is ends the experiment."
            ),
        ],
        description=(
            "What an experiment says by now: effect and interval of each treatment, right however often it is looked "
            "at. A partition is one experiment. Where a variant is shown to be worse the experiment is stopped, and "
            "the release in force answers everybody again."
        ),
    )
    def experiments(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        from platform_assets.monitoring.experiment_reading import read_outcomes, stop_at_harm

        record = read_experiment(settings.releases_dir, product.name, context.partition_key)
        reading = read_outcomes(settings, product, record, at=run_facts(context).at)
        stopped = stop_at_harm(settings, reading, by=_BY)
        if stopped is not None:
            context.log.warning("experiment %s is stopped: %s", record.experiment.id, stopped.changes[-1].reason)
        return dg.MaterializeResult(metadata=_metadata(reading, stopped), check_results=_checks(reading))

    return [experiments]


def experiment_sensor(product: Product, settings: Settings) -> dg.SensorDefinition:
    """Return the sensor that looks at the running experiment whenever there is something new to see of it."""
    job = names.job_name(product.name, "experiment")

    @dg.sensor(
        name=f"{product.name}_experiment_watch",
        job_name=job,
        minimum_interval_seconds=_LOOK_EVERY_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"{product.title}: when more of a running experiment is known, judge it and stop it at harm.",
    )
    def experiment_watch(_context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        record = running_experiment(settings.releases_dir, product.name)
        if record is None:
            return dg.SkipReason("no experiment is running")
        told = record.experiment.id
        return dg.SensorResult(
            run_requests=[dg.RunRequest(run_key=f"{told}-{_newest(product, settings)}", partition_key=told)],
            dynamic_partitions_requests=[_partitions(product).build_add_request([told])],
        )

    return experiment_watch


def _newest(product: Product, settings: Settings) -> str:
    """Return what changes when there is more to see: answers in the lake, or an hour in which labels become known."""
    from platform_assets.lakehouse.read import table_version

    log = settings.prediction_log_dir
    known_until = settings.clock.now(pinned=DATASETS[product.dataset].replay_now, wall=wall_now())
    return f"{table_version(log) if table_exists(log) else 0}-{known_until:%Y%m%dT%H}"


def _partitions(product: Product) -> dg.DynamicPartitionsDefinition:
    return dg.DynamicPartitionsDefinition(name=names.experiment_partitions(product.name))


def _metadata(
    reading: "ExperimentReading", stopped: "ExperimentRecord | None"
) -> dict[str, str | int | float | dg.MetadataValue]:
    from platform_assets.monitoring.experiment_drawing import as_markdown, split_told

    record = stopped or reading.record
    told: dict[str, str | int | float | dg.MetadataValue] = {
        "split": split_told(reading),
        "verdicts": dg.MetadataValue.md(as_markdown(reading)),
        "state": record.state,
        "known_until": reading.known_until.isoformat(),
        "chosen_by_callers": reading.overridden,
    }
    if stopped is not None:
        told["stopped"] = stopped.changes[-1].reason
    if reading.paused is not None:
        told["paused"] = reading.paused
    for one in reading.variants:
        told[f"{one.variant.name}/units"] = one.units
        told[f"{one.variant.name}/answers"] = one.answers
        told[f"{one.variant.name}/errors"] = one.errors
    for name, verdicts in reading.report.verdicts.items():
        told |= {f"{name}/{one.metric}": one.effect for one in verdicts if one.effect is not None}
    return told


def _checks(reading: "ExperimentReading") -> list[dg.AssetCheckResult]:
    from platform_assets.monitoring.experiment_drawing import split_told

    split = reading.report.sample_ratio
    return [
        dg.AssetCheckResult(
            check_name=SPLIT_CHECK,
            passed=reading.report.is_sound,
            description=split_told(reading),
            metadata={"p_value": split.p_value},
        ),
        dg.AssetCheckResult(
            check_name=HARM_CHECK,
            passed=reading.harm is None,
            description=reading.harm or "no variant is shown to be worse",
        ),
    ]
