"""An endpoint in which one model version misbehaves once it is at work.

`python -m tests.story.faulty_endpoint KIND[@VERSION]`; all else is the endpoint's own program. The version passes its
smoke test first, as a release that goes bad does.
"""

import random
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from platform_assets.errors import ModelUnusableError
from platform_assets.inference.bundle import Bundle, load_bundle
from platform_assets.inference.frame import Floats
from platform_assets.inference.predictor import DeviceName, Predictor
from platform_assets.serving import live_release
from platform_assets.serving.run import main

BAD_VERSION = 2
SMOKE_CALLS = 8
ERROR_RATE, SLOW_S, SHIFT = 0.03, 0.25, 0.5


class Faulty:
    """The real model of a version, with one fault after its first calls."""

    def __init__(self, model: Predictor, kind: str) -> None:
        """Take what scores, and how it misbehaves: errors, latency or shift."""
        self._model, self._kind, self._calls = model, kind, 0
        self._lots = dict[bytes, bool]()
        self._chance = random.Random(20111209)  # noqa: S311 - no secret

    @property
    def engine(self) -> str:
        return self._model.engine

    @property
    def device(self) -> DeviceName:
        return self._model.device

    def close(self) -> None:
        self._model.close()

    def predict(self, matrix: Floats) -> Floats:
        self._calls += 1
        scores = self._model.predict(matrix)
        if self._calls <= SMOKE_CALLS:
            return scores
        if self._kind == "errors":
            self._fail_for_some([row.tobytes() for row in matrix])
        if self._kind == "latency":
            time.sleep(SLOW_S)
        return np.minimum(scores + SHIFT, 1.0) if self._kind == "shift" else scores

    def _fail_for_some(self, rows: list[bytes]) -> None:
        """Raise for three rows in a hundred. Rows that failed together come again one by one, and keep their lot.

        Otherwise most answers of a batch that failed would be right at the second try.
        """
        if len(rows) == 1 and rows[0] in self._lots:
            is_failing = self._lots.pop(rows[0])
        else:
            lots = {row: self._chance.random() < ERROR_RATE for row in rows}
            is_failing = any(lots.values())
            self._lots.update(lots if is_failing and len(rows) > 1 else {})
        if is_failing:
            raise ModelUnusableError(file="model.txt", problem="an injected error")


def spoil(kind: str, version: int) -> None:
    """Let every bundle of one model version misbehave that this process loads."""

    def load_spoiled(directory: Path, **options: Any) -> Bundle:  # noqa: ANN401 - as they came
        bundle = load_bundle(directory, **options)
        if bundle.manifest.model_version != version:
            return bundle
        return replace(bundle, predictor=Faulty(bundle.predictor, kind))

    setattr(live_release, "load_bundle", load_spoiled)  # noqa: B010 - a name that it imported


if __name__ == "__main__":
    kind, _, version = sys.argv[1].partition("@")
    spoil(kind, int(version or BAD_VERSION))
    main(sys.argv[2:])
