"""The steps of the quick way, each with all that comes before it, and the ends of the ladder beside them."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from platform_assets.clock import BusinessClock, wall_now
from platform_assets.inference.frame import Column
from platform_assets.inference.scoring import score_matrix
from platform_assets.serving.batching.batcher import Batcher
from platform_assets.serving.heart import Heart
from platform_assets.serving.journal import EntryWriter, Journal
from platform_assets.serving.live_release import LiveRelease
from platform_assets.serving.model_run import ModelRun
from platform_assets.serving.parts import Parts, assemble
from platform_assets.serving.quick.clerk import Clerk, matrix_of, write_calls
from platform_assets.serving.quick.desk import Desk
from platform_assets.serving.quick.groups import Group, group
from platform_assets.serving.quick.letter import Letter
from platform_assets.serving.releases import Releases
from platform_assets.serving.sources import BatchPrediction, LastBatch
from platform_assets.serving.stored import SnapshotSeen, StoredRows, nothing_stored
from platform_assets.settings import Settings

STEPS = (
    "our HTTP protocol, a fixed answer",
    "+ typed decode of the declared rows",
    "+ matrix, engine, output guard",
    "+ cache, breaker, batcher",
    "+ ids, log entries, answers",
)
_READ, _SCORED, _CACHED, _WRITTEN = 1, 2, 3, 4
_FIXED = b'{"predictions":[{"score":0.5}]}'


class UpTo(Desk):
    """Does what a desk does up to a step, then gives a fixed answer."""

    def __init__(self, heart: Heart, step: int) -> None:
        """Stop after a step, by its place in STEPS."""
        super().__init__(heart)
        self._step = step
        self._helper = Clerk(heart)

    def _answer(self, taken: list[Letter]) -> None:
        if self._step < _READ:
            taken += self._waiting
            self._waiting.clear()
        else:
            groups = group(self._heart, self._read(taken), wall_now(), most_rows=64)
            for each in groups:
                self._go_on(each)
        for letter in taken:
            letter.answer(_FIXED)

    def _go_on(self, each: Group) -> None:
        if self._step < _SCORED:
            return
        forms = self._helper.forms_of(each.live)
        features, matrix = matrix_of(each, is_as_sent=forms.takes_rows_as_sent)
        if self._step < _CACHED:
            score_matrix(each.live.bundle, matrix)
            return
        known = self._heart.model.score_now(each.live, matrix, [], calls=len(each.calls))
        if known is not None and self._step >= _WRITTEN:
            write_calls(each, forms, features, known, time.perf_counter())


class TheLongWay(Desk):
    """Sends everything to the app, as it would be without a desk."""

    def _answer(self, taken: list[Letter]) -> None:
        taken += self._waiting
        self._waiting.clear()


class Forgetful:
    """Takes log entries and keeps none."""

    def append(self, entries: list[bytes]) -> None:
        """Forget the entries."""


class NoStore:
    """The sources of a product whose callers send everything."""

    async def read(self, live: LiveRelease, columns: Mapping[str, Column]) -> StoredRows:
        """Return nothing."""
        return nothing_stored(live.product, len(next(iter(columns.values()))))

    async def snapshot(self, live: LiveRelease) -> SnapshotSeen | None:  # noqa: ARG002 - of no product
        """Return none."""
        return None


class NoBatches:
    """No batch was ever published."""

    async def prepare(self, products: Sequence[str]) -> None:
        """Do nothing."""

    async def read(
        self,
        live: LiveRelease,
        columns: Mapping[str, Column],
        *,
        is_store_away: bool,  # noqa: ARG002 - it never was there
    ) -> Sequence[BatchPrediction | None]:
        """Return none for each row."""
        return [None] * len(columns[live.schema.row_keys[0]])

    async def find(self, live: LiveRelease, columns: Mapping[str, Column]) -> LastBatch:
        """Return none for each row."""
        return LastBatch([None] * len(columns[live.schema.row_keys[0]]), "online_store")


async def endpoint_parts(home: Path, writer: EntryWriter, warm_up: bytes) -> Parts:
    """Return the loaded parts of an endpoint, whose log goes to a writer and whose engine has scored a first body."""
    settings = Settings(home=home)
    parts = assemble(
        releases=Releases(home=home, releases_dir=settings.releases_dir),
        features=NoStore(),
        batches=NoBatches(),
        journal=Journal(writer),
        clock=BusinessClock("replay"),
        wall=wall_now,
    )
    # A machine that others use makes the engine look too slow for the desk.
    model = ModelRun(metrics=parts.metrics, wall_s=time.time, batcher=Batcher(inline_s=60.0))
    parts = replace(parts, heart=replace(parts.heart, model=model))
    await parts.refresh()
    await parts.heart.predict_body(warm_up, request_id="warm")
    return parts
