# mypy: disable-error-code="import-not-found, import-untyped, misc, union-attr"
"""mosec: a Rust front and one Python worker; BENCH_BATCH_ROWS > 1 turns its batching on, with a wait of 10 ms."""

import os
from typing import Any

import lightgbm
import numpy as np
from mosec import Server, Worker

BATCH = int(os.environ.get("BENCH_BATCH_ROWS", "1"))
WAIT_MS = 10


class Scorer(Worker):
    """One request a call without batching, up to 32 with it."""

    def __init__(self) -> None:
        """Load the model."""
        self.booster = lightgbm.Booster(model_file=os.environ["BENCH_MODEL"])

    def forward(self, data: Any) -> Any:  # noqa: ANN401 - a request, or a list of them when batching
        """Score one request, or all rows of a batch in one call."""
        if BATCH == 1:
            return {"predictions": self.booster.predict(np.array(data["instances"]), num_threads=1).tolist()}
        rows = [row for request in data for row in request["instances"]]
        scores = self.booster.predict(np.array(rows), num_threads=1).tolist()
        ends = np.cumsum([len(request["instances"]) for request in data]).tolist()
        return [{"predictions": scores[start:end]} for start, end in zip([0, *ends], ends, strict=False)]


if __name__ == "__main__":
    server = Server()
    server.append_worker(Scorer, num=1, max_batch_size=BATCH, max_wait_time=WAIT_MS if BATCH > 1 else 0)
    server.run()
