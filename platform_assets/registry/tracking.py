"""Where MLflow keeps runs and models: the configured server, else a SQLite file and a directory of this platform."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING

from platform_assets.errors import RegistryUnavailableError
from platform_assets.settings import Settings

if TYPE_CHECKING:
    from mlflow import MlflowClient

_ANSWER_WITHIN_S = 3.0


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


def require_registry(settings: Settings) -> None:
    """Raise RegistryUnavailableError when the configured server does not answer within seconds.

    MLflow's own client would try again for minutes. Without a server the registry is a file of this platform.
    """
    import httpx  # noqa: PLC0415 - only where a server is configured or not is asked

    uri = settings.mlflow_tracking_uri
    if not uri.startswith(("http://", "https://")):
        return
    try:
        status = httpx.get(f"{uri.rstrip('/')}/health", timeout=_ANSWER_WITHIN_S).status_code
    except httpx.HTTPError as error:
        raise RegistryUnavailableError(uri=uri, problem=f"{type(error).__name__}: {error}") from error
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise RegistryUnavailableError(uri=uri, problem=f"it answers {status}")


@contextmanager
def telling_when_away(settings: Settings) -> Iterator[None]:
    """Turn what MLflow raises inside into RegistryUnavailableError, after asking whether it is there at all."""
    require_registry(settings)
    from mlflow.exceptions import MlflowException  # noqa: PLC0415 - several seconds to import

    try:
        yield
    except MlflowException as error:
        raise RegistryUnavailableError(uri=settings.mlflow_tracking_uri, problem=str(error)) from error


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
