"""Verdicts become answers on the wire and entries of the prediction log, with one id for both."""

from collections.abc import Sequence

from platform_assets.contract.prediction_log import PredictionLogEntry
from platform_assets.inference.scoring import label_of
from platform_assets.serving.call import Call
from platform_assets.serving.identity import online_prediction_id
from platform_assets.serving.judge import merged_features
from platform_assets.serving.rows import Rows, sent_values, texts
from platform_assets.serving.stored import StoredRows
from platform_assets.serving.verdict import Verdict
from platform_assets.serving.wire import Answer, SingleAnswer

_DEVICE = "cpu"


def make_entries(call: Call, rows: Rows, stored: StoredRows, verdicts: Sequence[Verdict]) -> list[PredictionLogEntry]:
    """Return one log entry per row, in order; the answers are made from them."""
    schema, release, manifest = call.live.schema, call.live.release, call.live.bundle.manifest
    keys = [texts(rows.columns[name]) for name in schema.row_keys]
    features = merged_features(rows, stored).tolist()
    entries = []
    for position, verdict in enumerate(verdicts):
        row_keys = {name: column[position] for name, column in zip(schema.row_keys, keys, strict=True)}
        request = sent_values(schema, rows, position)
        entries.append(
            PredictionLogEntry(
                prediction_id=online_prediction_id(call, row_keys, request, position),
                request_id=call.request_id,
                product=release.product,
                entity_id=keys[0][position],
                row_keys=row_keys,
                event_at=call.event_at,
                as_of=verdict.as_of,
                predicted_at=call.predicted_at,
                score=verdict.score,
                label=None if verdict.score is None else label_of(call.live.product, verdict.score),
                uncertainty=verdict.uncertainty,
                is_valid=verdict.is_valid,
                release_id=release.release_id,
                model_version=verdict.model_version,
                feature_version=manifest.feature_version,
                output_schema_version=manifest.output_schema_version,
                bundle_digest=release.bundle_digest,
                snapshot_id=call.snapshot.snapshot_id if call.snapshot else None,
                snapshot_epoch=call.snapshot.epoch if call.snapshot else None,
                features=features[position],
                request=request,
                fallback=verdict.fallback,
                reason=verdict.reason,
                is_stale=verdict.is_stale,
                action_allowed=verdict.action_allowed,
                latency_ms=call.latency_ms,
            )
        )
    return entries


def make_answers(call: Call, entries: Sequence[PredictionLogEntry], verdicts: Sequence[Verdict]) -> list[Answer]:
    """Return one answer per log entry: the same values, and what only the caller needs."""
    return [_answer(call, entry, verdict) for entry, verdict in zip(entries, verdicts, strict=True)]


def single_answer(call: Call, answer: Answer) -> SingleAnswer:
    """Return the answer of the single form with the documented names."""
    fields = {name: getattr(answer, name) for name in answer.__struct_fields__}
    return SingleAnswer(
        **fields, request_id=call.request_id, prediction=answer.score, confidence=_confidence(call, answer)
    )


def _answer(call: Call, entry: PredictionLogEntry, verdict: Verdict) -> Answer:
    return Answer(
        prediction_id=entry.prediction_id,
        product=entry.product,
        entity_id=entry.entity_id,
        score=entry.score,
        label=entry.label,
        uncertainty=entry.uncertainty,
        is_valid=entry.is_valid,
        release_id=entry.release_id,
        model_version=entry.model_version,
        feature_version=entry.feature_version,
        output_schema_version=entry.output_schema_version,
        as_of=entry.as_of,
        event_at=entry.event_at,
        age_seconds=verdict.age_s,
        max_age_seconds=verdict.max_age_s,
        is_stale=entry.is_stale,
        action_allowed=entry.action_allowed,
        fallback=entry.fallback,
        reason=entry.reason,
        missing_features=verdict.missing_features,
        engine=call.live.engine,
        device=_DEVICE,
        latency_ms=entry.latency_ms,
    )


def _confidence(call: Call, answer: Answer) -> float | None:
    """Return the probability of the given label; an estimate or a class has none."""
    semantics = call.live.product.score
    if answer.score is None or semantics.kind != "probability" or semantics.threshold is None:
        return None
    return answer.score if answer.score >= semantics.threshold.value else 1.0 - answer.score
