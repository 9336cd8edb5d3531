"""Replays rows of a batch: the recorded input file through the bundle of the release that scored it."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

from platform_assets.audit.replay.recorded_rows import Row
from platform_assets.audit.replay.refused import Refused
from platform_assets.audit.replay.score_stages import Recomputed, recompute, score_stages, told_inputs
from platform_assets.audit.replay.shelf import LoadedRelease, Shelf
from platform_assets.audit.replay.verdict import Replayed, StageResult, conclude
from platform_assets.contract import names
from platform_assets.features.frames import to_frame


def replay_batch_rows(shelf: Shelf, rows: Sequence[Row], *, is_detailed: bool = False) -> list[Replayed]:
    """Return the verdicts of rows of one release and one input file, in order; they are scored in one call."""
    loaded = shelf.release(rows[0]["product"], rows[0]["release_id"])
    if isinstance(loaded, Refused):
        return [_concluded(row, [_record(row, loaded), loaded.result]) for row in rows]
    inputs = shelf.inputs(rows[0]["input_artifact"], loaded.bundle.product.entity.row_keys)
    if isinstance(inputs, Refused):
        return [_concluded(row, [_record(row, loaded), inputs.result]) for row in rows]
    keys = list(dict.fromkeys(row["row_key"] for row in rows if row["row_key"] in inputs.places))
    taken = inputs.table.take([inputs.places[key] for key in keys])
    made = recompute(loaded.bundle, to_frame(loaded.bundle.product, taken))
    found = dict(zip(keys, enumerate(taken.column("event_at").to_pylist()), strict=True))
    return [
        _concluded(row, [_record(row, loaded), *_stages(made, found.get(row["row_key"]), row, is_detailed)])
        for row in rows
    ]


def _stages(
    made: Recomputed,
    found: tuple[int, dt.datetime] | None,
    row: Row,
    is_detailed: bool,  # noqa: FBT001 - passed on
) -> Iterator[StageResult]:
    artifact = row["input_artifact"]
    if found is None:
        yield StageResult(stage="inputs", outcome="differs", note=f"{artifact} has no row {row['row_key']!r}")
        return
    at, event_at = found
    if event_at == row["event_at"]:
        yield StageResult(stage="inputs", outcome="equal", note=f"{artifact}, its digest matched")
    else:
        then, now = row["event_at"].isoformat(), event_at.isoformat()
        yield StageResult(stage="inputs", outcome="differs", recorded=then, replayed=now, note="another instant")
    yield from told_inputs(made, at) if is_detailed else ()
    yield from score_stages(made, at, row)


def _record(row: Row, loaded: LoadedRelease | Refused) -> StageResult:
    """Compare the row with itself, its id being made from what it says, and with the release that it names."""
    expected: dict[str, object] = {
        "prediction_id": names.batch_prediction_id(
            row["product"],
            row["as_of"],
            row["row_key"],
            release_id=row["release_id"],
            input_artifact=row["input_artifact"],
        )
    }
    if isinstance(loaded, LoadedRelease):
        expected |= told_by_release(loaded)
    return compare_record(row, expected)


def told_by_release(loaded: LoadedRelease) -> dict[str, object]:
    """Return what every row of a release says of it."""
    manifest = loaded.bundle.manifest
    return {
        "bundle_digest": loaded.release.bundle_digest,
        "model_version": loaded.release.model_version,
        "feature_version": manifest.feature_version,
        "output_schema_version": manifest.output_schema_version,
        "training_run_id": manifest.training_run_id,
    }


def compare_record(row: Row, expected: Mapping[str, object]) -> StageResult:
    """Return the stage `record`: which fact of a row is not what it has to be, if any."""
    wrong = next((name for name, value in expected.items() if name in row and row[name] != value), None)
    if wrong is None:
        return StageResult(stage="record", outcome="equal")
    told = f"{wrong} of the recorded row is not what it was made with"
    return StageResult(
        stage="record", outcome="differs", recorded=str(row[wrong]), replayed=str(expected[wrong]), note=told
    )


def _concluded(row: Row, stages: Sequence[StageResult]) -> Replayed:
    return conclude(row["prediction_id"], row["product"], "batch", release_id=row["release_id"], stages=stages)
