"""Explains a past prediction: the contributions of all inputs, computed again from what was recorded of it."""

import msgspec

from platform_assets.audit.replay.recorded_rows import Row, find_row
from platform_assets.audit.replay.refused import Refused
from platform_assets.audit.replay.replay import replay_one
from platform_assets.audit.replay.shelf import Shelf
from platform_assets.audit.replay.verdict import Replayed
from platform_assets.contract import names
from platform_assets.contract.explanation import Explanation, ToldExplanation
from platform_assets.errors import NotExplainableError
from platform_assets.features.frames import to_frame
from platform_assets.inference.bundle import Bundle
from platform_assets.inference.contributions import load_explainer
from platform_assets.inference.explained import tell
from platform_assets.inference.frame import Frame
from platform_assets.inference.logged_inputs import frame_of, row_keys_of
from platform_assets.inference.scoring import prepare_matrix
from platform_assets.ledger.database import open_ledger
from platform_assets.settings import Settings


class PastExplanation(msgspec.Struct, frozen=True, kw_only=True):
    """A replayed prediction with every input that contributed to its score, the largest contribution first."""

    replayed: Replayed
    explanation: ToldExplanation


def explain_one(settings: Settings, prediction_id: str) -> PastExplanation:
    """Return why a past prediction has its score, by the bundle that gave it.

    A fallback to the last batch is explained by that batch. Raises UnknownPredictionError, and NotExplainableError for
    an answer that no model gave, for a model without contributions and where the replay fails.
    """
    replayed = replay_one(settings, prediction_id)
    if replayed.verdict == "failed":
        raise NotExplainableError(product=replayed.product, reason=f"its replay failed at {replayed.reason}")
    shelf, (mode, row) = Shelf(settings, open_ledger(settings.ledger_dsn)), find_row(settings, prediction_id)
    bundle, frame = _batch_inputs(shelf, row) if mode == "batch" else _answer_inputs(shelf, row)
    matrix = prepare_matrix(bundle, frame)
    declared = bundle.product.explanation or Explanation(reasons=())
    every_input = msgspec.structs.replace(declared, top_k=matrix.shape[1])
    told = tell(every_input, bundle.preprocessor, matrix, load_explainer(bundle).explain(matrix))
    return PastExplanation(replayed=replayed, explanation=next(told))


def _batch_inputs(shelf: Shelf, row: Row) -> tuple[Bundle, Frame]:
    bundle = _bundle(shelf, row)
    inputs = shelf.inputs(row["input_artifact"], bundle.product.entity.row_keys)
    if isinstance(inputs, Refused):
        raise NotExplainableError(product=row["product"], reason=inputs.reason)
    return bundle, to_frame(bundle.product, inputs.table.take([inputs.places[row["row_key"]]]))


def _answer_inputs(shelf: Shelf, row: Row) -> tuple[Bundle, Frame]:
    bundle = _bundle(shelf, row)
    if row["fallback"] == "none":
        return bundle, frame_of(bundle.product, [row])
    key = names.row_key(row_keys_of(bundle.product, row))
    found = None
    if row["fallback"] == "last_batch":
        published = shelf.published(row["product"], row["as_of"].date(), row["model_version"])
        found = published.at(row["predicted_at"], key)
    if found is None:
        reason = f"no model gave this answer but the fallback {row['fallback']}, because of {row['reason']}"
        raise NotExplainableError(product=row["product"], reason=reason)
    return _batch_inputs(shelf, found)


def _bundle(shelf: Shelf, row: Row) -> Bundle:
    loaded = shelf.release(row["product"], row["release_id"])
    if isinstance(loaded, Refused):
        raise NotExplainableError(product=row["product"], reason=loaded.reason)
    return loaded.bundle
