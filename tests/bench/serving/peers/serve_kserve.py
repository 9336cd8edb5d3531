# mypy: disable-error-code="import-not-found, import-untyped, misc, union-attr"
"""KServe's Python SDK: a Model behind its ModelServer, over the first version of its protocol."""

import os
from typing import Any

import kserve
import kserve.model_server
import lightgbm
import numpy as np


class LoopbackServer(kserve.model_server.RESTServer):
    """The SDK listens on every address and has no option for it; this benchmark serves on loopback alone."""

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - passed on as they come
        """Build the server, then narrow its address."""
        super().__init__(*args, **options)
        self.config.host = "127.0.0.1"


class Scorer(kserve.Model):
    """The model with its one method."""

    def __init__(self) -> None:
        """Load the model."""
        super().__init__("bench")
        self.booster = lightgbm.Booster(model_file=os.environ["BENCH_MODEL"])
        self.ready = True

    async def predict(self, payload: Any, headers: Any = None, response_headers: Any = None) -> Any:  # noqa: ANN401, ARG002 - the SDK's signature
        """Score the instances of a request."""
        return {"predictions": self.booster.predict(np.array(payload["instances"]), num_threads=1).tolist()}


if __name__ == "__main__":
    kserve.model_server.RESTServer = LoopbackServer
    server = kserve.ModelServer(
        http_port=int(os.environ["BENCH_PORT"]), workers=1, enable_grpc=False, enable_latency_logging=False
    )
    server.start([Scorer()])
