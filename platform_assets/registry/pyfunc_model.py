"""The model half of a pair as an MLflow PyFunc, written as code so that no pickle is ever made or loaded."""

from pathlib import Path
from typing import Any

import mlflow.models
import numpy as np
import pandas as pd
from mlflow.pyfunc.model import PythonModel


class Model(PythonModel):
    """Scores the matrix that the preprocessor of the same pair made."""

    def load_context(self, context: Any) -> None:  # noqa: ANN401 - MLflow's own signature
        """Load the bundle that was logged with the model; its digests are verified."""
        from platform_assets.inference.bundle import load_bundle  # noqa: PLC0415 - MLflow imports this file early

        self.bundle = load_bundle(Path(context.artifacts["bundle"]))

    def predict(self, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:  # type: ignore[override]  # noqa: ARG002 - MLflow passes the context only where it is named
        """Return score and uncertainty per row, equal to the last bit to batch and online scores."""
        from platform_assets.inference.scoring import score_matrix  # noqa: PLC0415 - MLflow imports this file early

        matrix = np.ascontiguousarray(model_input.to_numpy(dtype=np.float64))
        scored = score_matrix(self.bundle, matrix)
        return pd.DataFrame({"score": scored.score, "uncertainty": scored.uncertainty})


mlflow.models.set_model(Model())
