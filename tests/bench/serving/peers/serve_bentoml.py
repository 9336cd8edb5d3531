# mypy: disable-error-code="import-not-found, untyped-decorator, union-attr"
"""BentoML: a service with one worker and an async method."""

import os
from pathlib import Path

import bentoml
import lightgbm
import numpy as np


@bentoml.service(workers=1, traffic={"timeout": 60}, logging={"access": {"enabled": False}})
class Scorer:
    """The model with its one method, served under /predict."""

    def __init__(self) -> None:
        """Load the model."""
        self.booster = lightgbm.Booster(model_file=os.environ["BENCH_MODEL"])

    @bentoml.api
    async def predict(self, instances: list[list[float]]) -> dict[str, list[float]]:
        """Score the rows."""
        return {"predictions": self.booster.predict(np.array(instances), num_threads=1).tolist()}


if __name__ == "__main__":
    program = os.environ["BENCH_BIN"] + "/bentoml"
    this = Path(__file__).resolve()
    options = ["--host", "127.0.0.1", "--port", os.environ["BENCH_PORT"], "--working-dir", str(this.parent)]
    os.execv(program, [program, "serve", f"{this.stem}:Scorer", *options])  # noqa: S606 - the process becomes the server
