"""All that stands between a candidate and its approval: its own gates, and those that every product has."""

from typing import TYPE_CHECKING

import msgspec

from platform_assets.contract.compatibility import breaking_changes
from platform_assets.contract.datasets import DATASETS
from platform_assets.contract.product import Product
from platform_assets.errors import NotMaterializedError
from platform_assets.features.frames import to_frame
from platform_assets.inference.bundle import Bundle, load_bundle
from platform_assets.ledger.artifacts import artifact_id, get_artifact
from platform_assets.ledger.database import Ledger
from platform_assets.registry.versions import bundle_dir
from platform_assets.settings import Settings
from platform_assets.training.calibration_gate import judge_calibration
from platform_assets.training.candidates import Judgement, read_judgement
from platform_assets.training.champion import Champion, champion_in_force, judge_champion
from platform_assets.training.examples import read_examples
from platform_assets.training.gates import GateResult
from platform_assets.training.slice_gate import judge_slices
from platform_assets.training.smoke import judge_smoke, known_scores
from platform_assets.training.splits import split_examples

if TYPE_CHECKING:
    import pyarrow as pa


def examine(settings: Settings, ledger: Ledger, product: Product, version: int) -> Judgement:
    """Return the judgement of a version with the gates of an approval behind its own; nothing is changed by it.

    They are judged anew at every call, because the champion moves: calibration, champion, slices, schema and smoke
    test, bounds as `product` declares them now. Raises NotMaterializedError for a version without bundle, judgement or
    training set, and what `load_bundle` raises for a bundle, also the champion's, that is damaged.
    """
    bundle = load_bundle(bundle_dir(settings, product.name, version))
    judgement = read_judgement(bundle.directory)
    champion = champion_in_force(settings, product.name)
    test = _test_rows(settings, ledger, bundle)
    gates = [
        *judgement.gates,
        *judge_calibration(product, judgement.evaluation),
        *judge_champion(product, bundle, champion, to_frame(bundle.product, test)),
        *judge_slices(product, judgement.evaluation),
        judge_schema(bundle, champion),
        # A version of earlier code has no known scores: then each row alone is held against all rows together.
        *judge_smoke(bundle, test, judgement.known or known_scores(bundle, test)),
    ]
    return msgspec.structs.replace(judgement, gates=gates)


def judge_schema(candidate: Bundle, champion: Champion | None) -> GateResult:
    """Return the gate of what consumers may rely on: under the same schema version nothing breaks for them."""
    version = candidate.product.score.schema_version
    if champion is None:
        text = f"output schema {version} is the first one"
        return GateResult(kind="schema", gate=text, is_passed=True, value=None, bound=None)
    found = breaking_changes(champion.bundle.product, candidate.product)
    text = f"output schema {version} breaks nothing for consumers of release {champion.release.release_id}"
    if found:
        text += f", but {'; '.join(map(str, found))}. Undo that, or raise score.schema_version"
    return GateResult(kind="schema", gate=text, is_passed=not found, value=float(len(found)), bound=0.0)


def _test_rows(settings: Settings, ledger: Ledger, bundle: Bundle) -> "pa.Table":
    """Return the rows that the candidate was judged on, from the very training set that it learned from."""
    product, manifest = bundle.product, bundle.manifest
    told = get_artifact(ledger, artifact_id("training_set", product.name, manifest.training_set_digest))
    try:
        examples = read_examples(told)
    except FileNotFoundError:
        raise NotMaterializedError(what=f"training set {told.uri}", asset=f"{product.name}/training_set") from None
    pinned = DATASETS[product.dataset].replay_now
    known_until = settings.clock.now(pinned=pinned, wall=manifest.created_at)
    return split_examples(product, examples, known_until=known_until).test
