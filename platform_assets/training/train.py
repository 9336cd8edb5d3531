"""Trains a product from its examples: split, pair, bundle, evaluation, gates; pure of any orchestrator."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from platform_assets.contract.compile import product_digest
from platform_assets.contract.product import Product
from platform_assets.features.frames import to_frame
from platform_assets.inference.bundle import write_bundle
from platform_assets.inference.bundle_manifest import FEATURES_FILE, BundleManifest, BundleOrigin, feature_version
from platform_assets.inference.ensemble_files import members_of
from platform_assets.inference.frame import Frame
from platform_assets.inference.on_demand import apply_on_demand
from platform_assets.inference.pair import Pair, read_pair
from platform_assets.inference.score_reference import REFERENCE_FILE
from platform_assets.inference.scoring import score
from platform_assets.training.evaluate import evaluate
from platform_assets.training.evaluation import Evaluation
from platform_assets.training.gates import GateResult, judge
from platform_assets.training.recipes import train_pair
from platform_assets.training.score_reference import make_reference
from platform_assets.training.smoke import KnownScore, known_scores
from platform_assets.training.splits import Examples, check_no_leak, split_examples

if TYPE_CHECKING:
    import pyarrow as pa

EVALUATION_SEED = 20111209


@dataclass(frozen=True, slots=True)
class Trained:
    """A bundle on disk, how good it is and what the gates say; whether it may be released is decided from them."""

    manifest: BundleManifest
    evaluation: Evaluation
    gates: list[GateResult]
    parameters: dict[str, str]
    known: list[KnownScore]

    @property
    def may_be_released(self) -> bool:
        """Whether every gate holds."""
        return all(result.is_passed for result in self.gates)


def train_product(  # noqa: PLR0913 - a trained bundle names everything that it comes from
    product: Product,
    examples: "pa.Table",
    *,
    trained_at: dt.datetime,
    run_id: str,
    code_version: str,
    training_set_digest: str,
    model_version: int,
    known_until: dt.datetime,
    features_json: bytes,
    directory: Path,
    fsync: bool = True,
) -> Trained:
    """Train, evaluate and judge one product, and write its bundle to `directory`; the same arguments, the same bytes.

    `examples` holds row_id, as_of, event_at, row keys, request fields, stored features and `label`. A refused model
    leaves its bundle too, for the registry. Raises EmptyTrainingSetError, LabelLeakError, MissingInputError or
    BundleExistsError.
    """
    parts = split_examples(product, examples, known_until=known_until)
    check_no_leak(product, parts.train)
    train, test = _frame(product, parts.train), _frame(product, parts.test)
    trained = train_pair(product, train)
    files = {**trained.files(product), FEATURES_FILE: features_json}
    pair = read_pair(files)
    evaluation = evaluate(product, pair, train, test, seed=EVALUATION_SEED)
    files[REFERENCE_FILE] = _reference(pair, train, parts)
    origin = BundleOrigin(
        product=product.name,
        model_version=model_version,
        framework=trained.framework,
        created_at=trained_at,
        training_run_id=run_id,
        training_set_digest=training_set_digest,
        code_version=code_version,
        feature_version=feature_version(product),
        output_schema_version=product.score.schema_version,
        product_digest=product_digest(product),
        members=members_of(product.recipe),
    )
    manifest = write_bundle(directory, origin=origin, files=files, fsync=fsync)
    return Trained(
        manifest, evaluation, judge(product, evaluation), dict(trained.parameters), known_scores(pair, parts.test)
    )


def _frame(product: Product, table: "pa.Table") -> Frame:
    return apply_on_demand(product.on_demand, to_frame(product, table), product=product.name)


def _reference(pair: Pair, train: Frame, parts: Examples) -> bytes:
    """Return the JSON of what later batches are compared with; `null` where no training row has a score."""
    scored = score(pair, train)
    both = [parts.train, parts.test]
    reference = make_reference(
        np.where(scored.is_valid, scored.score, np.nan),
        labels=np.concatenate([part.column("label").to_numpy() for part in both]),
        as_of=np.concatenate([part.column("as_of").to_numpy() for part in both]),
    )
    return msgspec.json.encode(reference)
