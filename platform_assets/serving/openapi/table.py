"""The one table of operations: what every part of the endpoint tells about its own routes."""

from platform_assets.serving.aliases.operations import operations as alias_operations
from platform_assets.serving.deployments.operations import operations as deployment_operations
from platform_assets.serving.docs_page.operations import operations as page_operations
from platform_assets.serving.events.operations import operations as event_operations
from platform_assets.serving.experiments.operations import operations as experiment_operations
from platform_assets.serving.jobs.operations import operations as job_operations
from platform_assets.serving.last_predictions.operations import operations as last_prediction_operations
from platform_assets.serving.open_inference.operations import operations as inference_operations
from platform_assets.serving.openapi.endpoint_operations import operations as endpoint_operations
from platform_assets.serving.openapi.operation import Operation
from platform_assets.serving.published.operations import operations as published_operations
from platform_assets.serving.traffic.operations import operations as traffic_operations


def all_operations(*, has_jobs: bool = True, has_deployments: bool = True) -> tuple[Operation, ...]:
    """Return every operation in the order in which people read them; jobs and deployments where it has any."""
    return (
        *endpoint_operations(),
        *last_prediction_operations(),
        *published_operations(),
        *event_operations(),
        *traffic_operations(),
        *experiment_operations(),
        *(job_operations() if has_jobs else ()),
        *(deployment_operations() if has_deployments else ()),
        *inference_operations(),
        *alias_operations(),
        *page_operations(),
    )
