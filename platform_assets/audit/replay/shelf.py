"""Loads what replays need, verified: releases with their bundles, inputs of batches, snapshots, published rows."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from platform_assets.audit.replay.published import PublishedRows, published_rows
from platform_assets.audit.replay.refused import Refused
from platform_assets.audit.replay.snapshots import find_snapshot
from platform_assets.contract import names
from platform_assets.errors import (
    BundleError,
    InputsUnusableError,
    MissingToolError,
    NotMaterializedError,
    UnknownRecordError,
)
from platform_assets.features.recorded_inputs import read_recorded_inputs
from platform_assets.inference.bundle import Bundle, load_bundle
from platform_assets.inference.release import Release, read_release
from platform_assets.ledger.artifacts import get_artifact
from platform_assets.ledger.database import Ledger
from platform_assets.online.snapshot_copy import PackedSnapshot
from platform_assets.settings import Settings

if TYPE_CHECKING:
    import datetime as dt

    import pyarrow as pa

_RELEASES_KEPT = 4
_FILES_KEPT = 4


@dataclass(frozen=True, slots=True)
class LoadedRelease:
    """A release whose file matched its id, with the bundle whose every byte matched its digests."""

    release: Release
    bundle: Bundle


@dataclass(frozen=True, slots=True)
class LoadedInputs:
    """The rows of a batch's input file and where each row key stands in it."""

    table: "pa.Table"
    places: Mapping[str, int]


class Shelf:
    """Keeps what was loaded last, so that neighbours share it; what cannot be used is a Refused."""

    def __init__(self, settings: Settings, ledger: Ledger) -> None:
        """Work on the records of one platform."""
        self.settings = settings
        self.ledger = ledger
        self.loads = 0  # of bundles
        self.release = functools.lru_cache(_RELEASES_KEPT)(self._release)
        self.inputs = functools.lru_cache(_FILES_KEPT)(self._inputs)
        self.snapshot = functools.lru_cache(_FILES_KEPT)(self._snapshot)
        self.published = functools.lru_cache(_FILES_KEPT)(self._published)

    def _release(self, product: str, release_id: str) -> LoadedRelease | Refused:
        try:
            release = read_release(self.settings.releases_dir, product, release_id)
        except BundleError as error:
            return Refused("release", str(error))
        self.loads += 1
        try:
            bundle = load_bundle(self.settings.home / release.bundle_path, expected_digest=release.bundle_digest)
        except (BundleError, NotMaterializedError, MissingToolError) as error:
            return Refused("bundle", str(error))
        return LoadedRelease(release, bundle)

    def _inputs(self, artifact: str, row_keys: tuple[str, ...]) -> LoadedInputs | Refused:
        try:
            table = read_recorded_inputs(self.settings, get_artifact(self.ledger, artifact))
        except (UnknownRecordError, InputsUnusableError) as error:
            return Refused("inputs", str(error))
        keys = zip(*(table.column(name).to_pylist() for name in row_keys), strict=True)
        return LoadedInputs(table, {names.row_key(values): place for place, values in enumerate(keys)})

    def _snapshot(self, product: str, release_id: str, snapshot_id: str) -> PackedSnapshot | Refused:
        loaded = self.release(product, release_id)
        if isinstance(loaded, Refused):
            return loaded
        return find_snapshot(self.settings, self.ledger, loaded.bundle.product, snapshot_id)

    def _published(self, product: str, day: "dt.date", model_version: int) -> PublishedRows:
        return published_rows(self.settings, self.ledger, product, day, model_version)
