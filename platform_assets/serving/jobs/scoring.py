"""Rows of a file become answers of the heart; a row that is wrong becomes an error of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from platform_assets.errors import MalformedRequestError
from platform_assets.serving.heart import Heart
from platform_assets.serving.jobs.inputs import InputRow
from platform_assets.serving.jobs.outputs import OutputRow, answered_row, failed_row
from platform_assets.serving.jobs.record import JobSpec
from platform_assets.serving.row_schema import RowSchema
from platform_assets.serving.rows import read_rows
from platform_assets.serving.wire import Answer, Answers, PredictRequest


class ScoredRows(msgspec.Struct, frozen=True):
    """One output row per input row, in order, and how many of them were wrong."""

    rows: list[OutputRow]
    n_failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RowScorer:
    """Scores rows as POST /v1/predict does, in calls of at most the product's `max_batch_rows`."""

    heart: Heart
    schema: RowSchema
    spec: JobSpec

    @property
    def rows_per_call(self) -> int:
        """How many rows one call may have."""
        return min(self.spec.batch_size, self.schema.max_rows)

    async def score(self, rows: Sequence[InputRow], *, call_id: str) -> ScoredRows:
        """Return the output of one call; `call_id` repeats when the call is repeated, and fixes the prediction ids."""
        wrong = {position: row.problem for position, row in enumerate(rows) if row.problem is not None}
        try:
            answers = await self._answer(rows, wrong, call_id)
        except (MalformedRequestError, msgspec.ValidationError):
            wrong |= self._problems(rows, wrong)
            answers = await self._answer(rows, wrong, call_id)
        each = iter(answers)
        output = [
            failed_row(self.schema, row.values, wrong[position])
            if position in wrong
            else answered_row(self.schema, row.values, next(each))
            for position, row in enumerate(rows)
        ]
        return ScoredRows(output, len(wrong))

    async def _answer(self, rows: Sequence[InputRow], wrong: dict[int, str], call_id: str) -> list[Answer]:
        """Return the answers for all rows that are not wrong; raises before anything is logged."""
        right = [row for position, row in enumerate(rows) if position not in wrong]
        if not right:
            return []
        answers = await self.heart.predict(self._request(right), request_id=self.spec.job_id, nonce=call_id)
        if not isinstance(answers, Answers):
            raise TypeError(type(answers))
        return answers.predictions

    def _request(self, rows: Sequence[InputRow]) -> PredictRequest:
        """Return the request for rows, under the same limits on names and texts as one that came by HTTP."""
        sent = {"product": self.spec.product, "rows": [row.values for row in rows], "event_at": self.spec.event_at}
        return msgspec.convert(sent, PredictRequest)

    def _problems(self, rows: Sequence[InputRow], known: dict[int, str]) -> dict[int, str]:
        problems = {}
        for position, row in enumerate(rows):
            if position not in known and (problem := self._problem(row)) is not None:
                problems[position] = problem
        return problems

    def _problem(self, row: InputRow) -> str | None:
        try:
            read_rows(self.schema, self._request([row]))
        except (MalformedRequestError, msgspec.ValidationError) as error:
            return str(error).replace("$.rows[0].", "").replace("$.rows[0]", "the row")
        return None
