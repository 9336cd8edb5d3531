# mypy: disable-error-code="import-not-found, import-untyped"
"""`mlflow models serve` over a saved model, in its own environment; the model is saved once with `prepare`."""

import os
import sys
from pathlib import Path

SAVED = Path(os.environ["BENCH_MODEL"]).with_name("mlflow")


def prepare() -> None:
    """Save the model in MLflow's own form, unless it is there."""
    if not (SAVED / "MLmodel").exists():
        import lightgbm  # noqa: PLC0415 - the start of the server must not pay for it
        import mlflow.lightgbm  # noqa: PLC0415 - the same

        booster = lightgbm.Booster(model_file=os.environ["BENCH_MODEL"])
        mlflow.lightgbm.save_model(booster, str(SAVED))


if __name__ == "__main__":
    prepare()
    if sys.argv[1:] != ["prepare"]:
        program = os.environ["BENCH_BIN"] + "/mlflow"
        options = ["-m", str(SAVED), "-h", "127.0.0.1", "-p", os.environ["BENCH_PORT"]]
        arguments = [program, "models", "serve", *options, "--env-manager", "local", "--workers", "1"]
        os.execv(program, arguments)  # noqa: S606 - the process becomes the server
