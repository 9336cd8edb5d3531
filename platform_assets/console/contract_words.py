"""The contract of a product in words: what a score means, who answers for it, which versions and columns there are."""

import datetime as dt
from collections.abc import Mapping

import msgspec

from platform_assets.contract.product import Product
from platform_assets.contract.published_columns import ColumnType, published_columns
from platform_assets.contract.versions import VersionState, state_of


class VersionWords(msgspec.Struct, frozen=True, kw_only=True):
    """One version of the output and where it stands."""

    version: int
    state: VersionState
    deprecated_on: dt.date | None = None
    sunset: dt.date | None = None
    what_changed: str = ""


class ColumnWords(msgspec.Struct, frozen=True, kw_only=True):
    """One column of the published predictions."""

    name: str
    type: str
    is_required: bool
    meaning: str


def contract_words(product: Product) -> dict[str, str]:
    """Return what consumers may rely on, as named facts."""
    score, batch = product.score, product.batch
    labels = ", ".join(score.classes)
    if score.threshold is not None:
        labels = f"{score.threshold.at_or_above} from {score.threshold.value:g} on, else {score.threshold.below}"
    return {
        "meaning": score.meaning,
        "kind": score.kind,
        "valid range": f"{score.low:g} to {score.high:g} {score.unit}",
        **({"label": labels} if labels else {}),
        "intended use": score.intended_use,
        "known limitations": " ".join(score.known_limitations),
        "machines may do": "; ".join(action.description for action in product.actions) or "nothing without a person",
        "owner": f"{product.owner.team} <{product.owner.email}>",
        "refreshed": f"{batch.cadence}, at {batch.cron} UTC",
        "largest age": f"{batch.freshness.max_age_hours:g} h",
        "also served online": "yes" if product.online is not None else "no",
    }


def version_words(product: Product, at: dt.datetime) -> list[VersionWords]:
    """Return the version in force and the earlier ones, newest first, as they stand at a wall time."""
    current = product.score.schema_version
    earlier = [
        VersionWords(
            version=one.version,
            state=state_of(current, product.earlier_versions, one.version, at),
            deprecated_on=one.deprecated_on,
            sunset=one.sunset,
            what_changed=one.what_changed,
        )
        for one in sorted(product.earlier_versions, key=lambda each: -each.version)
    ]
    return [VersionWords(version=current, state="current"), *earlier]


def column_words(product: Product, key_types: Mapping[str, ColumnType]) -> list[ColumnWords]:
    """Return the columns of the published predictions; `key_types` are those of the row keys in the data."""
    return [
        ColumnWords(
            name=one.name,
            type=one.type or key_types.get(one.name, "string"),
            is_required=one.is_required,
            meaning=one.description,
        )
        for one in published_columns(product)
    ]
