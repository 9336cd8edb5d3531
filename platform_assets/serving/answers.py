"""Verdicts become answers on the wire and entries of the prediction log, with one id for both."""

from collections.abc import Sequence
from typing import Any

from platform_assets.contract.prediction_log import PredictionLogEntry, told_of
from platform_assets.contract.score import Score
from platform_assets.inference.scoring import label_of
from platform_assets.serving.call import Call
from platform_assets.serving.identity import prediction_ids
from platform_assets.serving.rows import Rows, key_text, sent_features, sent_values
from platform_assets.serving.streamed import Names
from platform_assets.serving.verdict import Verdict
from platform_assets.serving.wire import Answer, Answers, SingleAnswer

Values = Sequence[list[float]]


def make_entries(
    call: Call, rows: Rows, features: Values, verdicts: Sequence[Verdict], streamed: Names | None = None
) -> list[PredictionLogEntry]:
    """Return one log entry per row, in order; the answers are made from them. `features` [rows][stored columns]."""
    live, snapshot, schema, release = call.live, call.snapshot, call.live.schema, call.live.release
    manifest, product, semantics, entity = live.bundle.manifest, live.product, live.product.score, schema.row_keys[0]
    snapshot_id, epoch = (snapshot.snapshot_id, snapshot.epoch) if snapshot else (None, None)
    engine, device, name_of, assignment = live.engine, live.device, prediction_ids(call), told_of(call.assigned)
    given: Names = streamed or [None] * len(verdicts)
    entries = []
    for position, (row, values, verdict) in enumerate(zip(rows.fields, features, verdicts, strict=True)):
        row_keys, score = {name: key_text(row[at]) for name, at in schema.keys}, verdict.score
        entries.append(
            PredictionLogEntry(
                prediction_id=name_of(position, row),
                request_id=call.request_id,
                product=release.product,
                entity_id=row_keys[entity],
                row_keys=row_keys,
                event_at=call.event_at,
                as_of=verdict.as_of,
                predicted_at=call.predicted_at,
                score=score,
                label=None if score is None else label_of(product, score),
                confidence=confidence_of(semantics, score),
                uncertainty=verdict.uncertainty,
                is_valid=verdict.is_valid,
                release_id=release.release_id,
                model_version=verdict.model_version,
                feature_version=manifest.feature_version,
                output_schema_version=manifest.output_schema_version,
                bundle_digest=release.bundle_digest,
                snapshot_id=snapshot_id,
                snapshot_epoch=epoch,
                features=values,
                request=sent_values(schema, row),
                fallback=verdict.fallback,
                reason=verdict.reason,
                is_stale=verdict.is_stale,
                action_allowed=verdict.action_allowed,
                engine=engine,
                device=device,
                latency_ms=call.latency_ms,
                cache_hit=verdict.cache_hit,
                sent=sent_features(schema, rows, position),
                streamed=given[position],
                **assignment,
            )
        )
    return entries


def make_answers(call: Call, entries: Sequence[PredictionLogEntry], verdicts: Sequence[Verdict]) -> Answers:
    """Return one answer per log entry: the same values, and what only the caller needs."""
    return Answers(
        request_id=call.request_id,
        product=call.live.release.product,
        release_id=call.live.release.release_id,
        latency_ms=call.latency_ms,
        predictions=[Answer(**_told(*each)) for each in zip(entries, verdicts, strict=True)],
    )


def make_single_answer(call: Call, entry: PredictionLogEntry, verdict: Verdict) -> SingleAnswer:
    """Return the answer of the single form, with the documented names."""
    return SingleAnswer(
        **_told(entry, verdict),
        request_id=call.request_id,
        prediction=entry.score,
        confidence=entry.confidence,
    )


def _told(entry: PredictionLogEntry, verdict: Verdict) -> dict[str, Any]:
    return {
        "prediction_id": entry.prediction_id,
        "product": entry.product,
        "entity_id": entry.entity_id,
        "score": entry.score,
        "label": entry.label,
        "uncertainty": entry.uncertainty,
        "is_valid": entry.is_valid,
        "release_id": entry.release_id,
        "model_version": entry.model_version,
        "feature_version": entry.feature_version,
        "output_schema_version": entry.output_schema_version,
        "as_of": entry.as_of,
        "event_at": entry.event_at,
        "age_seconds": verdict.age_s,
        "max_age_seconds": verdict.max_age_s,
        "is_stale": entry.is_stale,
        "action_allowed": entry.action_allowed,
        "fallback": entry.fallback,
        "reason": entry.reason,
        "missing_features": verdict.missing_features,
        "engine": entry.engine,
        "device": entry.device,
        "cache_hit": entry.cache_hit,
        "latency_ms": entry.latency_ms,
    }


def confidence_of(semantics: Score, score: float | None) -> float | None:
    """Return the probability of the given label; an estimate or a class has none."""
    if score is None or semantics.kind != "probability" or semantics.threshold is None:
        return None
    return score if score >= semantics.threshold.value else 1.0 - score
