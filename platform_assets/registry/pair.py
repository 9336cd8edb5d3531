"""The pair in MLflow: both halves registered from one run under one platform version, never apart."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from platform_assets.clock import from_epoch
from platform_assets.contract import names
from platform_assets.contract.names import PairHalf
from platform_assets.errors import NotMaterializedError
from platform_assets.inference.bundle import load_bundle
from platform_assets.inference.scoring import prepare_matrix, score_matrix
from platform_assets.registry.tracking import experiment_id, tracking_client
from platform_assets.settings import Settings

if TYPE_CHECKING:
    import pandas as pd
    from mlflow import MlflowClient

PAIR_TAG = "platform.model_version"
HALVES: tuple[PairHalf, PairHalf] = ("preprocessor", "model")


@dataclass(frozen=True, slots=True)
class RegisteredPair:
    """A bundle and the run that trained it."""

    product: str
    run_id: str
    model_version: int
    bundle: Path


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What one training run leaves in the registry besides the bundle itself."""

    metrics: Mapping[str, float]
    parameters: Mapping[str, str]
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class OpenRun:
    """A run of MLflow and the instant at which it began, which never changes."""

    run_id: str
    started_at: dt.datetime


def open_run(settings: Settings, product: str, model_version: int) -> OpenRun:
    """Return the MLflow run of a model version; a repeated call returns the same run."""
    client, experiment = tracking_client(settings), experiment_id(settings, product)
    found = client.search_runs([experiment], f"tags.`{PAIR_TAG}` = '{model_version}'", max_results=1)
    run = (
        found[0]
        if found
        else client.create_run(experiment, run_name=f"{product}-{model_version}", tags={PAIR_TAG: str(model_version)})
    )
    return OpenRun(str(run.info.run_id), from_epoch(run.info.start_time / 1000))


def register_pair(settings: Settings, pair: RegisteredPair, example: "pd.DataFrame") -> dict[PairHalf, str]:
    """Register both halves with signature and input example; returns the registry version of each half.

    A half that this run has registered already is left as it is, so that a killed run can be repeated.
    `example` holds a few rows of stored features, request fields, text categories and `event_at`.
    """
    from platform_assets.registry.dataframes import without_zone  # noqa: PLC0415 - imports pandas

    client = tracking_client(settings)
    versions: dict[PairHalf, str] = {}
    inputs = without_zone(example)
    for half in HALVES:
        name = names.registered_model(pair.product, half)
        known = client.search_model_versions(f"name = '{name}' and run_id = '{pair.run_id}'")
        outputs = _apply(half, pair.bundle, inputs)
        versions[half] = str(known[0].version) if known else _log_half(pair, half, inputs, outputs)
        client.set_model_version_tag(name, versions[half], PAIR_TAG, str(pair.model_version))
        inputs = outputs
    return versions


def record_run(settings: Settings, run_id: str, record: RunRecord) -> None:
    """Write metrics, parameters and tags of a training run and end it; repeating it changes nothing."""
    client = tracking_client(settings)
    known = client.get_run(run_id).data
    for name, value in record.parameters.items():
        if name not in known.params:  # MLflow refuses to write a parameter twice
            client.log_param(run_id, name, value)
    for name, number in record.metrics.items():
        if name not in known.metrics:  # and keeps every value of a metric
            client.log_metric(run_id, name, number)
    for name, value in record.tags.items():
        client.set_tag(run_id, name, value)
    client.set_terminated(run_id, "FINISHED")


def point_alias(settings: Settings, product: str, model_version: int, *, alias: str = names.ALIAS) -> None:
    """Let an alias of both halves name one platform version; raises NotMaterializedError when a half is missing.

    MLflow moves one alias per call, so for a moment they differ; consumers obey the release, not the alias.
    """
    client = tracking_client(settings)
    # Both are found before one is moved, so that an incomplete pair moves neither.
    found = {half: _version_of(client, product, half, model_version) for half in HALVES}
    for half, version in found.items():
        client.set_registered_model_alias(names.registered_model(product, half), alias, version)


def drop_alias(settings: Settings, product: str, alias: str) -> None:
    """Take an alias from both halves; one that they do not have is no error."""
    client = tracking_client(settings)
    for half in HALVES:
        name = names.registered_model(product, half)
        if alias in client.get_registered_model(name).aliases:
            client.delete_registered_model_alias(name, alias)


def _version_of(client: "MlflowClient", product: str, half: PairHalf, model_version: int) -> str:
    name = names.registered_model(product, half)
    for version in client.search_model_versions(f"name = '{name}'"):
        if version.tags.get(PAIR_TAG) == str(model_version):
            return str(version.version)
    raise NotMaterializedError(what=f"version {model_version} of {name} in the registry", asset=f"{product}/{half}")


def _log_half(pair: RegisteredPair, half: PairHalf, inputs: "pd.DataFrame", outputs: "pd.DataFrame") -> str:
    import mlflow  # noqa: PLC0415 - several seconds to import
    from mlflow.models import infer_signature  # noqa: PLC0415

    with mlflow.start_run(run_id=pair.run_id):
        info = mlflow.pyfunc.log_model(
            name=half,
            python_model=str(Path(__file__).with_name(f"pyfunc_{half}.py")),
            artifacts={"bundle": str(pair.bundle)},
            signature=infer_signature(inputs, outputs),
            input_example=inputs,
            pip_requirements=["lightgbm", "msgspec", "numpy", "pandas"],
            registered_model_name=names.registered_model(pair.product, half),
        )
    return str(info.registered_model_version)


def _apply(half: PairHalf, bundle: Path, inputs: "pd.DataFrame") -> "pd.DataFrame":
    """Return what a half makes of its inputs, for its signature."""
    import numpy as np  # noqa: PLC0415 - with pandas
    import pandas as pd  # noqa: PLC0415 - two seconds to import

    from platform_assets.registry.dataframes import frame_from_pandas  # noqa: PLC0415 - imports pandas

    loaded = load_bundle(bundle)
    if half == "preprocessor":
        matrix = prepare_matrix(loaded, frame_from_pandas(inputs))
        return pd.DataFrame(matrix, columns=list(loaded.product.model_inputs))
    scored = score_matrix(loaded, np.ascontiguousarray(inputs.to_numpy(dtype=np.float64)))
    return pd.DataFrame({"score": scored.score, "uncertainty": scored.uncertainty})
