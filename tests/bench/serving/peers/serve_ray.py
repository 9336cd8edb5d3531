# mypy: disable-error-code="import-not-found, import-untyped, untyped-decorator, union-attr, attr-defined"
"""Ray Serve: one replica behind its HTTP proxy."""

import os
import signal
from typing import Any

import lightgbm
import numpy as np
import ray
from ray import serve


@serve.deployment(num_replicas=1, max_ongoing_requests=100)
class Scorer:
    """The model with its one method."""

    def __init__(self, model: str) -> None:
        """Load the model."""
        self.booster = lightgbm.Booster(model_file=model)

    async def __call__(self, request: Any) -> Any:  # noqa: ANN401 - a Starlette request of that environment
        """Score the rows of a request."""
        asked = await request.json()
        return {"predictions": self.booster.predict(np.array(asked["instances"]), num_threads=1).tolist()}


if __name__ == "__main__":
    ray.init(
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        _temp_dir=os.environ["TMPDIR"],
        _node_ip_address="127.0.0.1",
        object_store_memory=100 * 1024 * 1024,
    )
    serve.start(
        http_options={"host": "127.0.0.1", "port": int(os.environ["BENCH_PORT"])},
        logging_config={"enable_access_log": False},
    )
    serve.run(Scorer.bind(os.environ["BENCH_MODEL"]), route_prefix="/predict")
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    serve.shutdown()
    ray.shutdown()
