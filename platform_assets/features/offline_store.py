"""The platform's point-in-time join as a Feast offline store, so that `get_historical_features` stays the way in.

Feast loads this class by its path in `feature_store.yaml`; materialization and monitoring are inherited from Feast's
own DuckDB store, which reads the same history files.
"""

from collections.abc import Sequence

import pandas as pd
import pyarrow as pa
from feast import OnDemandFeatureView
from feast.data_source import DataSource
from feast.feature_view import FeatureView
from feast.infra.offline_stores.duckdb import DuckDBOfflineStore, DuckDBOfflineStoreConfig
from feast.infra.offline_stores.file_source import FileSource
from feast.infra.offline_stores.offline_store import RetrievalJob, RetrievalMetadata
from feast.infra.registry.base_registry import BaseRegistry
from feast.repo_config import RepoConfig
from pydantic import StrictStr

from platform_assets.features.asof_join import ViewJoin, asof_join
from platform_assets.features.history_files import directory_of_glob
from platform_assets.features.view_contracts import EVENT_AT

_FEAST_EVENT_TIME = "event_timestamp"


class AsofOfflineStoreConfig(DuckDBOfflineStoreConfig):
    """Settings of the store: those of Feast's DuckDB store, whose reads it inherits."""

    type: StrictStr = "platform_assets.features.offline_store.AsofOfflineStore"


class AsofOfflineStore(DuckDBOfflineStore):
    """Joins by event time and by when a value became known, always; every entity row is kept, in its order.

    The flag `filter_by_created_timestamp` is accepted and always on: without it late corrections leak.
    """

    @staticmethod
    def get_historical_features(  # type: ignore[override]  # Feast passes the rest by keyword
        config: RepoConfig,
        feature_views: list[FeatureView],
        feature_refs: list[str],
        entity_df: pd.DataFrame | str | None,
        registry: BaseRegistry,
        project: str,
        full_feature_names: bool = False,  # noqa: FBT001, FBT002 - Feast's signature
        **_: object,
    ) -> RetrievalJob:
        """Return the job that joins; `entity_df` is a dataframe with the join keys and `event_at` or event_timestamp.

        Raises TypeError for SQL or a bare time range, NotMaterializedError for a view without history.
        """
        del config
        if not isinstance(entity_df, pd.DataFrame):
            problem = f"AsofOfflineStore joins to a dataframe of entities, not to {type(entity_df)}"
            raise TypeError(problem)
        joins = [_view_join(view, feature_refs, full_feature_names=full_feature_names) for view in feature_views]
        on_demand = OnDemandFeatureView.get_requested_odfvs(feature_refs, project, registry)
        return AsofRetrievalJob(entity_df, joins, on_demand, feature_refs, full_feature_names=full_feature_names)

    def validate_data_source(self, config: RepoConfig, data_source: DataSource) -> None:
        """Accept every source: a view is declared before the first day of its history is built."""


class AsofRetrievalJob(RetrievalJob):
    """One retrieval, joined when it is asked for."""

    def __init__(
        self,
        entities: pd.DataFrame,
        joins: Sequence[ViewJoin],
        on_demand: Sequence[OnDemandFeatureView],
        feature_refs: Sequence[str],
        *,
        full_feature_names: bool,
    ) -> None:
        """Keep what to join."""
        self._entities = pa.Table.from_pandas(entities, preserve_index=False)
        self._joins, self._on_demand, self._refs = joins, list(on_demand), list(feature_refs)
        self._full_feature_names = full_feature_names

    def _to_arrow_internal(self, timeout: int | None = None) -> pa.Table:
        del timeout
        event_at = _FEAST_EVENT_TIME if _FEAST_EVENT_TIME in self._entities.column_names else EVENT_AT
        return asof_join(self._entities, self._joins, event_at=event_at)

    def _to_df_internal(self, timeout: int | None = None) -> pd.DataFrame:
        frame: pd.DataFrame = self._to_arrow_internal(timeout).to_pandas()
        return frame

    @property
    def full_feature_names(self) -> bool:
        """Whether result columns are named `<view>__<feature>`."""
        return self._full_feature_names

    @property
    def on_demand_feature_views(self) -> list[OnDemandFeatureView]:
        """The on-demand views that Feast applies to the result."""
        return self._on_demand

    @property
    def metadata(self) -> RetrievalMetadata:
        """What was asked for."""
        keys = list(self._entities.column_names)
        return RetrievalMetadata(features=self._refs, keys=keys, min_event_timestamp=None, max_event_timestamp=None)


def _view_join(view: FeatureView, feature_refs: Sequence[str], *, full_feature_names: bool) -> ViewJoin:
    source = view.batch_source
    if not isinstance(source, FileSource) or view.ttl is None:
        problem = (
            f"feature view {view.name!r} has source {type(source)} and ttl {view.ttl}; apply the definitions again"
        )
        raise ValueError(problem)
    prefix: str = view.projection.name_to_use()  # type: ignore[no-untyped-call]  # Feast leaves it untyped
    features = [ref.split(":", 1)[1] for ref in feature_refs if ref.startswith(f"{prefix}:")]
    named = {feature: f"{prefix}__{feature}" if full_feature_names else feature for feature in features}
    keys = view.projection.join_key_map or {column.name: column.name for column in view.entity_columns}
    return ViewJoin(
        view=view.name,
        directory=directory_of_glob(source.path),
        join_keys=keys,
        columns=named,
        ttl=view.ttl,
    )
