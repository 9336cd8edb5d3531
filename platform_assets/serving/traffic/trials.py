"""Which experiment of a product is running, as this endpoint sees it: read from disk, loaded, and ended for cause."""

import datetime as dt
import logging
import os
from collections.abc import Callable
from pathlib import Path

from platform_assets.errors import ExperimentStateError, ModelUnusableError, PlatformError
from platform_assets.inference.live_pointer import LivePointer
from platform_assets.rollouts.experiments import experiments_dir, running_experiment, stop
from platform_assets.rollouts.experiments_course import ExperimentRecord, pause
from platform_assets.rollouts.moves import Pointers, Word
from platform_assets.serving.live_release import LiveRelease
from platform_assets.serving.traffic.ending import BY, GivenUp
from platform_assets.serving.traffic.loading import Obtain
from platform_assets.serving.traffic.trial import Trial

LOG = logging.getLogger("platform.serving.traffic")
_Signature = tuple[tuple[str, int, int], ...]


class Trials:
    """The running experiment of each product. What it has given up assigns nobody here, whatever the disk says."""

    def __init__(self, pointers: Pointers, wall: Callable[[], dt.datetime]) -> None:
        """Start with nothing seen."""
        self._pointers = pointers
        self._wall = wall
        self._seen: dict[str, tuple[_Signature, ExperimentRecord | None]] = {}
        self._given_up: dict[tuple[str, str], GivenUp] = {}

    def running(self, product: str) -> ExperimentRecord | None:
        """Return the running experiment; looking again costs no more than the names of the files while none changes.

        Files that cannot be read change nothing. Every look tries once more to stop what was given up.
        """
        record = self._on_disk(product)
        if record is None or not self.is_given_up(record):
            return record
        self.end(record)
        return None

    def load(self, record: ExperimentRecord | None, pointer: LivePointer, obtain: Obtain) -> Trial | None:
        """Return an experiment with its releases; None where it is paused by the pointer, or cannot be loaded.

        One whose releases cannot be loaded is given up: its control answers everybody.
        """
        if record is None or self.is_given_up(record) or pause(record.experiment, pointer) is not None:
            return None
        try:
            return Trial(record, {one.name: _online(obtain(one.release)) for one in record.experiment.variants})
        except (PlatformError, OSError) as error:
            self.give_up(record, GivenUp(f"the endpoint cannot load a variant: {error}", {}, self._wall()))
        self.end(record)
        return None

    def is_given_up(self, record: ExperimentRecord) -> bool:
        """Tell whether this endpoint assigns nobody to that experiment any more."""
        return _key(record) in self._given_up

    def give_up(self, record: ExperimentRecord, given_up: GivenUp) -> bool:
        """Assign nobody to an experiment any more; False when that was so before."""
        is_news = not self.is_given_up(record)
        self._given_up.setdefault(_key(record), given_up)
        return is_news

    def end(self, record: ExperimentRecord) -> None:
        """Stop on disk what was given up, where everybody else sees it; what fails is tried again at the next look."""
        given_up, (product, experiment_id) = self._given_up[_key(record)], _key(record)
        word = Word(by=BY, at=given_up.at, reason=given_up.reason, evidence=given_up.evidence)
        try:
            stop(self._pointers, product, experiment_id, word)
        except ExperimentStateError:  # another worker or a person was faster
            return
        except (PlatformError, OSError) as error:
            LOG.warning("experiment %s of %s has to stop and cannot yet: %s", experiment_id, product, error)

    def _on_disk(self, product: str) -> ExperimentRecord | None:
        before = self._seen.get(product)
        try:
            signature = _signature(experiments_dir(self._pointers.releases_dir, product))
            if before is None or before[0] != signature:
                before = signature, running_experiment(self._pointers.releases_dir, product)
        except (PlatformError, OSError) as error:
            LOG.warning("the experiments of %s cannot be read: %s", product, error)
            return before[1] if before else None
        self._seen[product] = before
        return before[1]


def _online(live: LiveRelease | None) -> LiveRelease:
    if live is None:
        raise ModelUnusableError(file="product.json", problem="it has no online block, and its control has one")
    return live


def _key(record: ExperimentRecord) -> tuple[str, str]:
    return record.experiment.product, record.experiment.id


def _signature(directory: Path) -> _Signature:
    """Return what differs after every change: a change is a new file under the old name."""
    try:
        with os.scandir(directory) as entries:
            found = [(entry.name, entry.stat()) for entry in entries if entry.name.endswith(".json")]
    except FileNotFoundError:
        return ()
    return tuple(sorted((name, stat.st_ino, stat.st_mtime_ns) for name, stat in found if not name.startswith(".")))
