# mypy: disable-error-code="import-not-found, untyped-decorator, union-attr"
"""FastAPI with pydantic models and an async handler, as its documentation writes it."""

import os

import lightgbm
import numpy as np
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

booster = lightgbm.Booster(model_file=os.environ["BENCH_MODEL"])
app = FastAPI()


class Asked(BaseModel):
    """The body: rows of numbers."""

    instances: list[list[float]]


class Answered(BaseModel):
    """One score per row."""

    predictions: list[float]


@app.post("/predict")
async def predict(asked: Asked) -> Answered:
    """Score the rows in the event loop: a thread costs more than these calls."""
    return Answered(predictions=booster.predict(np.array(asked.instances), num_threads=1).tolist())


if __name__ == "__main__":
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(os.environ["BENCH_PORT"]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )
