"""The preprocessor half of a pair as an MLflow PyFunc, written as code so that no pickle is ever made or loaded."""

from pathlib import Path
from typing import Any

import mlflow.models
import pandas as pd
from mlflow.pyfunc.model import PythonModel


class Preprocessor(PythonModel):
    """Turns rows of stored features, request fields and `event_at` into the model matrix of the bundle."""

    def load_context(self, context: Any) -> None:  # noqa: ANN401 - MLflow's own signature
        """Load the bundle that was logged with the model; its digests are verified."""
        from platform_assets.inference.bundle import load_bundle  # noqa: PLC0415 - MLflow imports this file early

        self.bundle = load_bundle(Path(context.artifacts["bundle"]))

    def predict(self, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:  # type: ignore[override]  # noqa: ARG002 - MLflow passes the context only where it is named
        """Return the matrix, one column per model input, in the bundle's order."""
        from platform_assets.inference.scoring import prepare_matrix  # noqa: PLC0415 - MLflow imports this file early
        from platform_assets.registry.dataframes import frame_from_pandas  # noqa: PLC0415

        matrix = prepare_matrix(self.bundle, frame_from_pandas(model_input))
        return pd.DataFrame(matrix, columns=list(self.bundle.product.model_inputs))


mlflow.models.set_model(Preprocessor())
