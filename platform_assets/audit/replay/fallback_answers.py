"""Replays answers that no model gave: the last batch, the declared default score, no action."""

from collections.abc import Iterator

from platform_assets.audit.replay.batch_rows import replay_batch_rows
from platform_assets.audit.replay.recorded_rows import Row
from platform_assets.audit.replay.score_stages import same_bits, shown
from platform_assets.audit.replay.shelf import LoadedRelease, Shelf
from platform_assets.audit.replay.verdict import Outcome, Stage, StageResult
from platform_assets.contract import names
from platform_assets.inference.logged_inputs import row_keys_of
from platform_assets.inference.scoring import label_of

_NAN = float("nan")


def replay_fallback(shelf: Shelf, loaded: LoadedRelease, row: Row) -> Iterator[StageResult]:
    """Yield the stages of a fallback answer: where its score comes from, score, uncertainty and label."""
    kind = row["fallback"]
    if kind not in loaded.release.fallbacks and kind != "skip_action":  # the end of every chain
        told = f"release {loaded.release.release_id} declares no fallback {kind!r}"
        yield StageResult(stage="inputs", outcome="differs", note=told)
        return
    if kind == "last_batch":
        yield from _from_batch(shelf, loaded, row)
        return
    score = loaded.release.default_score if kind == "default_score" else None
    yield _number("score", row["score"], score)
    yield _number("uncertainty", row["uncertainty"], None)
    yield _label(loaded, row, score)


def _from_batch(shelf: Shelf, loaded: LoadedRelease, row: Row) -> Iterator[StageResult]:
    product = loaded.bundle.product
    key = names.row_key(row_keys_of(product, row))
    published = shelf.published(product.name, row["as_of"].date(), row["model_version"])
    found = published.at(row["predicted_at"], key)
    if found is None:
        told = f"no published batch of {row['as_of'].date()} and version {row['model_version']} has the row {key!r}"
        yield StageResult(stage="inputs", outcome="unavailable", note=told)
        return
    batch = replay_batch_rows(shelf, [found])[0]
    told = f"{batch.prediction_id} of the published batch is {batch.verdict}"
    if batch.verdict == "failed":
        yield StageResult(stage="inputs", outcome="differs", note=f"{told} ({batch.reason})")
    else:
        yield StageResult(stage="inputs", outcome="equal" if batch.verdict == "exact" else "explained", note=told)
    yield _number("score", row["score"], found["score"])
    yield _number("uncertainty", row["uncertainty"], found["uncertainty"])
    yield _label(loaded, row, found["score"])


def _number(stage: Stage, recorded: float | None, replayed: float | None) -> StageResult:
    outcome: Outcome = "equal" if same_bits(recorded, _NAN if replayed is None else replayed) else "differs"
    return StageResult(stage=stage, outcome=outcome, recorded=shown(recorded), replayed=shown(replayed))


def _label(loaded: LoadedRelease, row: Row, score: float | None) -> StageResult:
    label = None if score is None else label_of(loaded.bundle.product, score)
    outcome: Outcome = "equal" if label == row["label"] else "differs"
    return StageResult(stage="label", outcome=outcome, recorded=shown(row["label"]), replayed=shown(label))
