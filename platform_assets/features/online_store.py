"""The packed online snapshots as a Feast online store: reading through Feast gives what the endpoint reads.

Feast writes one feature view at a time, a snapshot is one service at a time and switched in whole. So writing through
Feast is refused with the asset that publishes; the endpoint itself never comes here.
"""

import datetime as dt
from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any, Literal

import msgspec
import numpy as np
import redis
from feast import FeatureService
from feast.feature_view import FeatureView
from feast.infra.online_stores.online_store import OnlineStore
from feast.online_response import OnlineResponse
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value
from feast.repo_config import FeastConfigBaseModel, RepoConfig
from feast.types import Bool, FeastType, Int64, UnixTimestamp

from platform_assets.clock import from_epoch
from platform_assets.contract.names import feature_service
from platform_assets.errors import DirectWriteRefusedError, SnapshotMissingError
from platform_assets.online.connection import address, connect, store_errors
from platform_assets.online.layout import Manifest, manifest_key
from platform_assets.online.packing import FloatArray, entity_key
from platform_assets.online.reader import read_sync
from platform_assets.online.slots import read_pointer
from platform_assets.products._discovery import discover_products
from platform_assets.settings import Settings

Row = tuple[dt.datetime | None, dict[str, Value] | None]
_asked_service: ContextVar[str | None] = ContextVar("asked_service", default=None)


class PackedOnlineStoreConfig(FeastConfigBaseModel):
    """Where the online store is; left out, where the platform's settings say."""

    type: Literal["platform_assets.features.online_store.PackedOnlineStore"] = (
        "platform_assets.features.online_store.PackedOnlineStore"
    )
    url: str | None = None


class PackedOnlineStore(OnlineStore):
    """Reads the live snapshot of the feature service that was asked for; one request, one entity, one snapshot."""

    _versioned_read_supported = False  # else Feast imports every store that it knows, to compare their types
    _client: redis.Redis | None = None

    def get_online_features(
        self,
        config: RepoConfig,
        features: list[str] | FeatureService,
        *args: Any,  # noqa: ANN401 - the rest of Feast's long signature is passed on as it is
        **kwargs: Any,  # noqa: ANN401 - the same
    ) -> OnlineResponse:
        """Answer as Feast does, from the snapshot of the service that was asked for."""
        token = _asked_service.set(features.name if isinstance(features, FeatureService) else None)
        try:
            return super().get_online_features(config, features, *args, **kwargs)
        finally:
            _asked_service.reset(token)

    def online_read(
        self,
        config: RepoConfig,
        table: FeatureView,
        entity_keys: list[EntityKey],
        requested_features: list[str] | None = None,
    ) -> list[Row]:
        """Return event time and values per entity, (None, None) where the snapshot has none.

        Raises SnapshotMissingError, SnapshotCorruptError or OnlineStoreUnavailableError.
        """
        client = self._connected(config)
        features = requested_features or [field.name for field in table.features]
        service = _asked_service.get() or _service_with(table.name, features)
        manifest = _live_manifest(client, service)
        key_set = next((k for k in manifest.key_sets if table.name in [v.name for v in k.views]), None)
        if key_set is None:
            raise SnapshotMissingError(service=service, problem=f"it does not hold feature view {table.name!r}")
        wanted = [entity_key(_key_values(key, key_set.join_keys)) for key in entity_keys]
        rows = read_sync(client, service, [wanted if k == key_set else [] for k in manifest.key_sets])
        view = [v.name for v in key_set.views].index(table.name)
        columns = [key_set.columns.index(name) for name in features]
        kinds = {field.name: field.dtype for field in table.features}
        return [
            _row(event_at, values[columns], [(name, kinds[name]) for name in features])
            for event_at, values in zip(
                rows.event_times[key_set.number][:, view], rows.values[key_set.number], strict=True
            )
        ]

    def online_write_batch(self, config: RepoConfig, table: FeatureView, data: object, progress: object) -> None:
        """Refuse: rows reach the online store as whole snapshots only. Raises DirectWriteRefusedError."""
        del config, data, progress
        raise DirectWriteRefusedError(view=table.name)

    def update(self, *args: object, **kwargs: object) -> None:
        """Change nothing: applying definitions leaves what is published as it is."""

    def teardown(self, *args: object, **kwargs: object) -> None:
        """Remove nothing: snapshots belong to the platform, not to Feast."""

    def _connected(self, config: RepoConfig) -> redis.Redis:
        if self._client is None:
            self._client = connect(config.online_store.url or Settings.from_environment().online_url)
        return self._client


def _service_with(view: str, features: Sequence[str]) -> str:
    """Return the snapshot of the first online product that has these features of the view."""
    for product in discover_products():
        for use in product.features.views:
            if product.online is not None and use.view == view and set(features) <= set(use.columns):
                return feature_service(product.name, product.features.version)
    problem = f"no online product has {', '.join(features)}; ask for a feature service"
    raise SnapshotMissingError(service=view, problem=problem)


def _live_manifest(client: redis.Redis, service: str) -> Manifest:
    with store_errors(address(client)):
        pointer = read_pointer(client, service)
        raw = client.get(manifest_key(service, pointer.slot)) if pointer else None
    if raw is None:
        raise SnapshotMissingError(service=service, problem="nothing is published")
    return msgspec.json.decode(raw, type=Manifest)  # type: ignore[arg-type]  # the client is synchronous


def _key_values(key: EntityKey, order: Sequence[str]) -> list[object]:
    named = dict(zip(key.join_keys, key.entity_values, strict=True))
    return [getattr(named[name], named[name].WhichOneof("val")) for name in order]


def _row(event_at: float, values: FloatArray, features: Sequence[tuple[str, FeastType]]) -> Row:
    if np.isnan(event_at):
        return None, None
    told = {name: _value(value, kind) for (name, kind), value in zip(features, values.tolist(), strict=True)}
    return from_epoch(event_at), told


def _value(number: float, kind: FeastType) -> Value:
    if np.isnan(number):
        return Value()
    if kind == Int64:
        return Value(int64_val=int(number))
    if kind == UnixTimestamp:
        return Value(unix_timestamp_val=int(number))
    return Value(bool_val=bool(number)) if kind == Bool else Value(double_val=number)
