"""The contracts of the feature views, as dbt declares them beside each model; products are checked against them."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml

from platform_assets.contract.product import Product
from platform_assets.errors import (
    InvalidProductError,
    OfflineOnlyViewError,
    UnknownFeatureError,
    UnknownFeatureViewError,
    ViewContractError,
)

CONTRACTS = Path("dbt_project/models/features")
EVENT_AT = "event_at"
KNOWN_AT = "known_at"
# Feast's DuckDB join fails on the first two and carries row ids under the third.
_FORBIDDEN, _FORBIDDEN_SUFFIX = frozenset({"rn", "entity_row_id", "row_id", "as_of", "label", KNOWN_AT}), "_y"

# A model sees numbers, and a packed online value holds numbers: instants and truth values count as such, text does not.
_NUMBERS = frozenset({"BIGINT", "INTEGER", "DOUBLE", "FLOAT", "BOOLEAN", "TIMESTAMP"})
_KEY_TYPES = frozenset({"VARCHAR", "TEXT", "BIGINT", "INTEGER"})


class FeatureColumn(msgspec.Struct, frozen=True, kw_only=True):
    """One column of a feature view; `data_type` is DuckDB's."""

    name: str
    data_type: str
    description: str


class FeatureView(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One feature view: its entity, its clocks, its owner and its columns.

    `max_age_hours` is how old a value may be when it is used online; `ttl_days` is how far back a join looks at all.
    `offline_only` is the reason why its values come too late for a request; without one the view is safe online.
    """

    name: str
    description: str
    entity: str
    join_keys: tuple[str, ...]
    event_time: str
    max_age_hours: float
    ttl_days: int
    owner: str
    title: str
    version: int
    columns: tuple[FeatureColumn, ...]
    offline_only: str | None = None

    @property
    def features(self) -> tuple[FeatureColumn, ...]:
        """The columns that are neither join key nor event time, in declared order."""
        return tuple(column for column in self.columns if column.name not in (*self.join_keys, self.event_time))

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the features, in declared order."""
        return tuple(column.name for column in self.features)

    @property
    def ttl(self) -> dt.timedelta:
        """How far back a join looks."""
        return dt.timedelta(days=self.ttl_days)

    def type_of(self, column: str) -> str:
        """Return the DuckDB type of a column, in capitals."""
        return next(item.data_type for item in self.columns if item.name == column).upper()


def load_views(project_root: Path) -> dict[str, FeatureView]:
    """Read every feature view's contract, by name. Raises ViewContractError naming the view and the problem."""
    views: dict[str, FeatureView] = {}
    for path in sorted((project_root / CONTRACTS).glob("*.yml")):
        document = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        for model in document.get("models", ()):
            declared = model.get("config", {}).get("meta", {}).get("feature_view")
            if declared is not None:
                views[model["name"]] = _read_view(model, declared)
    return views


def view_named(views: Mapping[str, FeatureView], name: str) -> FeatureView:
    """Return one view. Raises UnknownFeatureViewError naming those that exist."""
    if name not in views:
        raise UnknownFeatureViewError(view=name, known=", ".join(sorted(views)) or "none")
    return views[name]


def check_product(product: Product, views: Mapping[str, FeatureView]) -> None:
    """Guarantee that every stored feature of a product exists once and that its rows can be looked up.

    What is served may use a view that is offline only as its declared approximation alone. Raises
    UnknownFeatureViewError, UnknownFeatureError, OfflineOnlyViewError or InvalidProductError.
    """
    for use in product.features.views:
        view = view_named(views, use.view)
        _check_columns(product, view, use.columns)
        _check_join_keys(product, view)
        _check_online(product, view)
    _check_names(product)


def _read_view(model: Mapping[str, Any], declared: Mapping[str, Any]) -> FeatureView:
    name = str(model["name"])
    told = {"description": model.get("description", ""), "columns": model.get("columns", ()), **declared, "name": name}
    try:
        view = msgspec.convert(told, FeatureView)
    except msgspec.ValidationError as error:
        raise ViewContractError(view=name, problem=str(error)) from error
    if view.event_time != EVENT_AT:
        raise ViewContractError(view=name, problem=f"its event_time is {view.event_time!r}, not {EVENT_AT!r}")
    if view.offline_only is not None and not view.offline_only.strip():
        raise ViewContractError(view=name, problem="its offline_only gives no reason")
    names = [column.name for column in view.columns]
    for needed in (*view.join_keys, view.event_time):
        if needed not in names:
            raise ViewContractError(view=name, problem=f"column {needed!r} is declared but not among its columns")
    for feature in view.feature_names:
        if feature in _FORBIDDEN or feature.endswith(_FORBIDDEN_SUFFIX):
            raise ViewContractError(view=name, problem=f"the feature name {feature!r} is reserved by the joins")
    _check_types(view)
    return view


def _check_types(view: FeatureView) -> None:
    for column in view.columns:
        allowed = _KEY_TYPES if column.name in view.join_keys else _NUMBERS
        if view.type_of(column.name) not in allowed:
            problem = f"column {column.name!r} is {column.data_type}, not one of {', '.join(sorted(allowed))}"
            raise ViewContractError(view=view.name, problem=problem)


def _check_columns(product: Product, view: FeatureView, columns: tuple[str, ...]) -> None:
    for column in columns:
        if column not in view.feature_names:
            raise UnknownFeatureError(product=product.name, feature=column, known=", ".join(view.feature_names))


def _check_join_keys(product: Product, view: FeatureView) -> None:
    offered = {*product.entity.row_keys, *(f.name for f in product.request), *(f.name for f in product.on_demand)}
    for key in view.join_keys:
        if key not in offered:
            raise InvalidProductError(
                product=product.name,
                where=f"features.views[{view.name}]",
                problem=f"its join key {key!r} comes with no row",
                remedy="Add it to the row keys, the request or the on-demand features.",
            )


def _check_online(product: Product, view: FeatureView) -> None:
    if product.online is None:
        return
    is_approximated = any(declared.view == view.name for declared in product.online.approximations)
    if view.offline_only is not None and not is_approximated:
        raise OfflineOnlyViewError(product=product.name, view=view.name, reason=view.offline_only)
    if view.offline_only is None and is_approximated:
        raise InvalidProductError(
            product=product.name,
            where="online.approximations",
            problem=f"view {view.name!r} is safe online: its snapshot is no approximation",
            remedy="Remove it there, or say offline_only in the contract of the view.",
        )


def _check_names(product: Product) -> None:
    taken = [*product.entity.row_keys, *(field.name for field in product.request)]
    named = [*dict.fromkeys(taken), *product.stored_columns]
    for name in named:
        if named.count(name) > 1:
            raise InvalidProductError(
                product=product.name,
                where="features.views",
                problem=f"column {name!r} appears more than once",
                remedy="Take it from one place only.",
            )
