"""What Dagster loads: every asset, job, schedule and sensor of the platform, built from the product files."""

from collections.abc import Sequence

import dagster as dg

from platform_assets.contract.product import Product
from platform_assets.orchestration.access_assets import access_assets, access_job, access_schedule
from platform_assets.orchestration.alert_delivery import alert_delivery_sensor
from platform_assets.orchestration.audit_assets import audit_assets
from platform_assets.orchestration.dbt_assets import dbt_assets
from platform_assets.orchestration.drift_assets import drift_assets
from platform_assets.orchestration.experiment_assets import experiment_assets, experiment_sensor
from platform_assets.orchestration.figure_assets import figure_assets
from platform_assets.orchestration.incident_assets import incident_assets, incident_job, incident_sensor
from platform_assets.orchestration.jobs import platform_jobs, product_jobs
from platform_assets.orchestration.log_assets import log_assets
from platform_assets.orchestration.online_assets import online_assets
from platform_assets.orchestration.open_lineage.sensor import lineage_sensor
from platform_assets.orchestration.outcome_assets import outcome_assets
from platform_assets.orchestration.promise_watch import promise_sensor
from platform_assets.orchestration.raw_assets import raw_assets
from platform_assets.orchestration.retraining import retraining_sensor
from platform_assets.orchestration.rollback_job import rollback_job, rollback_sensor
from platform_assets.orchestration.rollout_job import rollout_job, rollout_sensor
from platform_assets.orchestration.schedules import platform_schedules, product_schedules
from platform_assets.orchestration.scoring_assets import scoring_assets
from platform_assets.orchestration.sensors import automation_sensor, drain_sensor, release_sensor
from platform_assets.orchestration.streaming_assets import event_log_asset, streaming_assets
from platform_assets.orchestration.training_assets import training_assets
from platform_assets.products._discovery import discover_products
from platform_assets.settings import Settings


def build_definitions(settings: Settings, products: Sequence[Product] | None = None) -> dg.Definitions:
    """Return the whole code location; tests pass their own settings and products."""
    declared = discover_products() if products is None else products
    online = [product for product in declared if product.online is not None]
    jobs = {product.name: product_jobs(product) for product in declared}
    return dg.Definitions(
        assets=[
            *raw_assets(settings),
            *dbt_assets(settings),
            *(asset for product in declared for asset in product_assets(product, settings)),
            *log_assets(settings),
            event_log_asset(settings, declared),
            *access_assets(settings),
            *audit_assets(settings, declared),
            *incident_assets(settings, declared),
            *figure_assets(settings, declared),
        ],
        jobs=[
            *platform_jobs(),
            rollback_job(settings),
            access_job(),
            incident_job(),
            *(job for of_product in jobs.values() for job in of_product),
            *(rollout_job(product, settings) for product in online),
        ],
        schedules=[
            *platform_schedules(settings),
            access_schedule(settings),
            *(schedule for product in declared for schedule in product_schedules(product, settings)),
        ],
        sensors=[
            automation_sensor(),
            promise_sensor(settings, declared),
            drain_sensor(settings, declared),
            lineage_sensor(settings),
            rollback_sensor(settings),
            alert_delivery_sensor(settings),
            incident_sensor(settings),
            *(release_sensor(product, settings, jobs[product.name]) for product in declared),
            *(retraining_sensor(product, settings, jobs[product.name]) for product in declared),
            *(rollout_sensor(product, settings) for product in online),
            *(experiment_sensor(product, settings) for product in declared if product.online),
        ],
        # A process per step would import for seconds each; runs are parallel, steps of a run are not.
        executor=dg.in_process_executor,
    )


def product_assets(product: Product, settings: Settings) -> list[dg.AssetsDefinition]:
    """Return the whole chain of one product."""
    return [
        *training_assets(product, settings),
        *scoring_assets(product, settings),
        *online_assets(product, settings),
        *streaming_assets(product, settings),
        *experiment_assets(product, settings),
        *drift_assets(product, settings),
        *outcome_assets(product, settings),
    ]


@dg.definitions
def defs() -> dg.Definitions:
    """Return the code location for the settings of the environment."""
    return build_definitions(Settings.from_environment())
