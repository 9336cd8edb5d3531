"""The training set of a product as a recorded artifact, and how later steps find it again."""

from pathlib import Path
from typing import TYPE_CHECKING

from platform_assets.contract.datasets import DATASETS
from platform_assets.contract.product import Product
from platform_assets.errors import NotMaterializedError
from platform_assets.features.sources import source_artifacts
from platform_assets.ledger.artifacts import Artifact, get_artifact, latest_artifact
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.manifest import record
from platform_assets.ledger.recalls import require_sound
from platform_assets.ledger.run_facts import RunFacts
from platform_assets.settings import Settings
from platform_assets.training.moving_split import split_to_use
from platform_assets.training.splits import as_of_grid

if TYPE_CHECKING:
    import datetime as dt

    import pyarrow as pa


def make_training_set(
    settings: Settings, ledger: Ledger, product: Product, facts: RunFacts, *, request: int | None = None
) -> Artifact:
    """Build the labelled examples of the split and record them; the same sources and split give the same artifact.

    The split is that of the `request` for a new model, or what `split_to_use` says without one. Raises RecalledError
    where a source was recalled.
    """
    from platform_assets.features.training_set import build_training_set  # noqa: PLC0415 - imports Feast

    sources = source_artifacts(ledger, product)
    require_sound(ledger, sources)
    used = split_to_use(settings, ledger, product, request)
    made = build_training_set(
        settings,
        product,
        as_ofs=as_of_grid(used.split, horizon_hours=product.label.horizon_hours),
        known_until=known_until(settings, product, facts),
    )
    told = record(
        ledger,
        facts,
        kind="training_set",
        name=product.name,
        digest=made.digest,
        uri=str(made.path),
        inputs=sources,
        details={"rows": made.table.num_rows, **used.facts()},
    )
    return get_artifact(ledger, told)


def newest_training_set(ledger: Ledger, product: Product) -> Artifact:
    """Return the training set that was built last; raises NotMaterializedError."""
    found = latest_artifact(ledger, "training_set", product.name)
    if found is None:
        raise NotMaterializedError(what=f"a training set of {product.name}", asset=f"{product.name}/training_set")
    return found


def read_examples(training_set: Artifact) -> "pa.Table":
    """Return the rows of a recorded training set."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - heavy

    return pq.read_table(Path(training_set.uri))


def known_until(settings: Settings, product: Product, facts: RunFacts) -> "dt.datetime":
    """Return the business time up to which labels are known."""
    return settings.clock.now(pinned=DATASETS[product.dataset].replay_now, wall=facts.at)
