"""The sensor that tells lineage of every run that has ended, also of those that ended while it was away."""

import datetime as dt

import dagster as dg
import msgspec

from platform_assets.errors import LineageNotTakenError
from platform_assets.orchestration.open_lineage.events import run_events
from platform_assets.orchestration.open_lineage.finished_runs import finished_run
from platform_assets.orchestration.open_lineage.outlet import emit
from platform_assets.settings import Settings

_ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
_MOST_RUNS_A_TICK = 20
# Runs of other processes may be recorded in another order than they ended in: so far back is looked again.
_OVERLAP = dt.timedelta(minutes=10)
_MOST_REMEMBERED = 500


class _Told(msgspec.Struct, frozen=True):
    """The newest change of a run that was told, and the runs told lately."""

    up_to: dt.datetime
    runs: tuple[str, ...] = ()

    def and_also(self, record: dg.RunRecord) -> "_Told":
        changed = record.update_timestamp.astimezone(dt.UTC)
        return _Told(max(self.up_to, changed), (*self.runs, record.dagster_run.run_id)[-_MOST_REMEMBERED:])


def lineage_sensor(settings: Settings) -> dg.SensorDefinition:
    """Return the sensor; an outlet that is away is told in the tick, and the runs are told at a later one."""

    @dg.sensor(
        name="open_lineage",
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tells what each run made of what, in events of the OpenLineage standard: to a file, or by HTTP.",
    )
    def open_lineage(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        told = _read(context.cursor)
        waiting = [record for record in _ended(context.instance, told) if record.dagster_run.run_id not in told.runs]
        runs = 0
        for record in waiting[:_MOST_RUNS_A_TICK]:
            try:
                emit(settings, run_events(finished_run(context.instance, record)))
            except LineageNotTakenError as error:
                return dg.SensorResult(cursor=_write(told), skip_reason=str(error))
            told, runs = told.and_also(record), runs + 1
        return dg.SensorResult(cursor=_write(told), skip_reason=f"told of {runs} runs" if runs else "no run has ended")

    return open_lineage


def _ended(instance: dg.DagsterInstance, told: _Told) -> "list[dg.RunRecord]":
    filters = dg.RunsFilter(statuses=_ENDED, updated_after=told.up_to - _OVERLAP)
    most = _MOST_RUNS_A_TICK + _MOST_REMEMBERED
    return list(instance.get_run_records(filters, limit=most, order_by="update_timestamp", ascending=True))


def _read(cursor: str | None) -> _Told:
    """Return what was told; without a cursor nothing was."""
    if not cursor:
        return _Told(dt.datetime(2000, 1, 1, tzinfo=dt.UTC))
    return msgspec.json.decode(cursor, type=_Told)


def _write(told: _Told) -> str:
    return msgspec.json.encode(told).decode()
