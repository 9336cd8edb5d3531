"""The chunks of a batch scored by worker processes of Ray: in their order, with the same bits as in this process."""

from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from platform_assets.batch.chunks import ChunkScorer
from platform_assets.batch.rows import BatchIdentity
from platform_assets.errors import MissingToolError
from platform_assets.inference.bundle import Bundle, load_bundle
from platform_assets.settings import exported

if TYPE_CHECKING:
    import pyarrow as pa

# So many chunks wait per worker: it never waits for the next one, and memory does not grow with the batch.
_CHUNKS_AHEAD = 2


def require_ray() -> None:
    """Raise MissingToolError without Ray."""
    try:
        import ray  # noqa: F401, PLC0415 - optional, and a large library
    except ImportError as error:
        remedy = "install platform-assets[scale], or unset PLATFORM_BATCH_ENGINE."
        raise MissingToolError(tool="ray", remedy=remedy) from error


def score_on_ray(
    bundle: Bundle, identity: BatchIdentity, parts: "Iterable[pa.Table]", *, workers: int
) -> "Iterator[pa.Table]":
    """Yield the scored parts in their order; each worker loads the bundle once, verified by its digest.

    Without a cluster that Ray has been told of (RAY_ADDRESS) one is started on this machine and ended. Raises
    MissingToolError without Ray.
    """
    require_ray()
    import ray  # noqa: PLC0415 - as above

    with exported({"RAY_USAGE_STATS_ENABLED": "0"}):  # nothing is reported to anybody
        is_own = not ray.is_initialized()
        if is_own:
            ray.init(num_cpus=workers, include_dashboard=False, log_to_driver=False)
        try:
            remote = ray.remote(num_cpus=1)(_Worker)
            actors = [remote.remote(str(bundle.directory), bundle.digest, identity) for _ in range(workers)]
            yield from _in_order(actors, parts)
        finally:
            if is_own:
                ray.shutdown()


class _Worker:
    """One process that scores chunks."""

    def __init__(self, directory: str, digest: str, identity: BatchIdentity) -> None:
        self._scorer = ChunkScorer(load_bundle(Path(directory), expected_digest=digest), identity)

    def score(self, part: "pa.Table") -> "pa.Table":
        return self._scorer.score(part)


def _in_order(actors: list[Any], parts: "Iterable[pa.Table]") -> "Iterator[pa.Table]":
    import ray  # noqa: PLC0415 - as above

    waiting: deque[Any] = deque()
    for number, part in enumerate(parts):
        if len(waiting) >= _CHUNKS_AHEAD * len(actors):
            yield ray.get(waiting.popleft())
        waiting.append(actors[number % len(actors)].score.remote(part))
    while waiting:
        yield ray.get(waiting.popleft())
