"""The model that everybody serves, and the numbers that it is asked about: trained once, cached by its settings."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import lightgbm
import msgspec
import numpy as np
import numpy.typing as npt

FEATURES = tuple(f"f{number:02d}" for number in range(30))
TRAINING_ROWS = 20_000
ASKED_ROWS = 4_000
_SEED = 7


@dataclass(frozen=True, slots=True)
class BenchModel:
    """The model's file and `matrix` [rows, 30] with the `scores` [rows] of LightGBM itself, on one thread."""

    path: Path
    matrix: npt.NDArray[np.float64]
    scores: npt.NDArray[np.float64]


def bench_model(work: Path, *, trees: int = 500, leaves: int = 31) -> BenchModel:
    """Return the model, trained unless it is cached. The first feature has 2 decimals, the others 6.

    So a counter fits behind the first feature's digits, and every request can be a new one.
    """
    settings = {
        "trees": trees,
        "leaves": leaves,
        "rows": TRAINING_ROWS,
        "seed": _SEED,
        "lightgbm": lightgbm.__version__,
    }
    digest = hashlib.sha256(msgspec.json.encode(settings)).hexdigest()[:8]
    path = work / f"model-{digest}" / "model.txt"
    random = np.random.default_rng(_SEED)
    matrix = random.normal(size=(TRAINING_ROWS, len(FEATURES))).round(6)
    matrix[:, 0] = matrix[:, 0].round(2)
    noise = random.normal(size=TRAINING_ROWS)
    if not path.exists():
        _train(path, matrix, noise, trees=trees, leaves=leaves)
    asked = np.ascontiguousarray(matrix[:ASKED_ROWS])
    scores = lightgbm.Booster(model_file=str(path)).predict(asked, num_threads=1)
    return BenchModel(path, asked, np.asarray(scores, dtype=np.float64))


def _train(
    path: Path, matrix: npt.NDArray[np.float64], noise: npt.NDArray[np.float64], *, trees: int, leaves: int
) -> None:
    weights = np.linspace(1.0, 0.1, matrix.shape[1])
    label = (matrix @ weights + matrix[:, 0] * matrix[:, 1] + noise > 0).astype(float)
    options = {"objective": "binary", "num_leaves": leaves, "learning_rate": 0.05, "verbosity": -1, "num_threads": 1}
    booster = lightgbm.train(options, lightgbm.Dataset(matrix, label), num_boost_round=trees)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".tmp")
    booster.save_model(str(draft))
    draft.replace(path)  # appears whole, so that an interrupted run trains again
