"""A published batch is scored again: the same as-of and the same inputs give the same batch, to the last bit."""

import datetime as dt
from typing import TYPE_CHECKING, Literal

import msgspec

from platform_assets.batch.chunks import ChunkScorer
from platform_assets.batch.digest import batch_digest
from platform_assets.batch.published_view import read_publication
from platform_assets.batch.replay_columns import REPLAY_COLUMNS
from platform_assets.batch.rows import BatchIdentity
from platform_assets.clock import midnight
from platform_assets.contract.product import Product
from platform_assets.errors import FeatureError, NotMaterializedError
from platform_assets.features.content_digest import content_digest
from platform_assets.features.recorded_inputs import read_recorded_inputs
from platform_assets.inference.bundle import Bundle, load_bundle
from platform_assets.inference.release import Release, read_release
from platform_assets.ledger.artifacts import artifact_id, get_artifact
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.publications import Publication, current_publication
from platform_assets.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

Again = Literal["equal", "differs", "not possible"]
# What another run of the same batch writes differently.
_OF_THE_RUN = frozenset({"predicted_at", "run_id", "batch_digest"})


class BatchReplay(msgspec.Struct, frozen=True, kw_only=True):
    """A batch that was scored again from its recorded inputs.

    `table_digest` is that of the rows as they are stored now, `differing_columns` are those of which a row changed.
    `inputs_again` tells whether the sources of today, asked as of that instant, give the very inputs again; data that
    arrived late and was back-dated makes them differ, which `inputs_problem` says, and is no fault of the batch.
    """

    product: str
    as_of: dt.date
    model_version: int
    revision: int
    release_id: str
    rows: int
    recorded_digest: str
    replayed_digest: str
    table_digest: str
    differing_columns: tuple[str, ...]
    is_exact: bool
    inputs_again: Again
    inputs_problem: str


def replay_batch(settings: Settings, ledger: Ledger, product: Product, as_of: dt.date) -> BatchReplay:
    """Return what scoring the published batch of a day again gives.

    Raises NotMaterializedError for a day without one, BundleError or InputsUnusableError where what it was made from is
    gone or changed, and LakeWriteError where its rows are.
    """
    publication = current_publication(ledger, product.name, as_of.isoformat())
    if publication is None:
        what = f"a published batch of {product.name} as of {as_of}"
        raise NotMaterializedError(what=what, asset=f"{product.name}/predictions")
    release = read_release(settings.releases_dir, product.name, publication.release_id)
    bundle = load_bundle(settings.home / release.bundle_path, expected_digest=release.bundle_digest)
    recorded = get_artifact(ledger, artifact_id("publication", product.name, publication.digest))
    inputs = read_recorded_inputs(settings, get_artifact(ledger, recorded.inputs[0]))
    made = _score_again(bundle, release, publication, inputs, recorded.inputs[0])
    stored = read_publication(settings, product, publication)
    again, problem = _inputs_again(settings, bundle.product, as_of, inputs)
    instant, artifact = midnight(as_of), recorded.inputs[0]
    digests = [batch_digest(rows, as_of=instant, input_artifact=artifact) for rows in (made, stored)]
    differing = _differing(made, stored)
    return BatchReplay(
        product=product.name,
        as_of=as_of,
        model_version=publication.model_version,
        revision=publication.revision,
        release_id=publication.release_id,
        rows=made.num_rows,
        recorded_digest=publication.digest,
        replayed_digest=digests[0],
        table_digest=digests[1],
        differing_columns=differing,
        is_exact={*digests, publication.digest} == {publication.digest} and not differing,
        inputs_again=again,
        inputs_problem=problem,
    )


def _score_again(
    bundle: Bundle, release: Release, publication: Publication, inputs: "pa.Table", artifact: str
) -> "pa.Table":
    identity = BatchIdentity(
        as_of=midnight(dt.date.fromisoformat(publication.as_of)),
        release=release,
        training_run_id=bundle.manifest.training_run_id,
        feature_version=bundle.manifest.feature_version,
        input_artifact=artifact,
        run_id=publication.run_id,
        predicted_at=publication.published_at,
    )
    return ChunkScorer(bundle, identity).score(inputs)


def _differing(made: "pa.Table", stored: "pa.Table") -> tuple[str, ...]:
    """Return the columns whose values are not the same; an older batch did not keep those of a replay."""
    if made.num_rows != stored.num_rows:
        return tuple(made.column_names)
    made, stored = (table.sort_by("prediction_id") for table in (made, stored))
    kept = [name for name in stored.column_names if not _is_unkept(stored, name)]
    compared = [name for name in kept if name in made.column_names and name not in _OF_THE_RUN]
    return tuple(
        name
        for name in compared
        if content_digest(made.select([name])) != content_digest(stored.select([name]).cast(made.select([name]).schema))
    )


def _is_unkept(stored: "pa.Table", name: str) -> bool:
    return name in REPLAY_COLUMNS and stored.column(name).null_count == stored.num_rows


def _inputs_again(settings: Settings, product: Product, as_of: dt.date, inputs: "pa.Table") -> tuple[Again, str]:
    from platform_assets.features.point_in_time import join_features  # noqa: PLC0415 - imports pyarrow and DuckDB
    from platform_assets.features.population import run_population  # noqa: PLC0415

    try:
        population = run_population(settings, product, product.batch.population, [midnight(as_of)])
        again = join_features(settings, product, population)
    except FeatureError as error:
        return "not possible", str(error)
    if content_digest(again) == content_digest(inputs):
        return "equal", ""
    if again.column_names != inputs.column_names:
        return "differs", "it has other columns: a feature view or the population has changed since"
    if again.num_rows != inputs.num_rows:
        return "differs", f"{again.num_rows} rows now, {inputs.num_rows} then: the sources have changed since"
    changed = [
        name
        for name in inputs.column_names
        if content_digest(again.select([name])) != content_digest(inputs.select([name]))
    ]
    return "differs", f"the sources give other values now in {', '.join(changed)}"
