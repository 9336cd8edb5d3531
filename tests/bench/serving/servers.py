"""Every server of the comparison: what it needs, how it starts and how it is asked."""

from dataclasses import dataclass
from pathlib import Path

from tests.bench.serving.plan import Asking
from tests.bench.serving.wire import Form

PEERS = Path(__file__).parent / "peers"
OURS = "ours"
CEILING = "trivial"
_MODEL_PINS = ("lightgbm==4.7.0", "numpy<=2.4.6")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One line of the comparison. `script` runs in an environment with `requirements`, or in the project's own.

    `is_scoring` is false for the ceiling, which answers the first number of each row; `starting_s` bounds its start.
    """

    name: str
    title: str
    form: Form
    path: str
    script: str | None = None
    venv: str | None = None
    requirements: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    askings: tuple[Asking, ...] = ("rows",)
    is_scoring: bool = True
    needs_preparation: bool = False
    starting_s: float = 120.0


def _peer(venv: str, title: str, *requirements: str, **options: object) -> Server:
    """Return a peer that takes `instances` at /predict in an environment of its own, unless told otherwise."""
    told = {
        "form": "instances",
        "path": "/predict",
        "script": f"serve_{venv}.py",
        "venv": venv,
        "requirements": (*requirements, *_MODEL_PINS),
        **options,
    }
    return Server(name=str(told.pop("name", venv)), title=title, **told)  # type: ignore[arg-type]  # checked by tests


_BATCHING = (("BENCH_BATCH_ROWS", "32"),)

SERVERS = (
    Server(name=OURS, title="this endpoint", form="ours", path="/v1/predict", askings=("rows", "entities", "repeated")),
    Server(
        name=CEILING,
        title="trivial Starlette (no model)",
        form="instances",
        path="/predict",
        script="serve_trivial.py",
        is_scoring=False,
    ),
    _peer("mosec", "mosec 0.9.7", "mosec==0.9.7", path="/inference"),
    _peer(
        "mosec",
        "mosec 0.9.7, batch 32 / 10 ms",
        "mosec==0.9.7",
        name="mosec_batch",
        path="/inference",
        environment=_BATCHING,
    ),
    _peer(
        "fastapi",
        "FastAPI 0.163 + pydantic, async",
        *("fastapi==0.163.0", "uvicorn==0.54.0", "uvloop==0.23.0", "httptools==0.9.0"),
    ),
    _peer("kserve", "KServe SDK 0.20", "kserve==0.20.0", path="/v1/models/bench:predict"),
    _peer(
        "mlserver",
        "MLServer 1.7.1, LightGBM runtime",
        *("mlserver==1.7.1", "mlserver-lightgbm==1.7.1"),
        form="tensor",
        path="/v2/models/bench/infer",
    ),
    _peer("bentoml", "BentoML 1.4.39", "bentoml==1.4.39"),
    _peer("litserve", "LitServe 0.2.18", "litserve==0.2.18"),
    _peer(
        "litserve",
        "LitServe 0.2.18, batch 32 / 10 ms",
        "litserve==0.2.18",
        name="litserve_batch",
        environment=_BATCHING,
    ),
    _peer("ray", "Ray Serve 2.59", "ray[serve]==2.59.0", starting_s=240.0),
    _peer(
        "pytriton",
        "Triton through PyTriton 0.7",
        "nvidia-pytriton==0.7.0",
        form="tensor",
        path="/v2/models/bench/infer",
    ),
    _peer(
        "mlflow",
        "MLflow 3.17.2 models serve",
        "mlflow==3.17.2",
        form="inputs",
        path="/invocations",
        needs_preparation=True,
    ),
)


def chosen(names: tuple[str, ...]) -> list[Server]:
    """Return the named servers in the table's order, all of them for no name; raises ValueError for an unknown one."""
    unknown = sorted(set(names) - {server.name for server in SERVERS})
    if unknown:
        known = ", ".join(server.name for server in SERVERS)
        message = f"no server is called {', '.join(unknown)}; there are: {known}"
        raise ValueError(message)
    return [server for server in SERVERS if not names or server.name in names]
