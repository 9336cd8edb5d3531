# mypy: disable-error-code="import-not-found, import-untyped, misc, no-untyped-def"
"""LitServe: one worker; BENCH_BATCH_ROWS > 1 turns its batching on, with a wait of 10 ms."""

import os
from typing import Any

import lightgbm
import litserve
import numpy as np

BATCH = int(os.environ.get("BENCH_BATCH_ROWS", "1"))
WAIT_S = 0.01


class Scorer(litserve.LitAPI):
    """Decodes, scores and encodes one request at a time."""

    def setup(self, device: str) -> None:  # noqa: ARG002 - the library's signature
        """Load the model."""
        self.booster = lightgbm.Booster(model_file=os.environ["BENCH_MODEL"])

    def decode_request(self, request):  # noqa: ANN001, ANN201 - a type here would become the schema of the body
        """Return the matrix of a request."""
        return np.array(request["instances"])

    def predict(self, x: Any) -> Any:  # noqa: ANN401 - the library's signature
        """Score one request."""
        return self.booster.predict(x, num_threads=1)

    def encode_response(self, output):  # noqa: ANN001, ANN201 - a type here would become the schema of the answer
        """Return the answer."""
        return {"predictions": output.tolist()}


class BatchScorer(Scorer):
    """Scores all rows of up to 32 requests in one call."""

    def predict(self, x: Any) -> Any:  # noqa: ANN401 - the library's signature
        """Score a list of requests."""
        scores = self.booster.predict(np.concatenate(x), num_threads=1)
        return np.split(scores, np.cumsum([len(matrix) for matrix in x])[:-1])

    def batch(self, inputs: Any) -> Any:  # noqa: ANN401 - the library's signature
        """Keep requests apart: they may differ in their number of rows."""
        return inputs

    def unbatch(self, output: Any) -> Any:  # noqa: ANN401 - the library's signature
        """Return one result per request."""
        return list(output)


if __name__ == "__main__":
    scorer = BatchScorer(max_batch_size=BATCH, batch_timeout=WAIT_S) if BATCH > 1 else Scorer()
    server = litserve.LitServer(scorer, accelerator="cpu", workers_per_device=1)
    server.run(
        host="127.0.0.1",
        port=int(os.environ["BENCH_PORT"]),
        num_api_servers=1,
        generate_client_file=False,
        log_level="warning",
        access_log=False,
    )
