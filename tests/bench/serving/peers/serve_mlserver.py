"""MLServer with its own LightGBM runtime and no worker pool (its faster setting for small models)."""

import json
import os
from pathlib import Path


def write_settings(directory: Path) -> None:
    """Write the two files that MLServer reads; its runtime wants the number of threads from the environment."""
    port = int(os.environ["BENCH_PORT"])
    server = {
        "host": "127.0.0.1",
        "http_port": port,
        "grpc_port": int(os.environ["BENCH_SECOND_PORT"]),
        "metrics_port": int(os.environ["BENCH_THIRD_PORT"]),
        "parallel_workers": 0,
        "debug": False,
    }
    model = {
        "name": "bench",
        "implementation": "mlserver_lightgbm.LightGBMModel",
        "parameters": {"uri": os.environ["BENCH_MODEL"]},
    }
    (directory / "settings.json").write_text(json.dumps(server))
    (directory / "model-settings.json").write_text(json.dumps(model))


if __name__ == "__main__":
    write_settings(Path.cwd())
    program = os.environ["BENCH_BIN"] + "/mlserver"
    os.execv(program, [program, "start", "."])  # noqa: S606 - the process becomes the server
