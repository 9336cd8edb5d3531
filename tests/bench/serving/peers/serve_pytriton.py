# mypy: disable-error-code="import-not-found, import-untyped, untyped-decorator"
"""Triton through PyTriton: the inference server with a Python callable, batching without a wait."""

import os
import sysconfig

import lightgbm
import numpy as np
import numpy.typing as npt
from pytriton.decorators import batch
from pytriton.model_config import ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig

FEATURES = 30
MOST_ROWS = 256
booster = lightgbm.Booster(model_file=os.environ["BENCH_MODEL"])


@batch
def predict(matrix: npt.NDArray[np.float64]) -> dict[str, npt.NDArray[np.float64]]:
    """Score the rows of all requests of a batch."""
    return {"scores": np.asarray(booster.predict(matrix, num_threads=1))[:, np.newaxis]}


if __name__ == "__main__":
    # Triton embeds an interpreter: it must be this one, not another 3.11 that the system has.
    os.environ["LD_LIBRARY_PATH"] = str(sysconfig.get_config_var("LIBDIR"))
    config = TritonConfig(
        http_address="127.0.0.1",
        http_port=int(os.environ["BENCH_PORT"]),
        allow_grpc=False,
        allow_metrics=False,
    )
    with Triton(config=config) as triton:
        triton.bind(
            model_name="bench",
            infer_func=predict,
            inputs=[Tensor(name="matrix", dtype=np.float64, shape=(FEATURES,))],
            outputs=[Tensor(name="scores", dtype=np.float64, shape=(1,))],
            config=ModelConfig(max_batch_size=MOST_ROWS),
        )
        triton.serve()
