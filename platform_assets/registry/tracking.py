"""Where MLflow keeps runs and models: the configured server, else a SQLite file and a directory of this platform."""

from functools import cache
from typing import TYPE_CHECKING

from platform_assets.settings import Settings

if TYPE_CHECKING:
    from mlflow import MlflowClient


def tracking_client(settings: Settings) -> "MlflowClient":
    """Return a client of the configured backend, which also becomes MLflow's own; creates the local one on first use.

    MLflow keeps one backend per process. It is set at every call, so that two homes in one process do not mix.
    """
    import mlflow  # noqa: PLC0415 - several seconds to import

    if settings.mlflow_url is None:
        settings.mlflow_dir.mkdir(parents=True, exist_ok=True)
    uri = settings.mlflow_tracking_uri
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    return _client(uri)


@cache
def _client(uri: str) -> "MlflowClient":
    import mlflow  # noqa: PLC0415 - several seconds to import

    return mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)


def experiment_id(settings: Settings, product: str) -> str:
    """Return the experiment of a product, created on first use with artifacts beside the local backend."""
    from mlflow.exceptions import MlflowException  # noqa: PLC0415 - several seconds to import

    client = tracking_client(settings)
    known = client.get_experiment_by_name(product)
    if known is not None:
        return str(known.experiment_id)
    location = None if settings.mlflow_url else (settings.mlflow_dir / "artifacts" / product).as_uri()
    try:
        return str(client.create_experiment(product, artifact_location=location))
    except MlflowException:  # another process created it in between
        known = client.get_experiment_by_name(product)
        if known is None:
            raise
        return str(known.experiment_id)
