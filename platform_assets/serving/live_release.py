"""A release in memory, verified, warmed up and tested: the one object that an answer is made from."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from platform_assets.contract.online import Batching
from platform_assets.contract.product import Product
from platform_assets.errors import ModelUnusableError
from platform_assets.inference.bundle import Bundle, load_bundle
from platform_assets.inference.bundle_manifest import FEATURES_FILE
from platform_assets.inference.engine_events import OnEngineEvent, log_engine_event
from platform_assets.inference.frame import Floats
from platform_assets.inference.live_pointer import LivePointer
from platform_assets.inference.release import Release, read_release
from platform_assets.online.layout import Manifest
from platform_assets.serving.cache.keys import Scope
from platform_assets.serving.row_schema import RowSchema
from platform_assets.serving.smoke import smoke_test
from platform_assets.serving.stored import SnapshotSeen
from platform_assets.serving.streamed_view import StreamedView, streamed_view

_SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveRelease:
    """A release with its bundle. It is immutable: a request holds one from its first to its last step.

    `features` is the online layout that the model was trained for; `age_limits_s` [views] is the smaller one of the
    view's and the product's largest age, in the order of the declaration's views; the view's alone where it is an
    approximation. `streamed` is what events refresh of the stored features, None where nothing is declared.
    """

    release: Release
    bundle: Bundle
    schema: RowSchema
    sequence: int
    features: Manifest
    age_limits_s: Floats
    streamed: StreamedView | None = None

    @property
    def product(self) -> Product:
        """The compiled declaration that was released; not the one in the source tree."""
        return self.bundle.product

    @property
    def has_plain_join_keys(self) -> bool:
        """Whether every join key comes with the request, so that none is computed on demand."""
        return all(name in self.schema.fields for view in self.features.views for name in view.join_keys)

    @property
    def takes_rows_as_sent(self) -> bool:
        """Whether the model's inputs are the stored features in their order, so that a row of them needs no work."""
        inputs = self.bundle.preprocessor.inputs
        is_plain = all(column.categories is None for column in inputs)
        return is_plain and tuple(column.name for column in inputs) == self.product.stored_columns

    @property
    def engine(self) -> str:
        """What computes the score."""
        return self.bundle.predictor.engine

    @property
    def device(self) -> str:
        """Where the score is computed."""
        return self.bundle.predictor.device

    @property
    def batching(self) -> Batching:
        """How rows of concurrent requests are scored together."""
        return self.product.online.batching if self.product.online else Batching()

    @property
    def score_deadline_s(self) -> float:
        """How long a call may wait for its scores, in seconds; then its fallback answers."""
        return self.product.online.score_deadline_ms / 1000.0 if self.product.online else 1.0

    def scope(self, snapshot: SnapshotSeen | None) -> Scope:
        """Return what a cached score must share with a row that was read from this snapshot."""
        return Scope(
            release_id=self.release.release_id,
            output_schema_version=self.bundle.manifest.output_schema_version,
            engine=self.engine,
            snapshot_id=snapshot.snapshot_id if snapshot else None,
            snapshot_epoch=snapshot.epoch if snapshot else None,
        )


def load_release(
    home: Path,
    releases_dir: Path,
    product: str,
    pointer: LivePointer,
    on_engine_event: OnEngineEvent = log_engine_event,
) -> LiveRelease | None:
    """Return the release of a pointer, verified and smoke-tested; None for a product that is batch only.

    Raises the BundleError of whatever is wrong.
    """
    release = read_release(releases_dir, product, pointer.release_id)
    bundle = load_bundle(
        home / release.bundle_path, expected_digest=release.bundle_digest, on_engine_event=on_engine_event
    )
    if bundle.product.name != product:
        raise ModelUnusableError(file="product.json", problem=f"it declares {bundle.product.name!r}, not {product!r}")
    if bundle.product.online is None:
        return None
    layout = _layout(release, bundle)
    live = LiveRelease(
        release=release,
        bundle=bundle,
        schema=RowSchema.of(bundle.product),
        sequence=pointer.sequence,
        features=layout,
        age_limits_s=_age_limits(layout, bundle.product),
        streamed=streamed_view(bundle.product, layout),
    )
    smoke_test(bundle, live.schema)
    return live


def _layout(release: Release, bundle: Bundle) -> Manifest:
    """Return the online layout of a bundle; it must name the release's service and the declaration's columns."""
    try:
        layout = msgspec.json.decode(bundle.features, type=Manifest)
    except msgspec.DecodeError as error:
        raise ModelUnusableError(file=FEATURES_FILE, problem=str(error)) from error
    for problem in _layout_problems(layout, release, bundle.product):
        raise ModelUnusableError(file=FEATURES_FILE, problem=problem)
    return layout


def _layout_problems(layout: Manifest, release: Release, product: Product) -> Iterator[str]:
    if layout.service != release.feature_service:
        yield f"it is of service {layout.service!r}, the release of {release.feature_service!r}"
    declared = {use.view: use.columns for use in product.features.views}
    if {view.name: view.columns for view in layout.views} != declared:
        yield "its views or columns differ from the declaration"
    sent = {*product.entity.row_keys, *(field.name for field in product.request)}
    known = sent | {feature.name for feature in product.on_demand}
    for key in (key for view in layout.views for key in view.join_keys):
        if key not in known:
            yield f"join key {key!r} comes neither with the request nor on demand"


def _age_limits(layout: Manifest, product: Product) -> Floats:
    views = {view.name: view.max_age_seconds for view in layout.views}
    limit_s = product.online.max_feature_age_hours * _SECONDS_PER_HOUR if product.online else np.inf
    approximated = {each.view for each in product.online.approximations} if product.online else set()
    return np.array(
        [
            (views[use.view] or limit_s) if use.view in approximated else min(views[use.view] or limit_s, limit_s)
            for use in product.features.views
        ]
    )
