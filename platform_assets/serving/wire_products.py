"""What travels as the contract of a product: the answers of GET /v1/products and of one product."""

import datetime as dt

import msgspec

from platform_assets.contract.features import RequestField
from platform_assets.contract.online import Online
from platform_assets.contract.promises import Owner
from platform_assets.contract.score import Score
from platform_assets.contract.versions import EarlierVersion
from platform_assets.serving.health import State


class ReleaseSeen(msgspec.Struct, frozen=True, kw_only=True):
    """The release that answers, with all versions that an answer names."""

    release_id: str
    sequence: int
    model_version: int
    contract_version: int
    feature_version: str
    output_schema_version: int
    bundle_digest: str
    framework: str
    created_at: dt.datetime
    reason: str


class FreshnessSeen(msgspec.Struct, frozen=True, kw_only=True):
    """The online snapshot in force, its age in business time and the declared limit; null where the store gives none.

    `suppressed_actions` are the declared automated actions that must not be done while it is stale. Each answer tells
    the age of its own row, which may be older.
    """

    snapshot_id: str | None
    as_of: dt.datetime | None
    max_age_seconds: float
    age_seconds: float | None = None
    is_stale: bool | None = None
    action_allowed: bool | None = None
    suppressed_actions: tuple[str, ...] = ()


class Contract(msgspec.Struct, frozen=True, kw_only=True):
    """What may be sent, what comes back, what it means, and which earlier versions of it there are until when."""

    title: str
    description: str
    owner: Owner
    score: Score
    earlier_versions: tuple[EarlierVersion, ...] = ()  # an endpoint of before tells of none
    online: Online | None
    row_keys: tuple[str, ...]
    fields: tuple[RequestField, ...]
    stored_features: tuple[str, ...]
    example_request: dict[str, str | list[dict[str, str | float | int | bool]]]


class ProductSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One product as the endpoint serves it; `error` says why the newest release is not the one that answers."""

    product: str
    state: State
    release: ReleaseSeen | None
    contract: Contract | None
    freshness: FreshnessSeen | None
    error: str | None


class Catalogue(msgspec.Struct, frozen=True, kw_only=True):
    """Every product that has a live release, sorted by name."""

    products: list[ProductSeen]
