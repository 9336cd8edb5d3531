"""Finished runs as the watch of promises asks for them: which of a product scored it, and which brought it online."""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import dagster as dg

from platform_assets.contract import names
from platform_assets.contract.product import Product
from platform_assets.contract.slas import Mode

if TYPE_CHECKING:
    from platform_assets.monitoring.promises.runs import RunOutcome

_FINISHED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]
_BY_JOB, _BY_HAND = 20, 100
# What a person or a condition materializes without a job of ours.
_HAND_MADE_JOB = "__ASSET_JOB"
_NOUNS: dict[Mode, tuple[names.AssetNoun, ...]] = {
    "batch": ("predictions", "published_predictions"),
    "online": ("online_snapshot",),
}
_ACTIVITIES: dict[Mode, tuple[str, ...]] = {"batch": ("score", "publish"), "online": ("sync",)}


def hand_made_runs(instance: dg.DagsterInstance) -> Sequence[dg.RunRecord]:
    """Return the newest finished runs that belong to no job of ours, of whatever assets."""
    return _finished(instance, _HAND_MADE_JOB, _BY_HAND)


def outcomes_of(
    instance: dg.DagsterInstance, product: Product, hand_made: Sequence[dg.RunRecord]
) -> "list[RunOutcome]":
    """Return the newest finished runs of a product in both modes."""
    modes: tuple[Mode, ...] = ("batch", "online") if product.online else ("batch",)
    return [outcome for mode in modes for outcome in _outcomes(instance, product, mode, hand_made)]


def _outcomes(
    instance: dg.DagsterInstance, product: Product, mode: Mode, hand_made: Sequence[dg.RunRecord]
) -> "Iterator[RunOutcome]":
    for activity in _ACTIVITIES[mode]:
        for record in _finished(instance, names.job_name(product.name, activity), _BY_JOB):
            yield _outcome(record, mode)
    keys = {dg.AssetKey(names.asset_key(product.name, noun)) for noun in _NOUNS[mode]}
    yield from (_outcome(record, mode) for record in hand_made if keys & (record.dagster_run.asset_selection or set()))


def _finished(instance: dg.DagsterInstance, job: str, limit: int) -> Sequence[dg.RunRecord]:
    return instance.get_run_records(dg.RunsFilter(job_name=job, statuses=_FINISHED), limit=limit)


def _outcome(record: dg.RunRecord, mode: Mode) -> "RunOutcome":
    from platform_assets.monitoring.promises.runs import RunOutcome

    ended = record.end_time or record.update_timestamp.timestamp()
    is_success = record.dagster_run.status is dg.DagsterRunStatus.SUCCESS
    return RunOutcome(
        run_id=record.dagster_run.run_id,
        mode=mode,
        ended_at=dt.datetime.fromtimestamp(ended, tz=dt.UTC),
        is_success=is_success,
        problem="" if is_success else f"run {record.dagster_run.run_id} of {record.dagster_run.job_name} failed",
    )
