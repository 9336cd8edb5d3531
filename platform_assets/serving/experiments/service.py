"""What the routes of experiments call. Files are touched in threads, never in the event loop."""

import asyncio
import datetime as dt
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import msgspec

from platform_assets.contract.product import Product
from platform_assets.errors import ExperimentNotKeptError, ExperimentStateError, KeyReusedError
from platform_assets.inference.live_pointer import read_live
from platform_assets.rollouts import experiments
from platform_assets.rollouts.experiments_course import ExperimentRecord, pause
from platform_assets.rollouts.moves import Pointers, Word
from platform_assets.serving.experiments.wire import ChangeWanted, ExperimentSeen, ExperimentWanted, seen

Action = Literal["create", "start", "stop"]
_KEY, _DIGEST = "idempotency_key", "request_digest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a caller wants of one experiment, who it is, and the key under which a repeat is the same change."""

    action: Action
    product: str
    experiment: str
    request: ExperimentWanted | ChangeWanted
    subject: str
    key: str | None = None

    @property
    def digest(self) -> str:
        """The same for a repeat of the request, and for nothing else."""
        told = (self.action, self.experiment, self.request)
        return hashlib.blake2b(msgspec.json.encode(told), digest_size=16).hexdigest()

    def word(self, at: dt.datetime) -> Word:
        """Return whose word the change is, with what a repeat is known by."""
        reason = self.request.reason or "created by API"
        return Word(by=self.subject, at=at, reason=reason, evidence={_KEY: self.key, _DIGEST: self.digest})


@dataclass(frozen=True, slots=True)
class Experiments:
    """The experiments of one platform, as their files tell them."""

    pointers: Pointers
    wall: Callable[[], dt.datetime]

    async def create(self, product: Product, wanted: ExperimentWanted, asked: Asked) -> None:
        """Store a draft; the same key with the same request changes nothing.

        Raises InvalidExperimentError, ExperimentStateError for an id that was used before, KeyReusedError,
        ExperimentNotKeptError when it cannot be written.
        """
        change = partial(experiments.create, self.pointers, product, wanted.of(product.name))
        await asyncio.to_thread(self._once, asked, change)

    async def start(self, asked: Asked) -> None:
        """Let a draft assign from now on; raises as `create`, and UnknownExperimentError.

        Raises VersionRefusedError for a variant whose version was rejected, NoReleaseError.
        """
        await asyncio.to_thread(self._once, asked, partial(self._start, asked))

    async def stop(self, asked: Asked) -> None:
        """Assign nobody any more; raises as `create`, and UnknownExperimentError."""
        change = partial(experiments.stop, self.pointers, asked.product, asked.experiment)
        await asyncio.to_thread(self._once, asked, change)

    async def see(self, product: str, experiment: str) -> ExperimentSeen:
        """Return an experiment as it is now; raises UnknownExperimentError."""
        return await asyncio.to_thread(self._see, product, experiment)

    def _once(self, asked: Asked, change: Callable[[Word], ExperimentRecord]) -> None:
        if self._is_done(asked):
            return
        try:
            change(asked.word(self.wall()))
        except ExperimentStateError:
            if not self._is_done(asked):  # the same request may have come twice at once
                raise
        except OSError as error:
            raise ExperimentNotKeptError(
                product=asked.product, experiment=asked.experiment, reason=error.strerror or str(error)
            ) from error

    def _is_done(self, asked: Asked) -> bool:
        """Tell whether the caller's key made this change before; raises KeyReusedError where it made another one."""
        if asked.key is None:
            return False
        for record in experiments.read_experiments(self.pointers.releases_dir, asked.product):
            for change in record.changes:
                if change.evidence.get(_KEY) == asked.key:
                    if change.evidence.get(_DIGEST) != asked.digest:
                        raise KeyReusedError(made=f"experiment {record.experiment.id!r} {change.state}")
                    return True
        return False

    def _start(self, asked: Asked, word: Word) -> ExperimentRecord:
        return experiments.start(self.pointers, asked.product, asked.experiment, word)

    def _see(self, product: str, experiment: str) -> ExperimentSeen:
        directory = self.pointers.releases_dir
        record = experiments.read_experiment(directory, product, experiment)
        is_running = record.state == "running"
        return seen(record, paused=pause(record.experiment, read_live(directory, product)) if is_running else None)
