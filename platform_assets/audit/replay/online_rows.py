"""Replays logged answers: the logged inputs, compared with their snapshot, through the bundle that answered."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter

from platform_assets.audit.replay.batch_rows import compare_record, told_by_release
from platform_assets.audit.replay.fallback_answers import replay_fallback
from platform_assets.audit.replay.recorded_rows import Row
from platform_assets.audit.replay.refused import Refused
from platform_assets.audit.replay.score_stages import (
    Recomputed,
    recompute,
    same_bits,
    score_stages,
    shown,
    told_inputs,
)
from platform_assets.audit.replay.shelf import LoadedRelease, Shelf
from platform_assets.audit.replay.snapshots import stored_values
from platform_assets.audit.replay.verdict import Replayed, StageResult, conclude
from platform_assets.contract import names
from platform_assets.inference.logged_inputs import are_readable, features_of, frame_of, join_columns

# The model was asked, so that what it said can be computed again; other fallbacks came before or instead of it.
_MODEL_SPOKE = "invalid_score"
_UNREADABLE = StageResult(
    stage="record", outcome="differs", note="its row keys, request or features are not those of the product"
)


def replay_answers(shelf: Shelf, rows: Sequence[Row], *, is_detailed: bool = False) -> list[Replayed]:
    """Return the verdicts of logged answers of one release, in order; they are scored in one call."""
    loaded = shelf.release(rows[0]["product"], rows[0]["release_id"])
    if isinstance(loaded, Refused):
        return [_concluded(row, [loaded.result]) for row in rows]
    readable = are_readable(loaded.bundle.product, rows)
    fine = [row for row, is_fine in zip(rows, readable, strict=True) if is_fine]
    told = _stages(shelf, loaded, fine, is_detailed=is_detailed)
    return [
        _concluded(row, [_record(row, loaded), *(next(told) if is_fine else (_UNREADABLE,))])
        for row, is_fine in zip(rows, readable, strict=True)
    ]


def _stages(
    shelf: Shelf, loaded: LoadedRelease, rows: Sequence[Row], *, is_detailed: bool
) -> Iterator[list[StageResult]]:
    if not rows:
        return
    stored = _stored_stages(shelf, loaded, rows)
    made = recompute(loaded.bundle, frame_of(loaded.bundle.product, rows))
    for at, row in enumerate(rows):
        details = told_inputs(made, at) if is_detailed else ()
        by_model = row["fallback"] == "none"
        scored = score_stages(made, at, row) if by_model else _fallback(shelf, made, at, row, loaded)
        yield [stored[at], *details, *scored]


def _fallback(shelf: Shelf, made: Recomputed, at: int, row: Row, loaded: LoadedRelease) -> Iterator[StageResult]:
    if row["reason"] == _MODEL_SPOKE:
        is_valid = bool(made.stages.scored.is_valid[at])
        told = f"the guard refuses {shown(float(made.stages.scored.score[at]))}"
        yield (
            StageResult(stage="model_output", outcome="differs", note="the score that the guard refused is valid now")
            if is_valid
            else StageResult(stage="model_output", outcome="equal", note=told)
        )
    else:
        told = f"no score of the model: {row['reason']}"
        yield StageResult(stage="model_output", outcome="as_recorded", note=told)
    yield from replay_fallback(shelf, loaded, row)


def _stored_stages(shelf: Shelf, loaded: LoadedRelease, rows: Sequence[Row]) -> list[StageResult]:
    """Return per row whether its stored features are those of the snapshot that it names."""
    told = [StageResult(stage="stored_features", outcome="as_recorded", note="none was read from a snapshot")] * len(
        rows
    )
    read = sorted((row["snapshot_id"], at) for at, row in enumerate(rows) if row["snapshot_id"] is not None)
    for _, group in groupby(read, key=itemgetter(0)):
        places = [at for _, at in group]
        for at, stage in zip(places, _compare_snapshot(shelf, loaded, [rows[at] for at in places]), strict=True):
            told[at] = stage
    return told


def _compare_snapshot(shelf: Shelf, loaded: LoadedRelease, rows: Sequence[Row]) -> list[StageResult]:
    product, release_id = loaded.bundle.product, loaded.release.release_id
    snapshot = shelf.snapshot(product.name, release_id, rows[0]["snapshot_id"])
    if isinstance(snapshot, Refused):
        return [snapshot.result] * len(rows)
    stored = stored_values(product, snapshot, join_columns(product, frame_of(product, rows)))
    logged = features_of(product, rows).tolist()
    return [
        _compare_features(product.stored_columns, row, now, then)
        for row, now, then in zip(rows, stored.tolist(), logged, strict=True)
    ]


def _compare_features(columns: Sequence[str], row: Row, now: list[float], then: list[float]) -> StageResult:
    streamed = frozenset(row.get("streamed") or ())
    elsewhere = streamed | frozenset(row.get("sent") or ())
    for name, value, logged in zip(columns, now, then, strict=True):
        if name not in elsewhere and not same_bits(logged, value):
            told = f"{name} is not what snapshot {row['snapshot_id']} holds"
            return StageResult(
                stage="stored_features", outcome="differs", recorded=shown(logged), replayed=shown(value), note=told
            )
    note = f"those of snapshot {row['snapshot_id']}, whose content has that id"
    if streamed:
        note += f"; {len(streamed)} streamed since then, as logged"
    return StageResult(stage="stored_features", outcome="equal", note=note)


def _record(row: Row, loaded: LoadedRelease) -> StageResult:
    """Compare the row with its release and with its id: product and day; the rest of it only the endpoint knew."""
    expected = told_by_release(loaded)
    if row["fallback"] == "last_batch":
        expected.pop("model_version")  # that of the batch
    start = names.prediction_id(row["product"], row["event_at"], "", "online")
    told_id = row["prediction_id"][: len(start)]
    return compare_record({**row, "prediction_id": told_id}, {**expected, "prediction_id": start})


def _concluded(row: Row, stages: Sequence[StageResult]) -> Replayed:
    return conclude(row["prediction_id"], row["product"], "online", release_id=row["release_id"], stages=stages)
