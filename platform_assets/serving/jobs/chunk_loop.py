"""Chunk after chunk of one job: score, commit, log; then the chunks become the output."""

import asyncio
import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

from platform_assets.errors import JobInputError
from platform_assets.online.log_sinks import LogSinks, open_log
from platform_assets.online.reader import OnlineReader
from platform_assets.serving.batch_copies import BatchCopies
from platform_assets.serving.jobs.chunks import Chunks
from platform_assets.serving.jobs.formats import RowsInput, open_input, output_format
from platform_assets.serving.jobs.inputs import InputRow, check_columns
from platform_assets.serving.jobs.outbox import Outbox, send
from platform_assets.serving.jobs.outputs import OutputRow, column_names
from platform_assets.serving.jobs.pinned import PinnedRelease
from platform_assets.serving.jobs.publishing import is_published, publish_output
from platform_assets.serving.jobs.record import JobPlan, JobRecord, JobSpec, Totals
from platform_assets.serving.jobs.scoring import RowScorer, ScoredRows
from platform_assets.serving.journal import Journal
from platform_assets.serving.live_release import LiveRelease
from platform_assets.serving.parts import assemble
from platform_assets.serving.store_batches import StoreBatches
from platform_assets.serving.store_features import StoreFeatures
from platform_assets.settings import Settings

# Nobody waits for a single row of a job: a slow store is worth waiting for, where a request would fall back.
_STORE_TIMEOUT_S = 10.0


class CancelledJob(Exception):  # noqa: N818 - no error: the caller asked for it
    """The job was asked to stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkLoop:
    """The work on a job whose release is loaded and whose input path was checked."""

    settings: Settings
    record: JobRecord
    spec: JobSpec
    live: LiveRelease
    wall: Callable[[], dt.datetime]
    timer: Callable[[], float]

    async def run(self, path: Path) -> None:
        """Return when the output is published. Raises JobError, OSError, OutputExistsError and CancelledJob."""
        rows = open_input(path, self.live.schema)
        check_columns(self.live.schema, rows.columns())
        plan = self._plan(path, rows)
        await self._score_all(rows)
        if self._chunks.totals().rows_done != plan.rows_total or _changed(path, plan):
            raise JobInputError(problem="the file changed while the job ran")
        self._publish()

    def _plan(self, path: Path, rows: RowsInput) -> JobPlan:
        """Return what the first start found out about the input; raises JobInputError when it is another one now."""
        plan = self.record.plan()
        if plan is None:
            status = path.stat()
            plan = JobPlan(rows_total=rows.count(), input_bytes=status.st_size, input_changed_ns=status.st_mtime_ns)
            self.record.write_plan(plan)
        if _changed(path, plan):
            raise JobInputError(problem="the file changed since the job began")
        return plan

    async def _score_all(self, rows: RowsInput) -> None:
        outbox, reader = Outbox(), OnlineReader(self.settings.online_url, timeout_s=_STORE_TIMEOUT_S)
        heart = assemble(
            releases=PinnedRelease(self.settings, self.live),
            features=StoreFeatures(reader),
            batches=StoreBatches(reader, BatchCopies(self.settings)),
            journal=Journal(outbox),
            clock=self.settings.clock,
            wall=self.wall,
        ).heart
        scorer = RowScorer(heart=heart, schema=self.live.schema, spec=self.spec)
        writer = open_log(self.settings)
        try:
            async with reader:
                await heart.batches.prepare([self.spec.product])
                await self._score_from(rows, scorer, outbox, writer)
        finally:
            heart.model.close()
            await asyncio.to_thread(writer.close)

    async def _score_from(self, rows: RowsInput, scorer: RowScorer, outbox: Outbox, writer: LogSinks) -> None:
        log = partial(send, writer)
        self._chunks.log_last(log)  # of a worker that was killed between the commit and the log
        before, began = self._chunks.totals(), self.timer()
        rest, totals = rows.rows(before.rows_done), before
        while chunk := list(islice(rest, self.spec.chunk_rows)):
            scored = await self._score(chunk, scorer, totals.chunks)
            scorer.heart.journal.hand_over()
            totals = Totals(
                chunks=totals.chunks + 1,
                rows_done=totals.rows_done + len(chunk),
                rows_failed=totals.rows_failed + scored.n_failed,
                seconds=before.seconds + self.timer() - began,
            )
            self._chunks.commit(totals, partial(self._write, scored.rows), outbox.take())
            self._chunks.log_last(log)

    async def _score(self, chunk: Sequence[InputRow], scorer: RowScorer, number: int) -> ScoredRows:
        rows: list[OutputRow] = []
        n_failed = 0
        for start in range(0, len(chunk), scorer.rows_per_call):
            if self.record.is_cancel_requested:
                raise CancelledJob
            call_id = f"{self.spec.job_id}:{number}:{start}"
            scored = await scorer.score(chunk[start : start + scorer.rows_per_call], call_id=call_id)
            rows += scored.rows
            n_failed += scored.n_failed
        return ScoredRows(rows, n_failed)

    def _write(self, rows: Sequence[OutputRow], path: Path) -> None:
        write, _ = output_format(Path(self.spec.output_path), self._columns)
        write(path, rows, fsync=self.record.fsync)

    def _publish(self) -> None:
        if self.record.is_cancel_requested and not is_published(self.spec):
            raise CancelledJob
        _, join = output_format(Path(self.spec.output_path), self._columns)
        publish_output(self.spec, join, self._columns, self._chunks.row_files(), fsync=self.record.fsync)

    @property
    def _columns(self) -> tuple[str, ...]:
        return column_names(self.live.schema.row_keys)

    @property
    def _chunks(self) -> Chunks:
        return Chunks.of(self.record.directory, fsync=self.record.fsync)


def _changed(path: Path, plan: JobPlan) -> bool:
    status = path.stat()
    return (status.st_size, status.st_mtime_ns) != (plan.input_bytes, plan.input_changed_ns)
