"""Steps 2 and 3 of a batch: one bundle scores all rows, chunk by chunk; a row says the same in whatever chunk."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from platform_assets.batch.digest import digest_of_file
from platform_assets.batch.replay_columns import with_replay_columns
from platform_assets.batch.rows import BatchIdentity, prediction_rows
from platform_assets.features.frames import to_frame
from platform_assets.features.memory_database import Bounds
from platform_assets.inference.bundle import Bundle
from platform_assets.inference.contributions import Explainer, load_explainer
from platform_assets.inference.scoring import score_in_stages
from platform_assets.lakehouse.file_rows import FileRows
from platform_assets.lakehouse.row_groups import write_in_groups

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class ChunkScorer:
    """Scores any part of a batch with a bundle that was loaded once; the declaration in the bundle says how."""

    bundle: Bundle
    identity: BatchIdentity

    def score(self, inputs: "pa.Table") -> "pa.Table":
        """Return the prediction rows of some inputs, one per row and in its order, with the columns of a replay."""
        product = self.bundle.product
        stages = score_in_stages(self.bundle, to_frame(product, inputs))
        rows = prediction_rows(product, inputs, stages.scored, self.identity)
        return with_replay_columns(rows, stages, self.bundle, lambda: self._explainer)

    @cached_property
    def _explainer(self) -> Explainer:
        return load_explainer(self.bundle)


@dataclass(frozen=True, slots=True)
class ScoredBatch:
    """The rows of a batch as a working file, how many they are and the digest of what they say."""

    rows: FileRows
    num_rows: int
    digest: str


def keep_scored(path: Path, parts: "Iterable[pa.Table]", identity: BatchIdentity, bounds: Bounds) -> ScoredBatch:
    """Write scored parts, at least one, in their order and return them as one batch.

    The digest stands in every row that is published, and is known when all are scored.
    """
    num_rows = write_in_groups(path, parts, compression="lz4")
    digest = digest_of_file(path, as_of=identity.as_of, input_artifact=identity.input_artifact, bounds=bounds)
    return ScoredBatch(FileRows(path), num_rows, digest)
